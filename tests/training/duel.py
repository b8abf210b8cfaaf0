"""A small adversarial system: a generator with a learned codebook and a critic, each with an optimiser of its own."""

import torch
from torch import nn

from unitvoice.nn.normalisation import BatchNorm1d
from unitvoice.nn.vq import GradientQuantiser
from unitvoice.systems.base import Batch, System
from unitvoice.systems.recipe import StageSettings

SETTINGS = StageSettings(steps=10, batch=4, crop=0.08, learning_rate=0.01)


class Duel(System):
    """Frames of three values, quantised, normalised and judged."""

    input = "noise"

    def __init__(self):
        super().__init__(["A"])
        self.quantiser = GradientQuantiser(4, 3, revive_below=1.0)
        self.norm = BatchNorm1d(3)
        self.critic = nn.Linear(3, 1)
        self.modes = []  # (player, which parts are in training mode)

    def players(self, stage):
        """The generator plays first."""
        return {"generator": (self.quantiser, self.norm), "critic": (self.critic,)}

    def losses(self, stage, batch, step, player):
        """The generator pleases the critic, who prefers the frames themselves."""
        self.modes.append((player, self.quantiser.training, self.norm.training, self.critic.training))
        frames = batch.frames["noise"]
        quantised = self.quantiser(frames)
        made = self.norm(quantised.vectors.mT).mT
        if player == "critic":
            return {"critic": self.critic(made.detach()).exp().mean() - self.critic(frames).mean()}
        return {"pleasing": -self.critic(made).square().mean(), "codebook": quantised.losses["codebook"]}


def noise(step, scale=1.0):
    """A batch for it."""
    frames = scale * torch.randn(4, 8, 3, generator=torch.Generator().manual_seed(step))
    names = tuple(f"u{step}_{row}" for row in range(4))
    return Batch({"noise": frames}, torch.zeros(4, dtype=torch.long), names, {"noise": torch.full((4,), 8)})


def copied(state):
    """A state dict that does not change with its module."""
    return {name: tensor.clone() for name, tensor in state.items()}


def differing(one, other):
    """Names of the tensors that differ."""
    return {name for name in one if not torch.equal(one[name], other[name])}
