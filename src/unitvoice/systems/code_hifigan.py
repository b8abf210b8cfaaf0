"""``code-hifigan``: units by k-means and codes of F0, spoken in a voice by a HiFi-GAN (Polyak et al., 2021).

The stages of a recipe, in its order:

* ``f0-vqvae``: codes of F0 contours at 12.5 Hz;
* ``units``: k-means on the frames, which has no gradient; or nothing, where a codebook is imported;
* ``pretrain``: the generator on codes that stay as they are, by the log-mel distance alone, which is not published;
* ``vocoder``: the generator on such codes, against its critics;
* ``duration``: where the recipe has it, a predictor of how long units last, in whose rhythm they are spoken then.

A unit has two codes: of content, and of F0, which lasts for several units. The weights of all parts are in one model.

Departures from the original:

* F0 is of whole utterances, its logarithm is compared with the speaker's by name, and voicing is a value of its own;
* contours and frames end with the recording, and what is spoken is as long as it;
* what a submission holds of a unit are both of its codes, as both are spoken: bits of F0 count, but hardly change what
  units are like;
* a short file is repeated in time with its frames, and crops begin at any frame;
* first weights are as torch draws them, see :class:`unitvoice.nn.hifigan.Generator`;
* the rhythm that is predicted from units is fitted to the length of the source;
* options that are not published: frames less the mean of their utterance; voices that are heard from recordings, by an
  encoder that learns with the generator from other crops of the speaker, instead of a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from unitvoice.audio import RATE, Wave
from unitvoice.errors import InputError, listed
from unitvoice.features.clusters import read_clusters
from unitvoice.features.kinds import KINDS, feature_kind
from unitvoice.nn.duration import DurationPredictor, collapsed, fitted, source_places
from unitvoice.nn.f0_vqvae import F0Vqvae
from unitvoice.nn.vq import KMeansQuantiser
from unitvoice.systems.base import Batch, System, Units
from unitvoice.systems.gan import HifiGanSettings, hifi_gan, waves_of
from unitvoice.systems.preparation import MORE_DATA, check_crops, check_spoken, deviation, place_codes
from unitvoice.systems.voices import HeardVoices, VoiceTable, others_of_same

__all__ = ["CodeHifiGan", "F0Settings", "Settings"]

SOUND = "peakwave"
SPEAKING = ("pretrain", "vocoder", "duration")  # stages that need codes
F0_RATE = 200  # Hz
CONTOUR = 2  # values of a frame of a contour: deviation of log-F0, and voicing


@dataclass(frozen=True)
class F0Settings:
    """See :class:`unitvoice.nn.f0_vqvae.F0Vqvae`."""

    kind: str = "f0"  # of the recipe's features
    codes: PositiveInt = 20
    width: PositiveInt = 128
    channels: PositiveInt = 32
    halvings: PositiveInt = 4  # of the rate of contours, to that of codes
    decay: float = 0.99
    commitment: NonNegativeFloat = 0.02
    voicing: bool = True  # whether codes see voicing, or no more than 0 in its place, as if it were the mean


@dataclass(frozen=True)
class Settings(HifiGanSettings):
    """The numbers of the system."""

    input: str = "logmel"  # the first of the recipe's features
    values: PositiveInt = 80  # of a frame
    rate: PositiveFloat = 100.0  # Hz, of frames
    first: float = 0.0  # s, time of the first frame's centre
    stride: PositiveInt = 2  # frames per unit, whose mean is a unit
    centred: bool = False  # whether frames are less the mean of their utterance
    prior: NonNegativeFloat = 16.0  # frames that a speaker's mean counts for beside an utterance's own, when centred
    codes: PositiveInt = 100
    inits: PositiveInt = 4  # sets of centres that learn side by side
    codebook: Path | None = None  # file of centres to import, see `read_clusters`; None: they are learned
    f0: F0Settings | None = field(default_factory=F0Settings)  # None: units have no code of F0
    width: PositiveInt = 128  # of the vectors that content and F0 are spoken from
    table: NonNegativeInt = 128  # values of a speaker's row in the table; 0: there is none
    reference: NonNegativeInt = 0  # values of a voice as heard from recordings; 0: voices are not heard
    tone: NonNegativeFloat = 0.1  # length of F0's code vectors beside those of content, in what units are compared by


class CodeHifiGan(System):
    """The system; see the module's docstring."""

    placed: Tensor  # () bool: whether there are units
    timed: Tensor  # () bool: whether their lengths are predicted

    def __init__(self, settings: Settings, speakers: Sequence[str]) -> None:
        super().__init__(speakers)
        _check(settings)
        self.settings = settings
        self.input: str = settings.input
        self.pitch = settings.f0.kind if settings.f0 else None
        self.told_means, self.hears = settings.centred, settings.reference > 0
        self.prior = settings.prior if settings.centred else 0.0
        self.unit_rate = settings.rate / settings.stride
        self.unit_first = settings.first + (settings.stride - 1) / 2 / settings.rate
        self.quantiser = KMeansQuantiser(settings.codes, settings.values, inits=settings.inits)
        self.content = nn.Embedding(settings.codes, settings.width)
        self.f0, self.tone = _f0_parts(settings)
        self.voices = (
            HeardVoices(settings.values, settings.reference)
            if settings.reference
            else VoiceTable(self.speakers, settings.table)
        )
        told = settings.width * (2 if settings.f0 else 1) + (settings.reference or settings.table)
        self.gan = hifi_gan(settings, told, round(RATE / self.unit_rate))
        self.durations = DurationPredictor(settings.width)
        for name in ("placed", "timed"):
            self.register_buffer(name, torch.zeros((), dtype=torch.bool))

    def players(self, stage: str) -> Mapping[str, tuple[nn.Module, ...]]:
        """What learns in a stage; nothing where the codebook is imported."""
        tone = () if self.tone is None else (self.tone,)
        speaking = {"generator": (self.gan.generator, self.content, self.voices, *tone)}
        known: dict[str, dict[str, tuple[nn.Module, ...]]] = {
            **({"f0-vqvae": {"f0-vqvae": (self.f0,)}} if self.f0 else {}),
            "units": {"units": () if self.settings.codebook else (self.quantiser,)},
            "pretrain": dict(speaking),
            "vocoder": {"critics": (self.gan.critics,), **speaking},
            "duration": {"duration": (self.durations,)},
        }
        if stage not in known:
            raise InputError(
                f"there is no stage {stage!r} of this system as set; known are {listed(known)}; correct the recipe"
            )
        return known[stage]

    def prepare(self, stage: str, batch: Batch, means: Mapping[str, Tensor]) -> None:
        """Draw the codes of F0, place those of content or import them, and take statistics, each in its stage."""
        self._check_batch(stage, batch)
        if stage == "f0-vqvae" and self.f0:
            place_codes(stage, self.f0.initialise, self._contours(batch), MORE_DATA)
        if stage == "units":
            self._place(stage, batch)
        if stage in SPEAKING:
            lacks = {"units": not self.placed, "f0-vqvae": self.f0 and not self.f0.quantiser.counts.any()}
            if missing := [name for name, lost in lacks.items() if lost]:
                raise InputError(f"stage {stage} speaks codes; put stages {listed(missing)} before it in the recipe")
            self.timed.fill_(stage == "duration")
            if isinstance(self.voices, HeardVoices):
                self.voices.mean.copy_(means[self.input])
                self.voices.scale.copy_(deviation(batch.frames[self.input].float(), self.voices.mean))

    def _place(self, stage: str, batch: Batch) -> None:
        if self.settings.codebook:
            self.quantiser.centres.copy_(self._imported(self.settings.codebook).expand_as(self.quantiser.centres))
        else:
            pooled = self._pooled(batch.frames[self.input], batch.means.get(self.input))
            place_codes(stage, self.quantiser.initialise, pooled.flatten(0, 1), MORE_DATA)
        self.placed.fill_(value=True)

    def _imported(self, place: Path) -> Tensor:
        """The centres of a file, (codes, values); InputError when they are of other frames, or not so many."""
        clusters = read_clusters(place)
        clusters.check_told(self.trained_on[self.input], self.settings.values, "the recipe")
        if len(clusters.centres) != self.settings.codes:
            count = len(clusters.centres)
            raise InputError(f"{place} has {count} centres, not {self.settings.codes}; correct the recipe's codes")
        return torch.from_numpy(clusters.centres)

    def _check_batch(self, stage: str, batch: Batch) -> None:
        """InputError when a stage cannot learn from such batches."""
        settings, frames = self.settings, batch.frames[self.input]
        if frames.shape[-1] != settings.values:
            raise InputError(f"the recipe's model has {settings.values} values but frames have {frames.shape[-1]}")
        check_spoken(batch, SOUND, *([self.pitch] if self.pitch else []))
        check_crops(stage, batch)
        length = batch.frames[SOUND].shape[1]
        if length * settings.rate != frames.shape[1] * RATE:
            raise InputError(
                f"stage {stage}: {settings.input} is not at {settings.rate:g} Hz; correct the model's rate"
            )
        if length % self._period:
            raise InputError(
                f"stage {stage} needs a crop that is a multiple of {self._period / RATE:g} s; correct its crop"
            )

    @property
    def _period(self) -> int:
        """Samples after which codes of content and of F0 begin together."""
        hop = self.gan.generator.hop
        return hop * self._lasting if self.f0 else hop

    @property
    def _lasting(self) -> int:
        """Units that a code of F0 lasts for."""
        return round(self.f0.stride * self.unit_rate / F0_RATE) if self.f0 else 1

    def losses(self, stage: str, batch: Batch, step: int, player: str) -> dict[str, Tensor]:
        """What a player minimises; see the module's docstring."""
        if player == "f0-vqvae" and self.f0:
            terms: dict[str, Tensor] = self.f0(self._contours(batch))[2]
            return terms
        frames = self._pooled(batch.frames[self.input], batch.means.get(self.input))
        quantised = self.quantiser(frames)
        if player == "units":
            return dict(quantised.losses)
        if player == "duration":
            runs = collapsed(quantised.indices[..., 0])
            return {"duration": self.durations.loss(self.content(runs.codes), runs)}
        codes = quantised.indices
        if self.f0:
            codes = self._with_f0(codes, self._contours(batch))
        real = waves_of(batch, SOUND)
        spoken = self.gan.generator(self._told(codes, self._voices(batch)).mT)
        if player == "critics":
            return {"critics": self.gan.criticism(real, spoken)}
        if isinstance(self.voices, VoiceTable) and self.voices.training:
            self.voices.count(batch.speakers)
        if stage == "pretrain":
            return {"mel": self.gan.weights.mel * self.gan.mel_distance(real, spoken)}
        return self.gan.imitation(real, spoken)

    def _contours(self, batch: Batch) -> Tensor:
        """What codes of F0 see of crops, (B, T, 1 or 2) at 200 Hz."""
        return self._seen(batch.frames[str(self.pitch)])

    def _seen(self, contours: Tensor) -> Tensor:
        return contours if self.settings.f0 and self.settings.f0.voicing else contours[..., :1]

    def _pooled(self, frames: Tensor, means: Tensor | None) -> Tensor:
        """What is quantised, (B, U, D), of frames, (B, T, D) with the means of their utterances, (B, D)."""
        frames = frames.float()
        if self.settings.centred:
            if means is None:
                raise InputError("the batch does not tell the means of its utterances, which the model needs")
            frames = frames - means[:, None]
        return frames.unflatten(1, (-1, self.settings.stride)).mean(dim=2)

    def _with_f0(self, codes: Tensor, contours: Tensor) -> Tensor:
        """Codes of content, (B, U, 1), with those of F0 beside them, (B, U, 2); contours may be shorter."""
        if self.f0 is None:
            return codes
        lasting = self.f0.encode(contours).repeat_interleave(self._lasting, dim=1)
        return torch.cat([codes, lasting[:, : codes.shape[1]]], dim=-1)

    def _voices(self, batch: Batch) -> Tensor:
        """The voices of crops, (B, V): rows of the table, or as they are heard from another crop of the speaker."""
        known = isinstance(self.voices, VoiceTable)
        voices: Tensor = self.voices(
            batch.speakers if known else batch.frames[self.input][others_of_same(batch.speakers)]
        )
        return voices

    def _told(self, codes: Tensor, voices: Tensor) -> Tensor:
        """What the generator speaks from: codes, (B, U, G), and voices, (B, V), to (B, U, inputs)."""
        parts = [self.content(codes[..., 0])]
        if self.tone is not None:
            parts.append(self.tone(codes[..., 1]))
        parts.append(voices[:, None].expand(-1, codes.shape[1], -1))
        return torch.cat(parts, dim=-1)

    def monitor(self) -> dict[str, float]:
        """Figures of the codebooks where they learn."""
        figures = self.quantiser.figures() if bool(self.quantiser.used.any()) else {}
        if self.f0 and bool(self.f0.quantiser.used.any()):
            figures |= {f"f0_{name}": value for name, value in self.f0.quantiser.figures().items()}
        return figures

    def encode(self, frames: Tensor, mean: Tensor) -> Units:
        """A unit for each ``stride`` frames, rounded up; see :class:`System`.

        Args:
            frames: (T, values), followed by the contour's frames of the same time; see ``WithContours``.
            mean: of as many values.
        """
        settings, values = self.settings, self.settings.values
        whole = F.pad(frames.T[None], (0, -len(frames) % settings.stride), mode="replicate").mT
        continuous = self._pooled(whole[..., :values], mean[None, :values])
        codes = self.quantiser(continuous).indices
        vectors = self.quantiser.lookup(codes)
        if self.f0:
            contour = frames[:, values:].reshape(1, -1, CONTOUR)
            # the last unit may lack contour where frames were repeated to make it whole
            missing = max(0, codes.shape[1] * F0_RATE // round(self.unit_rate) - contour.shape[1])
            contour = self._seen(F.pad(contour, (0, 0, 0, missing)))
            codes = self._with_f0(codes, contour)
            if settings.tone:
                scale = settings.tone * _length(self.quantiser.table()) / _length(self.f0.quantiser.table())
                latents = self.f0.latents(contour).repeat_interleave(self._lasting, dim=1)[:, : codes.shape[1]]
                continuous = torch.cat([continuous, scale * latents], dim=-1)
                vectors = torch.cat([vectors, scale * self.f0.quantiser.lookup(codes[..., 1:])], dim=-1)
        return Units(codes[0], vectors[0], continuous[0])

    def hear(self, speaker: str, recordings: Sequence[Tensor]) -> None:
        """See :class:`System`; a voice is the mean over its recordings."""
        if isinstance(self.voices, HeardVoices):
            self.voices.hear(speaker, [frames[:, : self.settings.values] for frames in recordings])
        else:
            self.speaker_row(speaker)

    def speak(self, units: Tensor, speaker: str, samples: int) -> Wave:
        """See :class:`unitvoice.systems.speaking.SpeaksWaves`."""
        voice = self._voice(speaker)
        if self.timed:
            units = units[self._rhythm(units[:, 0])]
        return self.gan.speak(self._told(units[None], voice[None])[0], samples)

    def _voice(self, speaker: str) -> Tensor:
        """The voice of a speaker, (V,); InputError for one who is not known, was not learned, or was not heard."""
        if isinstance(self.voices, HeardVoices):
            return self.voices.voice(speaker)
        row = self.speaker_row(speaker)
        self.voices.check(row)
        return self.voices.weight[row]

    def _rhythm(self, codes: Tensor) -> Tensor:
        """The places of units to speak, (U,), where runs of equal codes, (U,), last as long as is predicted."""
        runs = collapsed(codes[None])
        predicted = self.durations.lengths(self.content(runs.codes[0]))
        return source_places(runs.lengths[0], fitted(predicted, len(codes)))


def _f0_parts(settings: Settings) -> tuple[F0Vqvae | None, nn.Embedding | None]:
    """The codes of F0, and the vectors that they are spoken from."""
    own = settings.f0
    if own is None:
        return None, None
    sizes = {name: getattr(own, name) for name in ("channels", "halvings", "codes", "width", "decay", "commitment")}
    return F0Vqvae(CONTOUR if own.voicing else 1, **sizes), nn.Embedding(own.codes, settings.width)


def _length(table: Tensor) -> Tensor:
    """Root mean square norm of code vectors, (K, D)."""
    return table.square().sum(dim=1).mean().sqrt().clamp_min(torch.finfo(table.dtype).tiny)


def _check(settings: Settings) -> None:
    """InputError when the settings do not fit each other."""
    unit_rate = settings.rate / settings.stride
    if settings.input in KINDS and (kind := feature_kind(settings.input)).rate != settings.rate:
        raise InputError(f"{settings.input} is at {kind.rate:g} Hz, not {settings.rate:g}; correct the model's rate")
    if RATE % unit_rate:
        raise InputError(f"units at {unit_rate:g} Hz do not last for whole samples; change stride or rate")
    if settings.f0 and (2**settings.f0.halvings * unit_rate) % F0_RATE:
        codes = F0_RATE / 2**settings.f0.halvings
        raise InputError(
            f"units at {unit_rate:g} Hz are no multiple of the {codes:g} codes of F0 a second; change one"
        )
    if settings.codebook and (settings.centred or settings.stride > 1):
        raise InputError("centres are imported of frames as they are; set centred to false and stride to 1")
    if bool(settings.table) == bool(settings.reference):
        raise InputError("voices are either in a table or heard; set table or reference above 0, and the other to 0")
