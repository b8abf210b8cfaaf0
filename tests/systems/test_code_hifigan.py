"""Units by k-means with codes of F0, spoken by HiFi-GAN: sizes, stages, rates, alignment, voices, published faults."""

from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice import audio
from unitvoice.conversion.convert import convert
from unitvoice.conversion.speaking import WaveVoice
from unitvoice.errors import InputError
from unitvoice.features.clusters import Clusters, write_clusters
from unitvoice.features.contours import beside
from unitvoice.features.extract import extract
from unitvoice.models import load_model, save_model
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.base import Batch
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.speaking import SpeaksWaves
from unitvoice.training.distributed import Place
from unitvoice.training.run import Run
from unitvoice.training.train import train
from unitvoice.training.turns import Turn
from unitvoice.units.encode import main as encode_main

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "code-hifigan.yaml"
FEW = {"critics": {"periods": [2], "scales": 1, "period_channels": 2, "widest": 4, "scale_channels": 4}}
TINY = FEW | {
    "values": 6,
    "codes": 4,
    "inits": 2,
    "width": 8,
    "table": 4,
    "f0": {"kind": "f0", "codes": 5, "width": 6, "channels": 4},
    "generator": {"channels": 32, "kernels": [3], "dilations": [1]},
}
LOGMEL = {"input": "logmel", "rate": 100.0, "first": 0.0, "stride": 2, "centred": True}
NAMES = ("A", "B", "C")
CPU = torch.device("cpu")


def recipe(**model):
    kinds = [model.get("input", "hubert"), "f0", "peakwave"]
    return build(Recipe, load_recipe(RECIPE, "paper", {"model": model, "features": kinds}), "code-hifigan")


def tiny(**changes):
    torch.manual_seed(0)
    return create_system(recipe(**(TINY | changes)), NAMES)


