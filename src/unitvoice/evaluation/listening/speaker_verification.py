"""Speaker verification by WavLM (Chen et al., 2022) in the library transformers, and the choice between encoders."""

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.pretrained import pretrained
from unitvoice.evaluation.listening.speaker_encoder import SpeakerEncoder

__all__ = ["GE2E", "VoiceEncoder", "WavlmSpeaker", "create_voice_encoder"]

GE2E = "ge2e"
FEWEST = RATE  # samples; the pooling needs some frames, so that shorter speech is repeated


class VoiceEncoder(Protocol):
    """What tells voices apart."""

    name: str
    version: str
    weights_hash: str

    def embed(self, wave: Wave) -> NDArray[np.float32]:
        """Embedding, (D,) of norm 1, of (N,) samples at 16 kHz."""
        ...


class WavlmSpeaker:
    """WavLM with x-vectors, trained to tell speakers apart.

    Args:
        model: name on the hub, such as microsoft/wavlm-base-plus-sv, or a folder that transformers saved.

    Raises:
        InputError: transformers is not installed, or there is no such model.
    """

    def __init__(self, model: str) -> None:
        self._prepare, self._network, self.version, self.weights_hash = pretrained(
            model, "AutoFeatureExtractor", "WavLMForXVector", "WavLM for speaker verification"
        )
        self.name = f"WavLM speaker verification, {model}"

    @torch.inference_mode()
    def embed(self, wave: Wave) -> NDArray[np.float32]:
        """Embedding of an utterance as a whole; see :class:`VoiceEncoder`."""
        wave = np.tile(wave, -(-FEWEST // len(wave)))
        inputs: Any = self._prepare(wave, sampling_rate=RATE, return_tensors="pt").input_values
        found: NDArray[np.float32] = F.normalize(self._network(inputs).embeddings[0], dim=0).numpy()
        return found


def create_voice_encoder(name: str) -> VoiceEncoder:
    """What tells voices apart, by the name that a configuration gives it.

    Args:
        name: ge2e, whose weights ship, or wavlm:MODEL.

    Raises:
        InputError: there is no such encoder, or it cannot be used here.
    """
    kind, _, model = name.partition(":")
    if name == GE2E:
        return SpeakerEncoder.load()
    if kind == "wavlm" and model:
        return WavlmSpeaker(model)
    raise InputError(f"there is no speaker encoder {name!r}; there are ge2e and wavlm:MODEL")
