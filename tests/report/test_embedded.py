"""Pictures and sounds as data URIs."""

import base64
import io

import matplotlib.image
import numpy as np
import pytest
import soundfile

from unitvoice.audio import RATE
from unitvoice.report.embedded import VIRIDIS, gradient, mp3, png, sound, spectrogram


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def decoded(uri: str) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(uri.partition(",")[2])), format="png")


def test_a_png_shows_its_pixels():
    levels = np.array([[0, 1, 1], [1, 0, 1]], np.uint8)
    colours, alpha = np.array([[255, 0, 0], [0, 0, 255]], np.uint8), np.array([0, 255], np.uint8)
    image = matplotlib.image.imread(io.BytesIO(png(levels, colours, alpha)), format="png")
    assert image.shape == (2, 3, 4)
    assert image[0, 1].tolist() == [0, 0, 1, 1]
    assert image[1, 1].tolist() == [1, 0, 0, 0]


def test_a_spectrogram_has_low_tones_at_its_foot():
    opacity = decoded(spectrogram(tone(0.5, 200.0)))[..., 3]
    assert opacity.shape == (80, 51)
    assert opacity[60:].mean() > opacity[:20].mean() + 0.3


def test_silence_and_the_shortest_clip_have_a_spectrogram():
    assert decoded(spectrogram(np.zeros(800, np.float32))).shape[0] == 80


@pytest.mark.parametrize("seconds", [0.05, 1.0])
def test_a_sound_keeps_its_pitch_and_length(seconds):
    wave = tone(seconds)
    heard, rate = soundfile.read(io.BytesIO(mp3(wave)))
    assert rate == RATE
    assert abs(len(heard) - len(wave)) <= 2 * 1152
    assert np.corrcoef(heard[: len(wave)], wave[: len(heard)])[0, 1] > 0.9


def test_equal_samples_give_equal_bytes():
    assert sound(tone(0.3)) == sound(tone(0.3))
    assert spectrogram(tone(0.3)) == spectrogram(tone(0.3))


def test_a_gradient_begins_and_ends_with_its_stops():
    colours = gradient(VIRIDIS, np.array([0.0, 0.5, 1.0]))
    assert colours.tolist() == [VIRIDIS[0].tolist(), VIRIDIS[2].tolist(), VIRIDIS[-1].tolist()]
