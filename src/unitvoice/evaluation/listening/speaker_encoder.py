"""A pretrained speaker encoder, read from an installed package without running anything of that package."""

import importlib.metadata
import importlib.util
import pickle
from pathlib import Path
from typing import Self

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError
from unitvoice.files import sha256

__all__ = ["SpeakerEncoder"]

PACKAGE = "resemblyzer"
FFT, HOP, BANDS, WIDTH = 400, 160, 40, 256
WINDOW = 160  # frames that the encoder was trained on: 1.6 s
QUIET = 10 ** (-30 / 20)  # root mean square, -30 dBFS, to which quieter speech is raised


class SpeakerEncoder(nn.Module):
    """The GE2E speaker encoder (Wan et al., 2018) with the weights that the package resemblyzer carries.

    Three LSTM layers read 40 mel powers per 10 ms; the last state of the last layer, through a linear layer and a
    ReLU, is the embedding of a window of 1.6 s.
    """

    name = "GE2E speaker encoder of resemblyzer"

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, WIDTH, num_layers=3, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.version = ""
        self.weights_hash = ""

    @classmethod
    def load(cls) -> Self:
        """The encoder with its weights; InputError when they are not installed."""
        path = _weights()
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
            encoder = cls()
            encoder.load_state_dict({name: content[name] for name in encoder.state_dict()})
        except (RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
            kind, cure = type(error).__name__, f"pip install --force-reinstall --no-deps {PACKAGE}"
            raise InputError(f"{path} does not hold the weights of the speaker encoder ({kind}); {cure}") from None
        encoder.version = importlib.metadata.version(PACKAGE)
        encoder.weights_hash = sha256(path)
        return encoder.eval()

    @torch.inference_mode()
    def embed(self, wave: Wave) -> NDArray[np.float32]:
        """Embedding of an utterance: the mean over windows that overlap by half.

        Args:
            wave: (N,) samples at 16 kHz; shorter ones than a window are taken as they are.

        Returns:
            (256,) float32 of norm 1.
        """
        frames = _frames(wave)
        length = min(WINDOW, len(frames))
        starts = sorted({*range(0, len(frames) - length, WINDOW // 2), len(frames) - length})
        windows = torch.from_numpy(np.stack([frames[start : start + length] for start in starts]))
        _, (states, _) = self.lstm(windows)
        embeddings = F.normalize(F.relu(self.linear(states[-1])), dim=1)
        return F.normalize(embeddings.mean(dim=0), dim=0).numpy()


def _weights() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # finds the folder and runs nothing of it
    path = Path(spec.origin).with_name("pretrained.pt") if spec and spec.origin else None
    if path is None or not path.is_file():
        cure = f"install them with: pip install --no-deps {PACKAGE}"
        raise InputError(f"the weights of the speaker encoder (package {PACKAGE}) are not installed; {cure}")
    return path


def _frames(wave: Wave) -> NDArray[np.float32]:
    """Mel powers, (1 + N // 160, 40)."""
    loudness = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
    if 0 < loudness < QUIET:
        wave = wave * np.float32(QUIET / loudness)
    wave = np.pad(wave, (0, max(0, FFT - len(wave))))
    mel = librosa.feature.melspectrogram(y=wave, sr=RATE, n_fft=FFT, hop_length=HOP, n_mels=BANDS, pad_mode="constant")
    return np.ascontiguousarray(mel.T, dtype=np.float32)
