"""Changes of a spectrum, or of a wave, that keep what is said."""

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["random_tract", "random_warp", "warp_bands", "warp_tract"]

FFT = 512  # points, with which waves are warped
SMOOTHED = 11  # of its bins, in which there are a few harmonics of a voice
SILENT = 1e-8  # power of a bin


def warp_bands(frames: Tensor, factors: Tensor) -> Tensor:
    """Stretch the mel axis of each utterance, as a longer or shorter vocal tract would.

    Args:
        frames: (B, T, D) log-mel frames.
        factors: (B,); band d of the result is read at d * factor, linearly interpolated, the last band held.

    Returns:
        (B, T, D).

    >>> warp_bands(torch.arange(4.0).expand(1, 1, 4), torch.tensor([0.5]))
    tensor([[[0.0000, 0.5000, 1.0000, 1.5000]]])
    """
    bands = frames.shape[-1]
    place = (torch.arange(bands, device=frames.device) * factors[:, None]).clamp(max=bands - 1)  # (B, D)
    low = place.floor().long()
    share = (place - low)[:, None]
    low = low[:, None].expand_as(frames)
    high = (low + 1).clamp(max=bands - 1)
    return frames.gather(-1, low) * (1 - share) + frames.gather(-1, high) * share


def random_warp(frames: Tensor, largest: float) -> Tensor:
    """Warp each utterance, (B, T, D), by a factor of its own, even between 1 - largest and 1 + largest."""
    return warp_bands(frames, _factors(frames, largest)) if largest else frames


def warp_tract(waves: Tensor, factors: Tensor) -> Tensor:
    """Move the formants of each utterance as a longer or shorter vocal tract would; pitch and time stay.

    In each short-time spectrum, which is smoothed over frequency to be without harmonics, the frequencies are
    stretched; what has changed is the gain of a filter.

    Args:
        waves: (B, N), N more than 256.
        factors: (B,); the result has at each frequency the envelope that was at ``factor`` times it.

    Returns:
        (B, N).
    """
    window = torch.hann_window(FFT, device=waves.device)
    spectra = torch.stft(waves, FFT, FFT // 4, window=window, return_complex=True)  # (B, F, T)
    levels = (spectra.real.square() + spectra.imag.square() + SILENT).log().mT
    envelopes = F.avg_pool1d(levels, SMOOTHED, stride=1, padding=SMOOTHED // 2, count_include_pad=False)
    gains = ((warp_bands(envelopes, factors) - envelopes) / 2).exp().mT
    return torch.istft(spectra * gains, FFT, FFT // 4, window=window, length=waves.shape[-1])


def random_tract(waves: Tensor, largest: float) -> Tensor:
    """Warp each utterance, (B, N), by a factor of its own; see :func:`random_warp`."""
    return warp_tract(waves, _factors(waves, largest)) if largest else waves


def _factors(like: Tensor, largest: float) -> Tensor:
    """(B,) even between 1 - largest and 1 + largest."""
    return (1 + largest * (2 * torch.rand(len(like)) - 1)).to(like)
