"""Many utterances through a system, one by one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from unitvoice.errors import InputError, listed
from unitvoice.features.contours import Contours, WithContours
from unitvoice.features.normalise import mean_frames
from unitvoice.manifest import Utterance
from unitvoice.store import Store
from unitvoice.systems.base import System, Units

__all__ = ["as_read", "check_frames", "check_units", "encoded"]


def check_frames(system: System, frames: Store, kind: str | None = None) -> None:
    """InputError when a store does not hold the frames that a system was trained on, of its input or another kind."""
    kind = kind or system.input
    if frames.meta["kind"] != kind:
        raise InputError(f"{frames.folder} holds {frames.meta['kind']} but the model reads {kind}")
    trained_on = system.trained_on.get(kind, frames.meta)
    if trained_on["parameters"] != frames.meta["parameters"]:
        raise InputError(f"{frames.folder} was computed in another way than the model was trained on; make it again")


def check_units(system: System) -> None:
    """InputError when a system has no units."""
    if not system.has_units:
        raise InputError("the model only makes sound and has no units; give another (this may be a vocoder)")


def as_read(system: System, frames: Store, f0: Store | None, utterances: Sequence[Utterance]) -> Store:
    """Frames as a system encodes them: with the contours of F0 beside them, where it reads pitch.

    Args:
        system: that is to encode.
        frames: of the kind ``input``.
        f0: of the kind ``pitch``, where there is one.
        utterances: all of the corpus, as the F0 of a speaker is compared with that of the others by the speaker.

    Raises:
        InputError: the store of F0 is missing, of another kind, or lacks voiced speech.
    """
    if system.pitch is None:
        return frames
    if f0 is None:
        raise InputError(f"the model reads {system.pitch} beside {system.input}; give the store of it as --pitch")
    check_frames(system, f0, system.pitch)
    return WithContours(frames, Contours(f0, utterances))


def encoded(
    system: System, utterances: Sequence[Utterance], frames: Mapping[str, NDArray[Any]]
) -> Iterator[tuple[str, Units]]:
    """The units of utterances by name, on the CPU, in the given order.

    Args:
        system: in evaluation mode.
        utterances: whose units are wanted; a speaker's mean frame is over the speaker's utterances among these.
        frames: utterance -> (T, D), of the kind that the system reads; a store serves.

    Raises:
        InputError: the system has no units, or utterances are too short for it.
    """
    check_units(system)
    if short := [one.utterance for one in utterances if len(frames[one.utterance]) < system.shortest]:
        raise InputError(
            f"these utterances are shorter than the {system.shortest} frames that the system needs: {listed(short)}; "
            "leave them out of the manifest"
        )
    device = next(system.parameters()).device
    means = mean_frames(frames, utterances, system.prior)
    for name in (utterance.utterance for utterance in utterances):
        units = system.encode(torch.tensor(frames[name]).to(device), torch.from_numpy(means[name]).to(device))
        yield name, Units(*(part.cpu() for part in units))
