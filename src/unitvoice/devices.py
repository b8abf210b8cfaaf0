"""Where a process computes."""

import os
from typing import TYPE_CHECKING, Literal

from unitvoice.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["Device", "find_device"]

Device = Literal["auto", "cpu", "cuda"]


def find_device(wanted: Device) -> "torch.device":
    """The device of this process; ``auto`` takes a GPU where there is one. InputError when there is no such GPU."""
    import torch  # noqa: PLC0415 - it takes seconds, and commands without a network have an option of this kind too

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    number = int(os.environ.get("LOCAL_RANK", "0"))
    if number >= torch.cuda.device_count():
        raise InputError(
            f"process {number} of this machine has no GPU (there are {torch.cuda.device_count()}); choose device cpu, "
            "or start fewer processes"
        )
    return torch.device("cuda", number)
