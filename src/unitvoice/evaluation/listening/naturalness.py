"""DNSMOS: networks that learned what listeners say of the quality of noisy speech (Reddy et al., 2022)."""

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.judge import Figure, Heard, Judge, hash_of_files, optional

__all__ = ["Dnsmos"]

PACKAGE = "speechmos"  # whose wheel carries the weights; nothing of it is run
OVERALL, P808 = "sig_bak_ovr.onnx", "model_v8.onnx"
WINDOW = round(9.01 * RATE)  # samples that the networks look at
STEP = RATE
OVERALL_PLACE = 2  # after signal and background
CALIBRATION = (-0.06766283, 1.11546468, 0.04602535)  # of the overall output: a x^2 + b x + c
FFT, HOP, BANDS = 321, 160, 120
RANGE = 40.0  # dB, which become 1


class Dnsmos(Judge):
    """Overall quality (P.835) and quality (P.808) of windows of 9.01 s, which shorter speech is repeated to fill.

    Their level depends on the recordings: compare with what the judge says of the sources.
    """

    figures = (
        Figure("dnsmos_ovrl", "1 to 5", "higher", "overall quality, as a network guesses that P.835 raters would say"),
        Figure("dnsmos_p808", "1 to 5", "higher", "quality, as a network guesses that P.808 raters would say"),
    )
    name = "DNSMOS of speechmos"

    def __init__(self) -> None:
        runtime = optional("onnxruntime", "listening")
        folder = _weights()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._overall, self._p808 = (
            runtime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            for name in (OVERALL, P808)
        )
        self.version = importlib.metadata.version(PACKAGE)
        self.weights = hash_of_files(folder / name for name in (OVERALL, P808))

    def score(self, heard: Heard) -> dict[str, float]:
        """Means over windows that start a second apart."""
        wave = np.clip(heard.wave, -1, 1)
        wave = np.tile(wave, -(-WINDOW // len(wave))) if len(wave) < WINDOW else wave
        windows = [wave[start : start + WINDOW] for start in range(0, len(wave) - WINDOW + 1, STEP)]
        scores = np.array([(self._judge_overall(window), self._judge_p808(window)) for window in windows])
        return dict(zip((figure.name for figure in self.figures), scores.mean(axis=0).tolist(), strict=True))

    def _judge_overall(self, window: Wave) -> float:
        outputs = _run(self._overall, window[None])
        return float(np.polyval(CALIBRATION, outputs[0, OVERALL_PLACE]))

    def _judge_p808(self, window: Wave) -> float:
        powers = librosa.feature.melspectrogram(y=window[:-HOP], sr=RATE, n_fft=FFT, hop_length=HOP, n_mels=BANDS)
        frames = (librosa.power_to_db(powers, ref=np.max) + RANGE) / RANGE
        return float(_run(self._p808, frames.T[None])[0, 0])


def _run(session: Any, values: NDArray[np.floating]) -> NDArray[np.float32]:  # noqa: ANN401 - a library without types
    (put,) = session.get_inputs()
    found: NDArray[np.float32] = session.run(None, {put.name: values.astype(np.float32)})[0]
    return found


def _weights() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # finds the folder and runs nothing of it
    folder = Path(spec.origin).with_name("dnsmos_models") if spec and spec.origin else None
    if folder is None or not all((folder / name).is_file() for name in (OVERALL, P808)):
        raise InputError(
            f"the weights of DNSMOS (package {PACKAGE}) are not installed; pip install 'unitvoice[listening]', or "
            "leave dnsmos out of the judges"
        )
    return folder
