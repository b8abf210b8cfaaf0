"""Changes of pitch: they reach the codes of F0 of a system that has pitch, and are refused by one that has none."""

from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice import api, audio
from unitvoice.bitstream import unpack
from unitvoice.errors import InputError
from unitvoice.features.contours import Contours, WithContours
from unitvoice.features.extract import extract
from unitvoice.features.f0 import track_f0
from unitvoice.manifest import Manifest, Utterance
from unitvoice.models import save_model
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.units.encode import encode

RECIPE = Path(__file__).parents[2] / "workflow" / "systems" / "code-hifigan.yaml"
MODEL = {
    "input": "logmel",
    "values": 80,
    "rate": 100.0,
    "first": 0.0,
    "stride": 2,
    "centred": True,
    "codes": 16,
    "inits": 1,
    "width": 4,
    "table": 4,
    "f0": {"codes": 20, "width": 6, "channels": 4},
    "generator": {"channels": 32, "kernels": [3], "dilations": [1]},
    "critics": {"periods": [2], "scales": 1, "period_channels": 2, "widest": 4, "scale_channels": 4},
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """A recording of a voice that rises and falls, and at last rests."""
    time = np.arange(16_080) / 16_000
    phase = np.cumsum(140 * 1.3 ** np.sin(2 * np.pi * time) / 16_000)
    wave = 0.3 * (time < 0.8) * sum(np.sin(2 * np.pi * n * phase) / n for n in range(1, 9))
    place = tmp_path_factory.mktemp("said") / "said.wav"
    audio.write(place, wave)
    return place


@pytest.fixture(scope="module")
def model(tmp_path_factory, said):
    """An untrained model of units with pitch, codes of F0 drawn from what it hears, and one voice that is learned."""
    folder = tmp_path_factory.mktemp("code-hifigan") / "model"
    values = load_recipe(RECIPE, "paper", {"model": MODEL, "features": ["logmel", "f0", "peakwave"]})
    recipe = build(Recipe, values, "code-hifigan")
    torch.manual_seed(0)
    system = create_system(recipe, ["A", "B"])
    system.voices.learned[1] = 1
    with torch.no_grad():
        loud = torch.from_numpy(track_f0(api.read(said)))
        seen = torch.stack([torch.randn(len(loud)) * loud[:, 1], loud[:, 1]], dim=1)
        system.f0.initialise(seen[:160].expand(8, -1, -1) * torch.randn(8, 1, 1), torch.Generator().manual_seed(0))
        system.quantiser.centres.normal_()
    save_model(folder, system, recipe)
    return folder


def coded(run, model, said, folder, *options):
    run("encode", model, said, folder / "x.uv", *options)
    return unpack((folder / "x.uv").read_bytes(), "x.uv")


def test_units_with_pitch_are_those_of_the_pipeline(model, said, tmp_path):
    one = Utterance("said", "S", "test", said.name, None, None, 1.0)
    manifest = Manifest("made", "up", said.parent, (one,))
    for kind in ("logmel", "f0"):
        extract(manifest, kind, tmp_path / kind)
    loaded = api.load(model)
    frames = WithContours(Store(tmp_path / "logmel"), Contours(Store(tmp_path / "f0"), [one]))
    encode(loaded.system, [one], frames, tmp_path / "u")
    np.testing.assert_array_equal(api.units(loaded, said).indices, Store(tmp_path / "u" / "indices")["said"])


def test_codes_of_f0_are_stored_at_their_rate(run, model, said, tmp_path):
    found = coded(run, model, said, tmp_path)
    assert found.codes.shape == (51, 2)
    assert found.shared[1] % 4 == 0
    assert found.fixed_rate <= 50 * 4 + 13 * 5


@pytest.mark.parametrize("change", [("--flatten",), ("--pitch-shift", 7), ("--pitch-shift", -7)])
def test_a_change_of_pitch_changes_the_codes_of_f0_alone(run, model, said, tmp_path, change):
    as_is, changed = (coded(run, model, said, tmp_path, *options).codes for options in ((), change))
    np.testing.assert_array_equal(as_is[:, 0], changed[:, 0])
    assert (as_is[:, 1] != changed[:, 1]).any()


def test_converted_speech_hears_of_the_change_in_all_learned_voices(run, model, said, tmp_path):
    for name, options in (("a", ()), ("b", ("--flatten",)), ("c", ("--pitch-shift", 5))):
        run("convert", model, said, tmp_path / f"{name}.wav", "--target", "all", *options)
    a, b, c = (audio.read(tmp_path / f"{name}.wav") for name in "abc")
    assert len(a) == len(b) == len(c) == 16_080
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, c)
    flat = api.convert(api.load(model), said, "B", intonation=api.Intonation(flat=True))
    np.testing.assert_allclose(flat, b, atol=1e-4)
    with pytest.raises(InputError, match="has not learned to speak as A, but as B"):
        run("convert", model, said, tmp_path / "d.wav", "--target", "A")


@pytest.mark.parametrize("change", [("--flatten",), ("--pitch-shift", 2)])
@pytest.mark.parametrize("command", ["convert", "resynthesise", "encode"])
def test_a_system_without_pitch_refuses_to_change_it(run, tiny_model, said, speakers, tmp_path, command, change):
    target = {"convert": ("--target", speakers[0]), "resynthesise": ("--speaker", speakers[0]), "encode": ()}[command]
    with pytest.raises(InputError, match="has units without pitch; leave out the changes of pitch"):
        run(command, tiny_model, said, tmp_path / "o.wav", *target, *change)
