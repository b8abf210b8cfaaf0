"""Convolutions from frames to units, after Chorowski et al. (2019) as Chen and Hain (2020) built them."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.nn.instance_norm import instance_norm

__all__ = ["ContentEncoder", "Padding"]

Padding = Literal["reflect", "zeros"]

# kernel, stride and whether the input is added to the output, before the layers that see one unit each
LAYERS = {
    2: [(3, 1, False), (3, 1, True), (4, 2, False), (3, 1, True)],
    4: [(3, 1, False), (3, 1, True), (4, 2, False), (4, 2, False), (3, 1, True), (3, 1, True)],
}
LAST = 4  # layers that see one unit each


class ContentEncoder(nn.Module):
    """Rectified convolutions, some residual, that lower the rate of frames by 2 or 4.

    Unit j stands amid its own frames, where an even kernel reads one frame before them and one after; the original
    reads two and none.

    Args:
        inputs: values per frame.
        channels: of all layers.
        outputs: values per unit.
        stride: frames per unit, 2 or 4.
        normalised: whether what is constant over time is taken out after each second layer.
        weighted: whether the last four layers have weights; the original's lost theirs, which leaves x + relu(x).
        kernel: of the convolutions that lower the rate, 4 or 5.
        padding: what stands beyond the ends: the frames in reverse order (where there are too few, the last), or 0.

    Shape:
        input (B, inputs, T); output (B, outputs, T / stride), rounded up.

    >>> import torch
    >>> ContentEncoder(39, 8, 4, stride=4)(torch.zeros(1, 39, 33)).shape
    torch.Size([1, 4, 9])
    """

    def __init__(
        self,
        inputs: int,
        channels: int,
        outputs: int,
        *,
        stride: int,
        normalised: bool = False,
        weighted: bool = True,
        kernel: int = 4,
        padding: Padding = "reflect",
    ) -> None:
        super().__init__()
        self.normalised, self.padding = normalised, padding
        sizes = [(size if step == 1 else kernel, step, added) for size, step, added in LAYERS[stride]]
        self.added = [added for _, _, added in sizes] + LAST * [True]
        self.layers = nn.ModuleList(
            nn.Conv1d(channels if number else inputs, channels, size, step)
            for number, (size, step, _) in enumerate(sizes)
        )
        self.layers.extend(nn.Conv1d(channels, channels, 1) if weighted else nn.Identity() for _ in range(LAST))
        self.last = nn.Conv1d(channels, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        for number, (layer, added) in enumerate(zip(self.layers, self.added, strict=True), 1):
            y = F.relu(layer(self._padded(x, layer)))
            x = x + y if added else y
            if self.normalised and number % 2 == 0:
                x = instance_norm(x)
        encoded: Tensor = self.last(x)
        return encoded

    def _padded(self, x: Tensor, layer: nn.Module) -> Tensor:
        """Enough on both sides for as many results as inputs, divided by the stride and rounded up."""
        taps = layer.kernel_size[0] if isinstance(layer, nn.Conv1d) else 1
        if taps == 1:
            return x
        sides = ((taps - 1) // 2, taps // 2)
        if self.padding == "zeros":
            return F.pad(x, sides)
        return F.pad(x, sides, mode="reflect" if x.shape[-1] > max(sides) else "replicate")
