"""First weights of convolutions, and weight normalisation, as options of any network."""

from collections.abc import Iterator

from torch import nn
from torch.nn.utils import parametrizations

__all__ = ["kaiming", "weight_normed"]


def kaiming(module: nn.Module) -> None:
    """Draw the weights of all convolutions anew from He's normal distribution (2015): variance 2 / fan-in."""
    for part in _convolutions(module):
        # the weight of a transposed convolution has its inputs first
        inputs_first = isinstance(part, nn.ConvTranspose1d)
        nn.init.kaiming_normal_(part.weight, mode="fan_out" if inputs_first else "fan_in", nonlinearity="relu")


def weight_normed(module: nn.Module) -> None:
    """Part the weights of all convolutions into a length and a direction for each output (Salimans and Kingma, 2016).

    What the network computes stays the same.
    """
    for part in list(_convolutions(module)):
        parametrizations.weight_norm(part, dim=1 if isinstance(part, nn.ConvTranspose1d) else 0)


def _convolutions(module: nn.Module) -> Iterator[nn.Conv1d | nn.ConvTranspose1d]:
    return (part for part in module.modules() if isinstance(part, nn.Conv1d | nn.ConvTranspose1d))
