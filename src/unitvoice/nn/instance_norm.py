"""Normalisation over time, which takes out what is constant in an utterance, and its inverse, which puts it in."""

import torch
from torch import Tensor, nn

__all__ = ["AdaptiveNorm", "VoiceAdapter", "instance_norm"]

EPSILON = 1e-5


def instance_norm(x: Tensor) -> Tensor:
    """Zero mean and unit variance over time of each channel of each utterance, (B, C, T); 0 where T is 1.

    >>> instance_norm(torch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return (x - mean) * (variance + EPSILON).rsqrt()


class AdaptiveNorm(nn.Module):
    """Instance normalisation, then mean and scale by a voice (Huang and Belongie, 2017; Chen and Hain, 2020).

    Args:
        channels: of the input.
        voice: values of a voice, E.

    Shape:
        input (B, channels, T) and (B, E); output (B, channels, T).
    """

    def __init__(self, channels: int, voice: int) -> None:
        super().__init__()
        self.statistics = nn.Linear(voice, 2 * channels)

    def forward(self, x: Tensor, voice: Tensor) -> Tensor:
        """Normalise and adapt."""
        mean, scale = self.statistics(voice)[..., None].chunk(2, dim=1)
        return instance_norm(x) * scale + mean


class VoiceAdapter(nn.Module):
    """Two adaptive normalisations with a rectified convolution between them, without which they would be one.

    Args:
        channels: of the input.
        voice: values of a voice, E.

    Shape:
        input (B, channels, T) and (B, E); output (B, channels, T).
    """

    def __init__(self, channels: int, voice: int) -> None:
        super().__init__()
        self.first = AdaptiveNorm(channels, voice)
        self.between = nn.Sequential(nn.Conv1d(channels, channels, 3, padding=1), nn.ReLU())
        self.second = AdaptiveNorm(channels, voice)

    def forward(self, x: Tensor, voice: Tensor) -> Tensor:
        """Give the input a voice."""
        adapted: Tensor = self.second(self.between(self.first(x, voice)), voice)
        return adapted
