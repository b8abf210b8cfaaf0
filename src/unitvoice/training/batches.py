"""Batches of crops, each a function of (seed, step) alone: resuming and any number of workers change nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitvoice.errors import InputError
from unitvoice.features.normalise import mean_frame
from unitvoice.manifest import Utterance
from unitvoice.store import Store
from unitvoice.systems.base import Batch
from unitvoice.systems.recipe import StageSettings

__all__ = ["Batches"]


class Batches:
    """Random access to the batches of a stage: ``batches[step]``.

    Args:
        stores: one store per kind of frames; the first sets the grid on which crops begin.
        utterances: what is trained on.
        speakers: speaker names in the order of the model's table.
        settings: crop length, batch size and sampling policy.
        seed: of the run.

    Raises:
        InputError: there is nothing to train on, or a store lacks an utterance.
    """

    def __init__(
        self,
        stores: Mapping[str, Store],
        utterances: Sequence[Utterance],
        speakers: Sequence[str],
        settings: StageSettings,
        seed: int,
    ) -> None:
        self.stores = dict(stores)
        self.settings = settings
        self.seed = seed
        self._grid = next(iter(self.stores.values()))
        self._crops = {kind: round(settings.crop * store.rate) for kind, store in self.stores.items()}
        self._utterances = [utterance for utterance in utterances if self._has_frames(utterance)]
        if not self._utterances:
            raise InputError("there is no utterance to train on; check the subsets of the manifest")
        self._rows = np.array([speakers.index(utterance.speaker) for utterance in self._utterances])
        self._cumulated = np.cumsum(self._weights())

    def _has_frames(self, utterance: Utterance) -> bool:
        for store in self.stores.values():
            if utterance.utterance not in store:
                raise InputError(f"{store.folder} lacks {utterance.utterance}; make the features again")
        return self._grid.rows(utterance.utterance) > 0

    def _weights(self) -> NDArray[np.float64]:
        """How likely each utterance is to be drawn, summing to one."""
        frames = np.array([self._grid.rows(u.utterance) for u in self._utterances], dtype=np.float64)
        weights = np.ones_like(frames) if self.settings.sampling == "utterance" else frames
        if self.settings.sampling == "speaker":
            weights = weights / np.bincount(self._rows, weights)[self._rows]
        return weights / weights.sum()

    def corpus_means(self) -> dict[str, Tensor]:
        """By kind, (D,): the mean frame of all that is trained on."""
        names = [utterance.utterance for utterance in self._utterances]
        return {kind: torch.from_numpy(mean_frame(store, names)) for kind, store in self.stores.items()}

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step."""
        draw = np.random.default_rng((self.seed, step))
        chosen = np.searchsorted(self._cumulated, draw.random(self.settings.batch), side="right")
        chosen = np.minimum(chosen, len(self._utterances) - 1)
        names = [self._utterances[row].utterance for row in chosen]
        places = draw.random(self.settings.batch)
        return Batch(
            frames={kind: self._stack(kind, names, places) for kind in self.stores},
            speakers=torch.from_numpy(self._rows[chosen]),
            utterances=tuple(names),
        )

    def _stack(self, kind: str, names: Sequence[str], places: NDArray[np.float64]) -> Tensor:
        crops = [self._crop(kind, name, place) for name, place in zip(names, places, strict=True)]
        return torch.from_numpy(np.stack(crops))

    def _crop(self, kind: str, name: str, place: float) -> NDArray[Any]:
        store, length = self.stores[kind], self._crops[kind]
        room = max(0, self._grid.rows(name) - self._crops[next(iter(self.stores))])
        first = round(int(place * (room + 1)) * store.rate / self._grid.rate)
        crop = store[name][first : first + length]
        # an utterance shorter than a crop is repeated: padding with silence would teach the edges of silence
        return crop if len(crop) == length else np.resize(crop, (length, crop.shape[1]))
