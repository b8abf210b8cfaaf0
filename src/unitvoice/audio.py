"""Sound files and samples: the only place that reads or writes audio."""

import io
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from unitvoice.errors import InputError
from unitvoice.files import atomic

__all__ = [
    "RATE",
    "AudioInfo",
    "info",
    "match_loudness",
    "mu_law_decode",
    "mu_law_encode",
    "read",
    "resample",
    "write",
]

RATE = 16_000  # Hz; what the challenge's recordings have and what the pipeline works in

Wave = NDArray[np.float32]
RATES = range(1_000, 1_000_001)  # Hz; beyond lie damaged headers, at whose word resampling would fill the memory
BLOCK = 1 << 22  # samples of all channels that are read at once
MU = 255  # of mu-law companding: 256 levels

SHORTENED = re.compile(r"^(?:data|SSND) *: (\d+) \(should be (\d+)\)", re.MULTILINE)  # in libsndfile's header log
UNKNOWN = 0x7FFF0000  # bytes; a recording from a pipe states this length or more in its header


class AudioInfo(NamedTuple):
    """What a sound file's header says."""

    rate: int  # Hz
    channels: int
    frames: int
    subtype: str  # libsndfile's name, e.g. PCM_16

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


def info(path: Path) -> AudioInfo:
    """The header of a sound file; InputError when it has none that can be read."""
    try:
        found = soundfile.info(os.fsencode(path))
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(path, error) from None
    _check_rate(path, found.samplerate)
    return AudioInfo(found.samplerate, found.channels, found.frames, found.subtype)


def read(path: Path, *, start: float = 0.0, stop: float | None = None, rate: int = RATE) -> Wave:
    """Read a stretch of a recording.

    Args:
        path: any format libsndfile knows (wav, flac, ogg, mp3, ...).
        start: beginning of the stretch, s.
        stop: end of the stretch, s; None for the end of the file.
        rate: sampling rate of the result, Hz; other rates are resampled.

    Returns:
        Samples, (N,) float32 with full scale 1, which floating-point files and resampling may exceed a little;
        several channels are averaged.

    Raises:
        InputError: the file is absent, not audio, cut short, not finite, or has no sample in the stretch.
    """
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            _check_rate(path, file.samplerate)
            first = round(start * file.samplerate)
            last = file.frames if stop is None else min(round(stop * file.samplerate), file.frames)
            file.seek(min(first, file.frames))
            samples = _samples(file, max(last - first, 0))
            found, log = file.samplerate, file.extra_info
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(path, error) from None
    if len(samples) < last - first:
        raise InputError(f"{path} ends after {len(samples)} of {last - first} samples; copy or download it again")
    if (cut := SHORTENED.search(log)) and int(cut[2]) < int(cut[1]) < UNKNOWN:
        raise InputError(f"{path} ends after {cut[2]} of {cut[1]} bytes of sound; copy or download it again")
    if not np.isfinite(samples).all():
        raise InputError(f"{path} has samples that are not finite; make it again or remove it from the corpus")
    wave = resample(samples.mean(axis=1), found, rate)
    if not len(wave):
        end = "its end" if stop is None else f"{stop} s"
        raise InputError(f"{path} has no sample between {start} s and {end}; remove it from the corpus")
    return wave


def _samples(file: soundfile.SoundFile, count: int) -> NDArray[np.float32]:
    """So many samples, or those that there are, (N, channels): a header that promises too much costs no memory."""
    block = max(1, BLOCK // file.channels)
    found = [file.read(min(count, block), dtype="float32", always_2d=True)]
    while len(found[-1]) == block and (left := count - len(found) * block) > 0:
        found.append(file.read(min(left, block), dtype="float32", always_2d=True))
    return found[0] if len(found) == 1 else np.concatenate(found)


def _check_rate(path: Path, rate: int) -> None:
    if rate not in RATES:
        raise InputError(f"{path} has a sampling rate of {rate} Hz, which no recording has; make it again")


def _unreadable(path: Path, error: Exception) -> InputError:
    if not path.exists():
        return InputError(f"{path} does not exist; check the corpus folder")
    return InputError(f"{path} is not a readable sound file ({error}); copy it again or remove it from the corpus")


def resample(wave: Wave, old: int, new: int) -> Wave:
    """Change the sampling rate (soxr, high quality); (N,) -> (N * new / old,), rounded half up."""
    return wave if old == new else soxr.resample(wave, old, new).astype(np.float32)


def write(path: Path, wave: NDArray[np.floating], rate: int = RATE) -> None:
    """Write a mono 16-bit PCM wav file atomically; samples beyond [-1, 1] are clipped.

    Equal samples give equal bytes. InputError when there are no samples or one of them is not finite.
    """
    if wave.ndim != 1 or not len(wave) or not np.isfinite(wave).all():
        raise InputError(f"cannot write {path}: a wav needs one channel of at least one finite sample")
    content = io.BytesIO()  # a full disk is then an OSError, which libsndfile's own error would hide
    soundfile.write(content, np.clip(wave, -1, 1), rate, subtype="PCM_16", format="WAV")
    with atomic(path) as beside:
        beside.write_bytes(content.getvalue())


def match_loudness(wave: Wave, like: Wave, peak: float = 0.99) -> Wave:
    """Scale to the root mean square of another recording, or as near to it as a largest magnitude of ``peak`` allows.

    Silence stays as it is.
    """
    own = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
    if own == 0:
        return wave
    wanted = float(np.sqrt(np.mean(np.square(like, dtype=np.float64)))) / own
    return (wave * min(wanted, peak / float(np.abs(wave).max()))).astype(np.float32)


def mu_law_encode(wave: Wave) -> NDArray[np.uint8]:
    """Compand samples to 256 levels that lie closer together near silence (ITU-T G.711's curve, without its segments).

    Args:
        wave: (N,) samples; those beyond [-1, 1] are clipped.

    Returns:
        (N,) codes; 128 is silence.

    >>> mu_law_encode(np.array([-1.0, -0.01, 0.0, 0.01, 1.0])).tolist()
    [0, 98, 128, 157, 255]
    """
    clipped = np.clip(wave, -1, 1).astype(np.float64)
    companded = np.sign(clipped) * np.log1p(MU * np.abs(clipped)) / np.log1p(MU)
    return np.floor((companded + 1) / 2 * MU + 0.5).astype(np.uint8)


def mu_law_decode(codes: NDArray[np.integer]) -> Wave:
    """The samples that codes stand for, (N,) in 0..255 -> (N,) in [-1, 1]; encoding them gives the codes again.

    >>> [f"{sample:.6f}" for sample in mu_law_decode(np.array([0, 128, 255]))]
    ['-1.000000', '0.000086', '1.000000']
    """
    companded = 2 * np.asarray(codes, np.float64) / MU - 1
    return (np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(MU)) / MU).astype(np.float32)