def contour(draws, count, frames):
    """Contours of normalised log-F0 that is not voiced in every third stretch of 10 frames."""
    voiced = (torch.arange(frames) // 10 % 3 < 2).float()
    deviations = torch.randn(count, 1, generator=draws) + 0.3 * torch.randn(count, frames, generator=draws)
    return torch.stack([deviations * voiced, voiced.expand(count, -1)], dim=-1)


def batch(crops=6, units=16, seed=1, kind="hubert", stride=1, shift=0.0):
    draws = torch.Generator().manual_seed(seed)
    frames = torch.randn(crops, units * stride, 6, generator=draws)
    frames += shift * torch.randn(crops, 1, 6, generator=draws)
    kinds = {
        kind: frames,
        "f0": contour(draws, crops, 4 * units),
        "peakwave": (6000 * torch.randn(crops, 320 * units, 1, generator=draws)).to(torch.int16),
    }
    lengths = {name: torch.full((crops,), one.shape[1]) for name, one in kinds.items()}
    names = tuple(f"u{number}" for number in range(crops))
    means = {kind: frames.mean(dim=1) + 0.1}
    return Batch(kinds, torch.arange(crops) % 3, names, lengths, means)


def prepared(model, *stages, of=None):
    of = of or batch()
    for stage in stages or ("f0-vqvae", "units", "vocoder"):
        model.prepare(stage, of, {kind: frames.float().mean(dim=(0, 1)) for kind, frames in of.frames.items()})
    return model.eval()


@torch.enable_grad()
def played(model, stage, steps=1, of=None):
    """The names of what some steps of a stage change, and the names of what is minimised."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    settings = replace(recipe().stages["vocoder"], learning_rate=0.01)
    turns = [Turn(model, stage, player, settings, CPU) for player in model.players(stage)]
    terms = set()
    for step in range(steps):
        torch.manual_seed(step)
        for turn in turns:
            found, made = turn.play(of or batch(), step, 0.01)
            assert made
            terms |= set(found)
    model.eval().requires_grad_(requires_grad=False)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    return {name.split(".")[0] if not name.startswith("gan") else name.split(".")[1] for name in changed}, terms


@pytest.fixture(scope="module")
def speaking():
    """A system that has learned a little to speak."""
    model = prepared(tiny())
    played(model, "vocoder")
    return model


def utterance(units=23, seed=3, stride=1):
    """Frames with a contour beside them, as they are encoded."""
    draws = torch.Generator().manual_seed(seed)
    frames = torch.randn(units * stride, 6, generator=draws).numpy()
    return torch.from_numpy(beside(frames, contour(draws, 1, 4 * units)[0].numpy(), 4 // stride))


def encoded(model, frames):
    return model.encode(frames, frames.mean(dim=0))


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("changes", "hop", "millions"),
    [({}, 320, 14.18), ({"rate": 100.0, "generator": {"ratios": [5, 4, 2, 2, 2]}} | FEW, 160, 14.14)],
)
def test_the_paper_sizes(changes, hop, millions):
    paper = recipe(f0={"voicing": False}, **changes)
    with torch.device("meta"):
        model = create_system(paper, [f"S{number:03}" for number in range(200)])
    assert model.gan.generator.hop == hop
    assert round(size(model.gan.generator) / 1e6, 2) == millions
    assert (size(model.content), size(model.tone), size(model.voices)) == (12_800, 2_560, 25_600)
    assert size(model.f0) == 199_681
    assert changes or round(size(model.gan.critics) / 1e6, 1) == 70.7
    assert isinstance(model, SpeaksWaves)
    weights = model.gan.weights
    assert (weights.adversarial, weights.features, weights.mel) == (1.0, 2.0, 45.0)
    assert list(paper.stages) == ["f0-vqvae", "units", "pretrain", "vocoder"]
    assert paper.stages["pretrain"].steps == 0
    vocoder = paper.stages["vocoder"]
    assert (vocoder.learning_rate, vocoder.betas, vocoder.weight_decay) == (2e-4, (0.8, 0.99), 0.01)
    assert (vocoder.steps, vocoder.batch, vocoder.crop) == (400_000, 16, 0.56)


def test_units_have_the_times_of_their_frames():
    whole, pooled = tiny(), tiny(**LOGMEL)
    assert (whole.unit_rate, whole.unit_first) == (50.0, 0.01)
    assert (pooled.unit_rate, pooled.unit_first) == (50.0, 0.005)


def test_each_stage_trains_just_its_parts():
    model = tiny()
    prepared(model, "f0-vqvae")
    assert played(model, "f0-vqvae") == ({"f0"}, {"reconstruction", "commitment"})
    prepared(model, "units")
    assert played(model, "units") == ({"quantiser"}, {"distortion"})
    prepared(model, "pretrain")
    assert played(model, "pretrain") == ({"generator", "content", "tone", "voices"}, {"mel"})
    prepared(model, "vocoder")
    spoken, terms = played(model, "vocoder")
    assert spoken == {"generator", "content", "tone", "voices", "critics"}
    assert terms == {"critics", "adversarial", "features", "mel"}
    prepared(model, "duration")
    assert played(model, "duration") == ({"durations"}, {"duration"})


def test_the_generator_is_not_reached_by_what_the_critics_minimise():
    model = prepared(tiny())
    Turn(model, "vocoder", "critics", recipe().stages["vocoder"], CPU)
    model.losses("vocoder", batch(), 0, "critics")["critics"].backward()
    assert all(part.grad is None for part in model.gan.generator.parameters())
    assert all(part.grad is not None for part in model.gan.critics.parameters())


def test_codes_stay_as_they_are_while_the_generator_learns(speaking):
    before = {name: value.clone() for name, value in speaking.quantiser.state_dict().items()}
    before |= {f"f0.{name}": value.clone() for name, value in speaking.f0.state_dict().items()}
    model = prepared(tiny())
    model.load_state_dict(speaking.state_dict())
    played(model, "vocoder", 2)
    after = model.quantiser.state_dict() | {f"f0.{name}": value for name, value in model.f0.state_dict().items()}
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_restart_changes_nothing_of_the_codes_of_f0():
    settings = replace(recipe().stages["f0-vqvae"], learning_rate=0.01, steps=4)
    straight = Run(prepared(tiny(), "f0-vqvae"), "f0-vqvae", settings, 0, Place())
    for step in range(2):
        straight.step(batch(seed=step))
    resumed = Run(tiny(), "f0-vqvae", settings, 0, Place())
    resumed.load_state(deepcopy(straight.state()))
    codes = straight.system.f0.quantiser
    assert all(
        torch.equal(value, codes.state_dict()[name])
        for name, value in resumed.system.f0.quantiser.state_dict().items()
    )
    for run in (straight, resumed):
        for step in range(2, 4):
            run.step(batch(seed=step))
    for name, value in straight.system.state_dict().items():
        assert torch.equal(value, resumed.system.state_dict()[name]), name


@pytest.mark.parametrize("centred", [True, False])
def test_a_crop_has_the_units_that_it_has_in_its_utterance(centred):
    """Units do not depend on where a crop begins, as the mean is that of the whole utterance."""
    of = batch(kind="logmel", stride=2, shift=3.0)
    model = prepared(tiny(**(LOGMEL | {"centred": centred})), "f0-vqvae", "units", of=of)
    assert model.told_means == centred
    whole, means = of.frames["logmel"], of.means["logmel"]
    seen = []
    model.quantiser.register_forward_hook(lambda _, __, out: seen.append(out.indices[..., 0]))
    crop = replace(of, frames=of.frames | {"logmel": whole[:, 8:]})
    model.losses("units", crop, 0, "units")
    for row in range(len(whole)):
        contours = of.frames["f0"][row].numpy()
        frames = torch.from_numpy(beside(whole[row].numpy(), contours, 2))
        mean = torch.cat([means[row], torch.zeros(4)])
        found = model.encode(frames, mean).indices[:, 0]
        assert torch.equal(found[4:], seen[0][row])


def test_a_unit_has_a_code_of_content_and_one_of_f0_that_lasts_for_four_units(speaking):
    units = encoded(speaking, utterance(24))
    assert units.indices.shape == (24, 2)
    tones = units.indices[:, 1]
    assert torch.equal(tones, tones[::4].repeat_interleave(4))
    assert int(units.indices[:, 0].max()) < 4
    assert int(tones.max()) < 5


def test_codes_of_f0_are_those_of_the_whole_contour(speaking):
    frames = utterance(24)
    alone = speaking.f0.encode(frames[:, 6:].reshape(1, -1, 2))
    assert torch.equal(encoded(speaking, frames).indices[::4, 1], alone[0, :, 0])


def test_pitch_changes_codes_of_f0_alone_and_content_the_others(speaking):
    frames = utterance()
    higher = frames.clone()
    higher[:, 6::2] += 2.0 * frames[:, 7::2]
    one, other = encoded(speaking, frames), encoded(speaking, higher)
    assert torch.equal(one.indices[:, 0], other.indices[:, 0])
    assert torch.equal(one.vectors[:, :6], other.vectors[:, :6])
    assert not torch.equal(one.indices[:, 1], other.indices[:, 1])


@pytest.mark.parametrize("voicing", [True, False])
def test_voicing_tells_silence_from_the_mean_of_the_voice_where_it_is_wanted(voicing):
    model = prepared(tiny(f0=TINY["f0"] | {"voicing": voicing}))
    mean, silent = torch.tensor([0.0, 1.0]), torch.zeros(2)
    seen = [model._seen(one.expand(1, 32, 2)) for one in (mean, silent)]
    assert torch.equal(*seen) != voicing


def test_the_codes_of_f0_count_in_the_bitrate_and_hardly_in_comparisons(speaking):
    frames = utterance()
    units = encoded(speaking, frames)
    content, tone = units.vectors[:, :6], units.vectors[:, 6:]
    assert torch.equal(content, speaking.quantiser.lookup(units.indices[:, :1]))
    own = speaking.f0.quantiser.lookup(units.indices[:, 1:])
    torch.testing.assert_close(tone / tone.norm(), own / own.norm())
    tables = [quantiser.table() for quantiser in (speaking.quantiser, speaking.f0.quantiser)]
    lengths = [table.square().sum(dim=1).mean().sqrt() for table in tables]
    torch.testing.assert_close(tone / own, torch.full_like(own, 0.1 * float(lengths[0] / lengths[1])))
    assert len(units.vectors.unique(dim=0)) == len(units.indices.unique(dim=0))
    alone = tiny(tone=0.0)
    alone.load_state_dict(speaking.state_dict())
    assert torch.equal(encoded(alone.eval(), frames).vectors, content)


def test_units_are_the_same_again_and_in_any_mode_but_training(speaking):
    frames = utterance()
    assert all(torch.equal(*pair) for pair in zip(encoded(speaking, frames), encoded(speaking, frames), strict=True))


@pytest.mark.parametrize("frames", [1, 2, 7, 30])
def test_every_frame_has_a_unit_and_the_last_one_is_whole(frames):
    of = batch(kind="logmel", stride=2)
    model = prepared(tiny(**LOGMEL), of=of)
    said = utterance(15, stride=2)[:frames]
    units = encoded(model, said)
    assert len(units.indices) == len(units.vectors) == -(-frames // 2)


@pytest.mark.parametrize("samples", [1, 319, 320, 7040, 7360, 9000])
def test_what_is_spoken_is_as_long_as_asked(speaking, samples):
    wave = speaking.speak(encoded(speaking, utterance()).indices, "A", samples)
    assert wave.shape == (samples,)
    assert wave.dtype == np.float32
    assert np.array_equal(wave, speaking.speak(encoded(speaking, utterance()).indices, "A", samples))


def test_the_same_units_in_another_voice_or_pitch_sound_otherwise(speaking):
    units = encoded(speaking, utterance()).indices
    flat = torch.stack([units[:, 0], torch.zeros_like(units[:, 1])], dim=1)
    waves = [speaking.speak(*asked, 7360) for asked in ((units, "A"), (units, "B"), (flat, "A"))]
    assert all(not np.array_equal(waves[0], other) for other in waves[1:])


def test_what_is_spoken_is_not_brought_to_a_level(speaking):
    """The level is the network's: loudness is the conversion's business, which takes the source's."""
    wave = speaking.speak(encoded(speaking, utterance()).indices, "A", 7360)
    assert np.abs(wave).max() < 0.9


def test_a_target_is_known_by_name_and_must_have_been_learned(speaking):
    units = encoded(speaking, utterance()).indices
    with pytest.raises(InputError, match="does not know the speaker 'D'; it knows A, B, C"):
        speaking.speak(units, "D", 100)
    with pytest.raises(InputError, match="has not learned to speak as A, but as nobody yet"):
        prepared(tiny()).speak(units, "A", 100)


def test_the_row_of_a_name_goes_with_the_model(speaking, tmp_path):
    """Codes of F0, k-means and speakers are all in one folder, whose speakers may be in any order."""
    save_model(tmp_path / "model", speaking, recipe(**TINY))
    other = load_model(tmp_path / "model")
    assert other.speakers == NAMES
    frames = utterance()
    assert all(torch.equal(*pair) for pair in zip(encoded(speaking, frames), encoded(other, frames), strict=True))
    units = encoded(speaking, frames).indices
    assert np.array_equal(speaking.speak(units, "C", 7000), other.speak(units, "C", 7000))


def test_voices_can_be_heard_from_recordings_also_of_strangers():
    model = prepared(tiny(table=0, reference=5))
    spoken, _ = played(model, "vocoder")
    assert spoken == {"generator", "content", "tone", "voices", "critics"}
    assert model.hears
    units = encoded(model, utterance()).indices
    with pytest.raises(InputError, match="has not heard the speaker 'stranger'; give it recordings"):
        model.speak(units, "stranger", 100)
    draws = torch.Generator().manual_seed(0)
    recordings = [torch.randn(length, 6, generator=draws) for length in (30, 50)]
    with torch.inference_mode():
        model.hear("stranger", recordings)
        model.hear("other", [utterance()])  # with a contour beside the frames
        waves = [model.speak(units, name, 7000) for name in ("stranger", "other")]
        model.hear("stranger", recordings[::-1])
        again = model.speak(units, "stranger", 7000)
    assert not np.array_equal(*waves)
    np.testing.assert_allclose(again, waves[0], atol=1e-5)


def test_a_voice_is_heard_from_another_crop_of_the_same_speaker():
    model, of = prepared(tiny(table=0, reference=5)), batch()
    heard = []
    model.voices.encoder.register_forward_pre_hook(lambda _, arguments: heard.append(arguments[0]))
    model._voices(of)
    expected = (of.frames["hubert"][[3, 4, 5, 0, 1, 2]] - model.voices.mean) / model.voices.scale
    torch.testing.assert_close(heard[0], expected.mT)


def test_without_f0_a_unit_has_one_code():
    model = tiny(f0=None)
    of = batch()
    prepared(model, "units", "vocoder", of=of)
    played(model, "vocoder")
    assert model.pitch is None
    units = model.encode(utterance()[:, :6], torch.zeros(6)).indices
    assert units.shape == (23, 1)
    assert model.speak(units, "A", 7360).shape == (7360,)
    with pytest.raises(InputError, match="no stage 'f0-vqvae' of this system as set; known are units, pretrain"):
        model.players("f0-vqvae")


def test_a_predicted_rhythm_keeps_the_order_of_units_and_the_length_of_the_source():
    model = prepared(tiny())
    played(model, "vocoder")
    units = encoded(model, utterance(40)).indices
    as_it_was = model.speak(units, "A", 12_800)
    prepared(model, "duration")
    torch.nn.init.zeros_(model.durations.last.weight)
    places = model._rhythm(units[:, 0])  # all runs are to last as long as each other
    assert len(places) == 40
    spoken = units[places]
    assert torch.equal(*(torch.unique_consecutive(one[:, 0]) for one in (units, spoken)))
    lengths = torch.unique_consecutive(spoken[:, 0], return_counts=True)[1]
    assert int(lengths.max() - lengths.min()) <= 1
    in_rhythm = model.speak(units, "A", 12_800)
    assert in_rhythm.shape == (12_800,)
    assert not np.array_equal(in_rhythm, as_it_was)


TOLD = {"kind": "hubert", "rate": 50.0, "first": 0.01, "parameters": {"layer": 6}}


def write_codebook(path, frames=None, **changes):
    centres = np.random.default_rng(0).standard_normal((4, 6))
    write_clusters(
        Clusters(**({"centres": centres.astype(np.float32), "frames": TOLD | (frames or {})} | changes)), path
    )
    return centres


def importing(path):
    """A system that imports a file, in training on the frames of its centres."""
    model = tiny(codebook=str(path))
    model.trained_on = {"hubert": TOLD}
    return model


def test_an_imported_codebook_is_taken_as_it_is(tmp_path):
    centres = write_codebook(tmp_path / "units.npz")
    model = importing(tmp_path / "units.npz")
    prepared(model, "f0-vqvae", "units")
    assert played(model, "units", 2) == (set(), {"distortion"})
    frames = utterance()
    units = encoded(model, frames)
    apart = np.square(frames[:, None, :6].numpy() - centres[None]).sum(axis=-1)
    assert units.indices[:, 0].tolist() == apart.argmin(axis=1).tolist()
    np.testing.assert_allclose(units.vectors[:, :6].numpy(), centres[units.indices[:, 0]], rtol=1e-6)


def test_a_model_with_an_imported_codebook_needs_its_file_no_more(tmp_path):
    write_codebook(tmp_path / "units.npz")
    changes = {"codebook": str(tmp_path / "units.npz")}
    model = prepared(importing(tmp_path / "units.npz"))
    save_model(tmp_path / "model", model, recipe(**(TINY | changes)))
    (tmp_path / "units.npz").unlink()
    frames = utterance()
    assert torch.equal(encoded(load_model(tmp_path / "model"), frames).indices, encoded(model, frames).indices)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": {"kind": "wavlm"}}, "other frames than the centres .*: kind is hubert and was wavlm"),
        ({"frames": {"rate": 100.0}}, r"other frames than the centres .*: rate is 50\.0 and was 100\.0"),
        ({"frames": {"parameters": {"layer": 9}}}, "parameters is {'layer': 6} and was {'layer': 9}"),
        ({"centres": np.zeros((4, 7))}, "has 6 values per frame, the centres 7"),
        ({"centres": np.zeros((3, 6))}, "has 3 centres, not 4; correct the recipe's codes"),
    ],
)
def test_a_codebook_of_something_else_is_refused(tmp_path, changes, message):
    write_codebook(tmp_path / "units.npz", **changes)
    with pytest.raises(InputError, match=message):
        prepared(importing(tmp_path / "units.npz"), "units")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"rate": 62.5}, r"units at 62\.5 Hz are no multiple of the 12\.5 codes of F0 a second|make 320 samples"),
        ({"rate": 30.0}, "units at 30 Hz do not last for whole samples"),
        ({"f0": {"halvings": 2}}, "no multiple of the 50 codes"),
        ({"stride": 2}, "units at 25 Hz|ratios .* make 320 samples"),
        ({"codebook": "some.npz", "centred": True}, "set centred to false and stride to 1"),
        ({"table": 0}, "voices are either in a table or heard"),
        ({"reference": 4}, "voices are either in a table or heard"),
        ({"input": "logmel", "rate": 50.0}, "logmel is at 100 Hz, not 50; correct the model's rate"),
        ({"generator": {"ratios": [5, 4, 2, 2, 2]}}, "make 160 samples of a vector, which must be 320"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_told(model, message):
    if model.get("f0", {}).get("halvings"):
        model = {"f0": TINY["f0"] | model["f0"], "rate": 80.0}
        message = "units at 80 Hz are no multiple of the 50 codes"
    with pytest.raises(InputError, match=message):
        tiny(**model)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (batch(units=15), r"needs a crop that is a multiple of 0\.08 s"),
        (replace(batch(), frames=batch().frames | {"hubert": torch.zeros(6, 32, 6)}, lengths={}), "is not at 50 Hz"),
        (replace(batch(), frames=batch().frames | {"hubert": torch.zeros(6, 16, 9)}), "6 values but frames have 9"),
        (replace(batch(), frames={"hubert": torch.zeros(6, 16, 6)}), "must have peakwave, f0 among its features"),
        (replace(batch(), lengths={"hubert": torch.tensor([3] * 6)}), "not from whole utterances"),
        (batch(crops=1, units=4), "codes cannot be placed among"),
    ],
)
def test_what_it_cannot_learn_from_is_told(of, message):
    with pytest.raises(InputError, match=message):
        prepared(tiny(codes=5), "units", "f0-vqvae", of=of)


