"""Sound files: every format, stretches, bad files, and what is written."""

import math
import os

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from unitvoice import audio
from unitvoice.errors import InputError

FORMATS = {
    "u8.wav": ("PCM_U8", 0.008),
    "16.wav": ("PCM_16", 2**-15),
    "24.wav": ("PCM_24", 2**-22),
    "32.wav": ("PCM_32", 2**-24),
    "float.wav": ("FLOAT", 0.0),
    "double.wav": ("DOUBLE", 0.0),
    "lossless.flac": ("PCM_16", 2**-15),
    "lossy.ogg": ("VORBIS", 0.05),
    "lossy.mp3": ("MPEG_LAYER_III", 0.05),
}


def tone(seconds=0.5, rate=16_000, frequency=440.0):
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(samples, seed=0):
    return (0.2 * np.random.default_rng(seed).standard_normal(samples)).clip(-1, 1).astype(np.float32)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_the_same_sound(tmp_path, name):
    subtype, tolerance = FORMATS[name]
    soundfile.write(tmp_path / name, tone(), 16_000, subtype=subtype)
    wave = audio.read(tmp_path / name)
    assert wave.dtype == np.float32
    assert wave.shape == (8000,)
    np.testing.assert_allclose(wave, tone(), atol=tolerance)
    assert audio.info(tmp_path / name) == (16_000, 1, 8000, subtype)
    assert audio.info(tmp_path / name).seconds == 0.5


def test_channels_are_averaged(tmp_path):
    both = np.stack([tone(), -0.5 * tone(), np.zeros(8000, np.float32)], axis=1)
    soundfile.write(tmp_path / "a.wav", both, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(audio.read(tmp_path / "a.wav"), tone() / 6, atol=1e-7)
    assert audio.info(tmp_path / "a.wav").channels == 3


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])
def test_another_rate_keeps_the_pitch_and_the_length(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", tone(0.5, rate), rate, subtype="FLOAT")
    wave = audio.read(tmp_path / "a.wav")
    assert len(wave) == int(len(tone(0.5, rate)) * 16_000 / rate + 0.5)
    middle = slice(500, 7500)  # the filter rings at the ends
    np.testing.assert_allclose(wave[middle], tone()[middle], atol=1e-3)


@given(st.integers(1, 20_000), st.sampled_from([8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]))
def test_resampled_length_is_rounded_half_up(samples, rate):
    assert len(audio.resample(np.zeros(samples, np.float32), rate, 16_000)) == (2 * samples * 16_000 + rate) // (
        2 * rate
    )


@pytest.mark.parametrize("name", ["16.wav", "lossless.flac"])
@pytest.mark.parametrize(("start", "stop"), [(0.0, 0.1), (0.1, None), (0.123, 0.321), (0.4, 9.0), (0.0, 0.0000625)])
def test_a_stretch_is_that_part_of_the_whole(tmp_path, name, start, stop):
    soundfile.write(tmp_path / name, noise(8000), 16_000, subtype="PCM_16")
    whole = audio.read(tmp_path / name)
    expected = whole[round(start * 16_000) : None if stop is None else round(stop * 16_000)]
    np.testing.assert_array_equal(audio.read(tmp_path / name, start=start, stop=stop), expected)


@pytest.mark.parametrize(("start", "stop", "end"), [(1.0, None, "its end"), (0.2, 0.1, "0.1 s"), (0.0, 0.0, "0.0 s")])
def test_a_stretch_without_samples_is_told(tmp_path, start, stop, end):
    audio.write(tmp_path / "a.wav", tone())
    with pytest.raises(InputError, match=rf"a\.wav has no sample between {start} s and {end};"):
        audio.read(tmp_path / "a.wav", start=start, stop=stop)


def test_a_recording_too_short_for_the_rate_has_no_sample(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone()[:1], 48_000)
    with pytest.raises(InputError, match="has no sample"):
        audio.read(tmp_path / "a.wav")


def test_a_header_without_samples_is_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone()[:0], 16_000)
    with pytest.raises(InputError, match=r"has no sample between 0.0 s and its end"):
        audio.read(tmp_path / "a.wav")


@pytest.mark.parametrize("read", [audio.read, audio.info])
@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all\n" * 100, bytes(5000)])
def test_what_is_no_sound_is_told(tmp_path, read, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.wav is not a readable sound file"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize("read", [audio.read, audio.info])
def test_an_absent_file_and_a_folder_are_told(tmp_path, read):
    with pytest.raises(InputError, match=r"absent\.wav does not exist"):
        read(tmp_path / "absent.wav")
    with pytest.raises(InputError, match="is not a readable sound file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "share"),
    [(name, share) for name in FORMATS for share in (0.5, 0.9) if name != "lossy.ogg" or share < 0.9],
)
def test_a_recording_that_was_cut_is_refused(tmp_path, name, share):  # an ogg says nowhere how long it should be
    soundfile.write(tmp_path / name, noise(16_000), 16_000, subtype=FORMATS[name][0])
    size = (tmp_path / name).stat().st_size
    os.truncate(tmp_path / name, int(share * size))
    with pytest.raises(InputError, match=rf"{name} (ends after|is not a readable|has no sample)"):
        audio.read(tmp_path / name)


@pytest.mark.parametrize("stated", [0xFFFFFFFF, 0x7FFFF000])
def test_a_recording_from_a_pipe_which_states_no_length_is_read(tmp_path, stated):
    audio.write(tmp_path / "a.wav", tone())
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = stated.to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(content)
    assert len(audio.read(tmp_path / "a.wav")) == 8000


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path, value):
    wave = tone()
    wave[7] = value
    soundfile.write(tmp_path / "a.wav", wave, 16_000, subtype="FLOAT")
    with pytest.raises(InputError, match="not finite"):
        audio.read(tmp_path / "a.wav")


