"""Target voices for systems that have to hear a voice before they can speak in it."""

from collections.abc import Sequence

import numpy as np
import torch

from unitvoice.errors import InputError, listed
from unitvoice.manifest import Manifest
from unitvoice.store import Store
from unitvoice.systems.base import System
from unitvoice.systems.encoding import check_frames

__all__ = ["hear_targets"]

HEARD = 10  # recordings of a voice


def hear_targets(system: System, manifest: Manifest, targets: Sequence[str], frames: Store | None) -> None:
    """Let a system that has to hear voices hear the target voices, in some of their utterances.

    Args:
        system: is to speak in the voices.
        manifest: has utterances of the voices, in its subset ``voice``.
        targets: the voices.
        frames: store of the kind that the system reads.

    Raises:
        InputError: there is no store, it lacks the recordings or holds another kind, or a voice has no recording; all
            such voices are named.
    """
    if frames is None:
        raise InputError("the model speaks in voices that it hears; give the store of their frames as --references")
    check_frames(system, frames)
    recordings = [one for one in manifest.subset("voice") if one.utterance in frames]
    heard = {target: [one.utterance for one in recordings if one.speaker == target] for target in targets}
    if silent := [target for target, names in heard.items() if not names]:
        raise InputError(f"{frames.folder} has no voice recordings of {listed(silent)}; add some for the model")
    for target, names in heard.items():
        system.hear(target, [torch.tensor(np.asarray(frames[name])) for name in names[:HEARD]])
