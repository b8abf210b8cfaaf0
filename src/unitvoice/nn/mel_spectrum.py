"""Log-mel frames with a gradient, to compare what a network speaks with what was recorded."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["MelSpectrum"]


class MelSpectrum(nn.Module):
    """Logarithm of mel magnitudes; frame i stands amid the samples from i * hop to (i + 1) * hop.

    Args:
        filters: (bands, 1 + fft // 2), of the mel bands.
        hop: samples per frame.
        power: added to the power of each frequency, so that silence has a gradient.
        floor: smallest mel magnitude.
        natural: whether the logarithm is the natural one, or that of base 10.

    Shape:
        input (B, N), N more than (fft - hop) / 2; output (B, N // hop, bands).

    >>> MelSpectrum(torch.ones(2, 9), hop=4)(torch.zeros(1, 16)).shape
    torch.Size([1, 4, 2])
    """

    filters: Tensor
    window: Tensor

    def __init__(
        self, filters: Tensor, hop: int, *, power: float = 1e-8, floor: float = 1e-5, natural: bool = False
    ) -> None:
        super().__init__()
        self.logarithm = torch.log if natural else torch.log10
        self.hop, self.power, self.floor = hop, power, floor
        self.fft = 2 * (filters.shape[1] - 1)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(self.fft), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Frames of waves; in single precision, also where autocast is on."""
        with torch.autocast(wave.device.type, enabled=False):
            edge = (self.fft - self.hop) // 2
            whole = F.pad(wave.float()[:, None], (edge, edge), mode="reflect")[:, 0]
            found = torch.stft(whole, self.fft, self.hop, window=self.window, center=False, return_complex=True)
            magnitudes = (torch.view_as_real(found).square().sum(dim=-1) + self.power).sqrt()
            frames: Tensor = self.logarithm((self.filters @ magnitudes).clamp(min=self.floor)).mT
        return frames
