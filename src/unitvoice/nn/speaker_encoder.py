"""One vector for an utterance: a voice, or what can be told of the speaker."""

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["SpeakerEncoder"]


class SpeakerEncoder(nn.Module):
    """Three rectified convolutions, their mean over time, and two linear maps (Chen and Hain, 2020).

    Args:
        inputs: values per frame.
        outputs: values of the result.
        channels: of all layers.

    Shape:
        input (B, inputs, T); output (B, outputs).
    """

    def __init__(self, inputs: int, outputs: int, channels: int = 256) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv1d(inputs, channels, 1),
                nn.Conv1d(channels, channels, 3, stride=2, padding=1),
                nn.Conv1d(channels, channels, 3, stride=2, padding=1),
            ]
        )
        self.last = nn.Sequential(nn.Linear(channels, channels), nn.Linear(channels, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        for layer in self.layers:
            x = F.relu(layer(x))
        encoded: Tensor = self.last(x.mean(dim=-1))
        return encoded