def test_what_is_written_is_read_back_to_the_bit(tmp_path):
    wave = np.random.default_rng(0).integers(-(2**15), 2**15, 5000).astype(np.float32) / 2**15
    audio.write(tmp_path / "a.wav", wave)
    np.testing.assert_array_equal(audio.read(tmp_path / "a.wav"), wave)
    assert audio.info(tmp_path / "a.wav") == (16_000, 1, 5000, "PCM_16")


def test_samples_beyond_full_scale_are_clipped_and_do_not_wrap_around(tmp_path):
    audio.write(tmp_path / "a.wav", np.array([5.0, 1.0, -1.0, -5.0, 1e30]))
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / "a.wav", dtype="int16")[0], [32767, 32767, -32768, -32768, 32767]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_samples_give_equal_bytes(tmp_path, dtype):
    for name in ("a.wav", "b.wav"):
        audio.write(tmp_path / name, noise(1000).astype(dtype))
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert (tmp_path / "a.wav").stat().st_size == 44 + 2 * 1000


@pytest.mark.parametrize("wave", [[], [[0.0, 0.0]], [np.nan], [0.0, np.inf]])
def test_what_is_no_wave_is_not_written(tmp_path, wave):
    with pytest.raises(InputError, match=r"cannot write .*a\.wav"):
        audio.write(tmp_path / "a.wav", np.array(wave))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_the_system_and_leaves_nothing(tmp_path, disk_with_room_for):
    with disk_with_room_for(100_000), pytest.raises(OSError, match="File too large"):
        audio.write(tmp_path / "a.wav", noise(100_000))
    assert list(tmp_path.iterdir()) == []


@given(st.floats(1e-3, 0.9), st.floats(1e-3, 0.3))
def test_loudness_is_that_of_the_other(own, other):
    wave = own * np.sin(np.arange(1600, dtype=np.float32) / 5).astype(np.float32)
    like = other * np.sign(np.sin(np.arange(900, dtype=np.float32))).astype(np.float32)
    matched = audio.match_loudness(wave, like)
    assert matched.dtype == np.float32
    assert np.sqrt(np.mean(matched**2)) == pytest.approx(np.sqrt(np.mean(like**2)), rel=1e-4)


def test_loudness_stops_at_the_peak():
    wave = np.zeros(1000, np.float32)
    wave[3] = -0.1
    matched = audio.match_loudness(wave, tone(), peak=0.8)
    assert np.abs(matched).max() == pytest.approx(0.8)


def test_silence_stays_silence_and_the_loudness_of_silence_is_silence():
    silence = np.zeros(100, np.float32)
    np.testing.assert_array_equal(audio.match_loudness(silence, tone()), silence)
    np.testing.assert_array_equal(audio.match_loudness(tone(), silence), np.zeros(8000))


def companded(sample):
    """Mu-law from its definition, for one sample in full precision."""
    value = math.copysign(math.log(1 + 255 * abs(sample)) / math.log(256), sample)
    return math.floor((value + 1) / 2 * 255 + 0.5)


@given(st.floats(-1, 1))
def test_mu_law_codes_are_those_of_its_definition(sample):
    assert audio.mu_law_encode(np.array([sample])).tolist() == [companded(sample)]


def test_silence_and_full_scale_have_their_codes_and_nothing_wraps_around():
    codes = audio.mu_law_encode(np.array([0.0, -0.0, 1.0, -1.0, 7.0, -7.0], np.float32))
    assert codes.dtype == np.uint8
    assert codes.tolist() == [128, 128, 255, 0, 255, 0]


def test_every_mu_law_code_stands_for_a_sample_that_is_encoded_as_that_code():
    codes = np.arange(256)
    samples = audio.mu_law_decode(codes.astype(np.uint8))
    assert samples.dtype == np.float32
    assert (np.diff(samples) > 0).all()
    assert samples[128] == pytest.approx(8.6e-5, rel=1e-2)
    np.testing.assert_array_equal(audio.mu_law_encode(samples), codes)


def test_mu_law_is_finer_near_silence():
    wave = np.linspace(-1, 1, 100_001)
    error = np.abs(audio.mu_law_decode(audio.mu_law_encode(wave)) - wave)
    assert error.max() < 0.0217
    assert error[np.abs(wave) < 0.01].max() < 0.00031
    assert np.sqrt(np.mean(error**2)) == pytest.approx(0.0073, rel=0.02)
