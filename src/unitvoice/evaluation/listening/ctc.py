"""Recognition of characters by the networks of torchaudio that were trained with CTC, such as wav2vec 2.0."""

from itertools import groupby
from pathlib import Path

import torch
import torchaudio
from torch.nn import functional as F

from unitvoice.audio import Wave
from unitvoice.errors import InputError, listed
from unitvoice.evaluation.listening.judge import Figure, Heard
from unitvoice.evaluation.listening.recogniser import Recogniser, error_percent, plain
from unitvoice.features.ssl_weights import bundles, fingerprint, read_bundle

__all__ = ["Ctc"]

BLANK, BETWEEN_WORDS = 0, "|"
SHORTEST = 400  # samples that the convolutions need


class Ctc(Recogniser):
    """The likeliest label of each frame, repeats and blanks left out.

    Args:
        model: name of a network of ``torchaudio.pipelines`` that has labels, e.g. WAV2VEC2_ASR_BASE_960H.
        path: file of its weights; None for those that torchaudio downloads and keeps.

    Raises:
        InputError: there is no such network, it has no labels, or its weights cannot be had.
    """

    figures = (
        Figure(
            "ctc_character_errors", "%", "lower", "characters against the transcript, or those heard in the source"
        ),
    )

    def __init__(self, model: str, path: Path | None = None) -> None:
        super().__init__()
        recognisers = {name for name, one in bundles().items() if hasattr(one, "get_labels")}
        if model not in recognisers:
            raise InputError(f"torchaudio has no recogniser {model!r}; it has {listed(sorted(recognisers), 20)}")
        bundle = bundles()[model]
        self._network = read_bundle(model, path).eval()
        self._labels: tuple[str, ...] = bundle.get_labels()
        self._normalises = bool(bundle._normalize_waveform)  # noqa: SLF001 - told nowhere else
        self.name = f"{model} of torchaudio"
        self.version = torchaudio.__version__
        self.weights = fingerprint(self._network)

    @torch.inference_mode()
    def transcribe(self, wave: Wave) -> str:
        """What is said, in small letters."""
        samples = torch.from_numpy(wave)[None]
        samples = F.pad(samples, (0, max(0, SHORTEST - samples.shape[1])))
        if self._normalises:
            samples = F.layer_norm(samples, samples.shape)
        emissions, _ = self._network(samples)
        labels = [label for label, _ in groupby(emissions[0].argmax(dim=-1).tolist()) if label != BLANK]
        return plain("".join(self._labels[label] for label in labels).replace(BETWEEN_WORDS, " "))

    def score(self, heard: Heard) -> dict[str, float]:
        """Character errors; none where nothing was to be heard."""
        expected = self.expected(heard)
        if not expected:
            return {}
        return {"ctc_character_errors": error_percent(expected, self.transcribe(heard.wave), characters=True)}
