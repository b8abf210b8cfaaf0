"""Speech from the espeak-ng library, in process, with exact phone times.

The library is that of the optional package espeakng-loader (GPL-3.0-or-later, never part of this package).

Its oscillators keep their state from one sentence to the next and cannot be reset, so equal sound needs a fresh
process in which the same sentences are said in the same order.
"""

import contextlib
import ctypes
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitvoice.audio import RATE, resample
from unitvoice.corpora.grammar import Word
from unitvoice.corpora.speakers import Segment, Speaker, Spoken
from unitvoice.errors import InputError

__all__ = ["Espeak"]

VOICES = {"english": "lang/gmw/en-US", "surprise": "lang/poz/id"}  # below espeak's data folder
ALLOPHONES = {"@2": "@", "a#": "@", "3": "@", "t2": "t", "t#": "t", "I2": "I", "I#": "I", "O@": "O"}
MARKS = "',%=|"  # stress and length of syllables, which are no part of a phone's name
STOPS = frozenset("pbtdkg")
CLOSURE = 0.08  # s; the longest silence before a burst that is given to the stop
QUIET = 10 ** (-25 / 20)  # amplitude in a closure relative to the loudest of the sentence
PACE = {"english": 165, "surprise": 140}  # words per minute; syllables without codas come faster

# Of speak_lib.h
SYNCHRONOUS = 2
PHONEME_EVENTS_AND_DONT_EXIT = 0x8001
RATE_PARAMETER = 1
UTF8 = 1
LAST_EVENT, PHONEME_EVENT = 0, 7


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h; its last member is a union with a pointer, hence the integer."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("label", ctypes.c_uint64),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Espeak:
    """The synthesiser of one language; there can be only one in a process.

    Args:
        language: one of ``grammar.LANGUAGES``.
        folder: where it may write the voice file of each sentence.

    Raises:
        InputError: the package espeakng-loader is not installed, or its library does not work here.
    """

    def __init__(self, language: str, folder: Path) -> None:
        self._library, data = _load()
        self._rate = _checked(
            self._library.espeak_Initialize(SYNCHRONOUS, 0, str(data).encode(), PHONEME_EVENTS_AND_DONT_EXIT)
        )
        self._language = (data / VOICES[language]).read_text(encoding="utf-8")
        self._pace = PACE[language]
        self._folder = folder
        self._sound: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, str]] = []
        self._callback = _Callback(self._receive)  # kept: the library holds only a pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, speaker: Speaker, words: Sequence[Word]) -> Spoken:
        """One sentence in one voice; see :class:`unitvoice.corpora.speakers.Synthesiser`."""
        self._set_voice(speaker)
        self._sound.clear()
        self._events.clear()
        text = " ".join(word.text for word in words).encode()
        _checked(self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None))
        wave = np.concatenate(self._sound).astype(np.float32) / np.float32(2**15)
        segments = _with_closures(wave, self._rate, list(_segments(self._events, self._rate)))
        return Spoken(resample(wave, self._rate, RATE), tuple(segments))

    def _set_voice(self, speaker: Speaker) -> None:
        # the library copies the path into 60 bytes and lower-cases it: a short relative name it must be
        (self._folder / "voice").write_text(self._language + _voice_lines(speaker), encoding="utf-8")
        with contextlib.chdir(self._folder):
            _checked(self._library.espeak_ng_SetVoiceByFile(b"voice"))
        self._library.espeak_SetParameter(RATE_PARAMETER, round(self._pace * speaker.tempo), 0)

    def _receive(self, samples: Any, count: int, events: Any) -> int:  # noqa: ANN401 - pointers of ctypes
        if samples and count:
            self._sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        position = 0
        while (event := events[position]).type != LAST_EVENT:
            if event.type == PHONEME_EVENT:
                label = event.label.to_bytes(8, "little").split(b"\0")[0].decode()
                self._events.append((event.sample, label))
            position += 1
        return 0


def _load() -> tuple[Any, Path]:
    try:
        import espeakng_loader  # noqa: PLC0415 - optional: only the demo corpus needs it

        return ctypes.CDLL(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    except (ImportError, OSError) as error:
        raise InputError(
            f"espeak-ng cannot be used here ({error}); "
            "install unitvoice[demo], or choose the synthesiser 'formants', which needs nothing"
        ) from None


def _checked(status: int) -> int:
    if status < 0 or status >= 0x10000000:  # noqa: PLR2004 - where espeak's error codes begin
        raise InputError(f"espeak-ng failed with status {status:#x}; reinstall espeakng-loader, or use 'formants'")
    return status


def _voice_lines(speaker: Speaker) -> str:
    """The lines of a voice file that make a speaker; see espeak-ng's docs/voices.md."""
    low, high = round(speaker.pitch * 0.88), round(speaker.pitch * 1.2)
    lines = [
        f"pitch {low} {high}",
        f"flutter {round(2 + 4 * speaker.breath)}",
        f"roughness {round(3 * speaker.breath)}",
    ]
    lines += [f"formant {i} {round(100 * factor)} 100 100" for i, factor in enumerate(speaker.formants)]
    if speaker.source:
        lines.append(f"klatt {speaker.source}")
    return "\n" + "\n".join(lines) + "\n"


def _segments(events: Sequence[tuple[int, str]], rate: int) -> Iterator[Segment]:
    for (start, label), (stop, _) in itertools.pairwise(events):
        phone = label.strip(MARKS)
        if phone and not phone.startswith("_") and stop > start:
            yield Segment(start / rate, stop / rate, ALLOPHONES.get(phone, phone))


def _with_closures(wave: NDArray[np.float32], rate: int, segments: list[Segment]) -> list[Segment]:
    """Move the start of each stop, which espeak sets at its burst, back over the silence of its closure."""
    quiet = np.abs(wave) < QUIET * np.abs(wave).max()
    moved = list(segments)
    for i, segment in enumerate(segments):
        if segment.phone not in STOPS:
            continue
        earliest = max(segment.start - CLOSURE, (moved[i - 1].start + 0.02) if i else 0.0)
        first, last = round(earliest * rate), round(segment.start * rate)
        loud = np.flatnonzero(~quiet[first:last])
        start = (first + int(loud[-1]) + 1) / rate if len(loud) else earliest
        moved[i] = segment._replace(start=min(start, segment.start))
        if i and moved[i - 1].stop > moved[i].start:
            moved[i - 1] = moved[i - 1]._replace(stop=moved[i].start)
    return moved
