"""What an interrupted conversion keeps is whole, or made again."""

import numpy as np
import pytest

from unitvoice import audio
from unitvoice.conversion.kept import LEDGER, kept
from unitvoice.errors import InputError

TONE = np.full(100, 0.1, np.float32)


def interrupt(work, act):
    """A conversion that is interrupted after something was done with its wavs."""
    with kept(work, work.parent / "out") as place:
        act(place)
        raise KeyboardInterrupt


@pytest.fixture
def interrupted(tmp_path):
    """The working folder of a conversion that was interrupted after two wavs."""
    with pytest.raises(KeyboardInterrupt):
        interrupt(tmp_path / "work", lambda place: [place.write(name, TONE) for name in "ab"])
    return tmp_path / "work"


def whole(work):
    found = set()
    with pytest.raises(KeyboardInterrupt):
        interrupt(work, lambda place: found.update(place.whole()))
    return found


def test_what_was_done_is_known(interrupted):
    assert whole(interrupted) == {"a", "b"}


def test_a_wav_that_was_changed_cut_or_deleted_is_not_taken(interrupted):
    content = (interrupted / "a.wav").read_bytes()
    (interrupted / "a.wav").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert whole(interrupted) == {"b"}
    (interrupted / "b.wav").write_bytes(b"")
    assert whole(interrupted) == set()
    (interrupted / "b.wav").unlink()
    assert whole(interrupted) == set()


def test_a_wav_that_was_not_noted_is_not_taken(interrupted):
    audio.write(interrupted / "c.wav", TONE)
    (interrupted / LEDGER).write_text((interrupted / LEDGER).read_text()[:-1] + "\n1234")
    assert whole(interrupted) == {"a", "b"}


def test_at_the_end_there_are_the_wavs_alone(interrupted):
    with kept(interrupted, interrupted.parent / "out") as place:
        place.write("c", TONE)
        place.finish(["a", "b", "c"])
    assert sorted(path.name for path in (interrupted.parent / "out").iterdir()) == ["a.wav", "b.wav", "c.wav"]
    assert not interrupted.exists()


def test_wavs_that_another_process_took_are_missed_by_name(interrupted):
    (interrupted / "a.wav").unlink()
    with pytest.raises(InputError, match="has lost a to another process"):
        interrupt(interrupted, lambda place: place.finish(["a", "b"]))