def test_a_generator_without_codes_to_speak_is_told():
    with pytest.raises(InputError, match="stage vocoder speaks codes; put stages units, f0-vqvae before it"):
        prepared(tiny(), "vocoder")
    with pytest.raises(InputError, match="put stages f0-vqvae before it"):
        prepared(tiny(), "units", "vocoder")


def test_a_recipe_without_the_pitch_that_the_model_reads_is_told():
    with pytest.raises(InputError, match="reads f0, which is not among the recipe's features; add it"):
        create_system(replace(recipe(**TINY), features=("hubert", "peakwave")), NAMES)


def test_it_trains_from_stage_to_stage_encodes_with_pitch_and_speaks_as_the_target_voices(
    tiny_manifest, tiny_manifest_folder, tiny_features, once, tmp_path
):
    stores = {kind: Store(once(kind, partial(extract, tiny_manifest, kind))) for kind in ("f0", "peakwave")}
    small = {"batch": 6, "crop": 0.32, "learning_rate": 0.001}
    stages = {"f0-vqvae": small | {"steps": 2}, "units": small | {"steps": 2}, "pretrain": small | {"steps": 1}}
    stages["vocoder"] = small | {"steps": 1, "subsets": ["voice"], "listen_every": 1}
    overrides = {"model": TINY | LOGMEL | {"values": 80}, "stages": stages, "features": ["logmel", "f0", "peakwave"]}
    wanted = build(Recipe, load_recipe(RECIPE, "paper", overrides), "the test")
    model = tmp_path / "model"
    train(wanted, tiny_manifest, {"logmel": tiny_features} | stores, model, tmp_path / "state", seed=0)
    log = (model / "log.jsonl").read_text()
    assert all(name in log for name in ("distortion", "f0_perplexity", "reconstruction", "mel", "critics"))
    # as a rule of the workflow does
    places = [model, tiny_manifest_folder, tiny_features.folder, tmp_path / "units"]
    with pytest.raises(InputError, match="reads f0 beside logmel; give the store of it as --pitch"):
        encode_main([str(place) for place in places])
    encode_main([*map(str, places), "--pitch", str(stores["f0"].folder)])
    units = Store(tmp_path / "units" / "indices")
    assert (units.width, units.rate) == (2, 50.0)
    known = load_model(model)
    trials = [trial for trial in tiny_manifest.trials if known.voices.learned[known.speaker_row(trial.target)]][:2]
    convert(tiny_manifest, trials, units, WaveVoice(known), tmp_path / "wavs")
    sources = tiny_manifest.by_name()
    for trial in trials:
        source = audio.read(tiny_manifest.path(sources[trial.source]))
        assert len(audio.read(tmp_path / "wavs" / f"{trial.name}.wav")) == len(source)
    with pytest.raises(InputError, match="holds logmel but the model reads f0"):
        encode_main([*map(str, places), "--pitch", str(tiny_features.folder)])
