"""Batches, each a function of (seed, step) alone: resuming, workers and ranks change nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from unitvoice.errors import InputError
from unitvoice.features.normalise import mean_frame, mean_frames
from unitvoice.manifest import Utterance
from unitvoice.store import Store
from unitvoice.systems.base import Batch
from unitvoice.systems.recipe import StageSettings

__all__ = ["Batches"]

BUCKET = 8  # batches of utterances that count as similar in length

Rows = NDArray[np.int64]


class Batches(Dataset[Batch]):
    """Random access to the batches of a stage: ``batches[step]``.

    Args:
        stores: one store per kind of frames; the first sets the grid on which crops begin.
        utterances: what is trained on.
        speakers: speaker names in the order of the model's table.
        settings: crop length, batch size and sampling policy.
        seed: of the run.
        part: (number, of how many) of the equal parts of each batch that is read, for ranks.
        distinct: whether a batch of so many speakers refuses to repeat an utterance.
        prior: of the mean frames that batches tell of the first kind, see :func:`mean_frames`; None for none.

    Raises:
        InputError: there is nothing to train on, too few speakers have enough utterances, a batch cannot be divided as
            asked, or a store lacks an utterance.
    """

    def __init__(
        self,
        stores: Mapping[str, Store],
        utterances: Sequence[Utterance],
        speakers: Sequence[str],
        settings: StageSettings,
        seed: int,
        *,
        part: tuple[int, int] = (0, 1),
        distinct: bool = True,
        prior: float | None = None,
    ) -> None:
        self.stores = dict(stores)
        self.settings = settings
        self.seed = seed
        self._part, self._distinct = part, distinct
        self._grid = next(iter(self.stores.values()))
        self._utterances = [utterance for utterance in utterances if self._has_frames(utterance)]
        if not self._utterances:
            raise InputError("there is no utterance to train on; check the subsets of the manifest")
        if settings.crop is None:  # neighbours are of similar length
            self._utterances.sort(key=lambda one: self._grid.rows(one.utterance))
        self._rows = np.array([speakers.index(utterance.speaker) for utterance in self._utterances])
        self._frames = np.array([self._grid.rows(utterance.utterance) for utterance in self._utterances])
        self._weights = self._weighted()
        self._cumulated = np.concatenate([[0.0], np.cumsum(self._weights)])
        self._check_divisible()
        self._groups = self._grouped() if settings.speakers else []
        self._means = {} if prior is None else mean_frames(self._grid, self._utterances, prior)

    def _has_frames(self, utterance: Utterance) -> bool:
        for store in self.stores.values():
            if utterance.utterance not in store:
                raise InputError(f"{store.folder} lacks {utterance.utterance}; make the features again")
        return self._grid.rows(utterance.utterance) > 0

    def _weighted(self) -> NDArray[np.float64]:
        """How likely each utterance is to be drawn, summing to one."""
        frames = self._frames.astype(np.float64)
        weights = np.ones_like(frames) if self.settings.sampling == "utterance" else frames
        if self.settings.sampling == "speaker":
            weights = weights / np.bincount(self._rows, weights)[self._rows]
        return weights / weights.sum()

    def _grouped(self) -> list[Rows]:
        """By speaker, the utterances that a batch of several speakers can draw."""
        wanted = self.settings.speakers or 1
        each = self.settings.batch // wanted
        groups = [np.flatnonzero(self._rows == row) for row in np.unique(self._rows)]
        if not self._distinct:
            return groups
        fit = [group[self._frames[group] >= self._crop_length(self._grid)] for group in groups]
        fit = [group for group in fit if len(group) >= each]
        if len(fit) < wanted:
            long = f" of {self.settings.crop:g} s" if self.settings.crop else ""
            raise InputError(
                f"a batch of {wanted} speakers with {each} utterances{long} each cannot be drawn: {len(fit)} of "
                f"{len(groups)} speakers have as many; lower the stage's speakers or batch, or add recordings"
            )
        return fit

    def _crop_length(self, store: Store) -> int:
        """Frames of a crop; 0 for whole utterances."""
        return round((self.settings.crop or 0.0) * store.rate)

    def _check_divisible(self) -> None:
        batch, speakers = self.settings.batch, self.settings.speakers
        parts = self._part[1] * self.settings.accumulate
        if speakers and batch % speakers:
            raise InputError(f"a batch of {batch} is no multiple of {speakers} speakers; change one of the two")
        if (speakers or batch) % parts:
            what = f"{speakers} speakers" if speakers else f"a batch of {batch}"
            raise InputError(f"{what} cannot be divided into {parts} equal parts (ranks times accumulate); change it")

    @property
    def seconds(self) -> float:
        """Seconds of speech in a batch; their expectation for whole utterances."""
        each = self.settings.crop or float(self._weights @ self._frames) / self._grid.rate
        return self.settings.batch * each

    def corpus_means(self) -> dict[str, Tensor]:
        """By kind, (D,): the mean frame of all that is trained on."""
        names = [utterance.utterance for utterance in self._utterances]
        return {kind: torch.from_numpy(mean_frame(store, names)) for kind, store in self.stores.items()}

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step, or this rank's part of it."""
        return self._read(step, *self._part)

    def whole(self, step: int) -> Batch:
        """The batch of a step, with the parts of all ranks."""
        return self._read(step, 0, 1)

    def _read(self, step: int, number: int, parts: int) -> Batch:
        draw = np.random.default_rng((self.seed, step))
        chosen = self._of_speakers(draw) if self.settings.speakers else self._any(draw)
        places = draw.random(self.settings.batch)
        mine = slice(number * len(chosen) // parts, (number + 1) * len(chosen) // parts)
        chosen, places = chosen[mine], places[mine]
        names = [self._utterances[row].utterance for row in chosen]
        crops = {kind: self._crops(kind, names, places) for kind in self.stores}
        return Batch(
            frames={kind: torch.from_numpy(_padded(found)) for kind, found in crops.items()},
            speakers=torch.from_numpy(self._rows[chosen]),
            utterances=tuple(names),
            lengths={kind: torch.tensor([len(crop) for crop in found]) for kind, found in crops.items()},
            means=self._told(names),
        )

    def _told(self, names: Sequence[str]) -> dict[str, Tensor]:
        """By kind, the mean frames of some utterances, (B, D), where they are told."""
        means = [torch.from_numpy(self._means[name]) for name in names] if self._means else []
        return {next(iter(self.stores)): torch.stack(means)} if means else {}

    def _any(self, draw: np.random.Generator) -> Rows:
        """Utterances by their weights: of all, or of a random stretch of those in order of length."""
        low, high = 0, len(self._utterances)
        if self.settings.crop is None:
            edges = np.linspace(0, high, max(1, high // (BUCKET * self.settings.batch)) + 1).astype(int)
            anchor = int(np.searchsorted(self._cumulated, draw.random(), side="right")) - 1
            bucket = min(int(np.searchsorted(edges, anchor, side="right")) - 1, len(edges) - 2)
            low, high = edges[bucket], edges[bucket + 1]
        span = self._cumulated[high] - self._cumulated[low]
        aims = self._cumulated[low] + span * draw.random(self.settings.batch)
        return np.clip(np.searchsorted(self._cumulated, aims, side="right") - 1, low, high - 1)

    def _of_speakers(self, draw: np.random.Generator) -> Rows:
        """So many utterances of so many speakers, who are equally likely; within a speaker by weight."""
        wanted = self.settings.speakers or 1
        people = draw.choice(len(self._groups), wanted, replace=wanted > len(self._groups))
        rows = [self._of_one(draw, self._groups[person], self.settings.batch // wanted) for person in people]
        return np.concatenate(rows)

    def _of_one(self, draw: np.random.Generator, group: Rows, count: int) -> Rows:
        share = self._weights[group] / self._weights[group].sum()
        return group[draw.choice(len(group), count, replace=count > len(group), p=share)]

    def _crops(self, kind: str, names: Sequence[str], places: NDArray[np.float64]) -> list[NDArray[Any]]:
        if self.settings.crop is None:
            return [self.stores[kind][name] for name in names]
        return [self._crop(kind, name, place) for name, place in zip(names, places, strict=True)]

    def _crop(self, kind: str, name: str, place: float) -> NDArray[Any]:
        store = self.stores[kind]
        length = self._crop_length(store)
        room = max(0, self._grid.rows(name) - self._crop_length(self._grid))
        first = round(int(place * (room + 1)) * store.rate / self._grid.rate)
        crop = store[name][first : first + length]
        if len(crop) == length:
            return crop
        # an utterance shorter than a crop is repeated: padding with silence would teach the edges of silence. The grid
        # says how long it is, so that all kinds repeat alike; samples that its last frame lacks are held
        whole = round(self._grid.rows(name) * store.rate / self._grid.rate)
        rows = (first + np.arange(length)) % whole
        return store[name][np.minimum(rows, store.rows(name) - 1)]


def _padded(crops: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Stack arrays, (T, D), to (B, longest, D); the last frame of a shorter one is held."""
    longest = max(map(len, crops))
    held = (
        crop if len(crop) == longest else np.pad(crop, ((0, longest - len(crop)), (0, 0)), "edge") for crop in crops
    )
    return np.stack(list(held))
