"""Sound that networks make in one pass, by the command of conversion: systems that speak waves, and a vocoder."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from unitvoice import audio
from unitvoice.conversion.convert import main
from unitvoice.conversion.speaking import Request, WaveVoice, voice_of
from unitvoice.conversion.vocoding import GriffinLim, load_vocoder
from unitvoice.errors import InputError
from unitvoice.features.extract import extract
from unitvoice.models import load_model, save_model
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.units.encode import encode

RECIPES = Path(__file__).parents[2] / "workflow" / "systems"
CPU = torch.device("cpu")
CRITICS = {"scales": 1, "channels": 4, "widest": 8}
WAVES = {"channels": 8, "codes": 6, "width": 4, "speaker_width": 3}
WAVES |= {"generator": {"channels": 1}, "critics": CRITICS}


def saved(name, model, speakers, folder, **features):
    """A model folder of a system as it is before training."""
    torch.manual_seed(0)
    recipe = build(Recipe, load_recipe(RECIPES / f"{name}.yaml", "paper", {"model": model}), name)
    system = create_system(recipe, speakers)
    if name == "vqvae2-melgan":
        system.voices.learned += 1
    save_model(folder, system, recipe, features=features)
    return folder


@pytest.fixture(scope="module")
def vocoder(tmp_path_factory, tiny_features):
    small = {"generator": {"channels": 2}, "critics": CRITICS}
    return saved("melgan", small, ["A"], tmp_path_factory.mktemp("v") / "model", logmel=tiny_features.meta)


@pytest.fixture(scope="module")
def waves(tmp_path_factory, tiny_manifest, once):
    """Folder of a model that speaks waves, and of its units."""
    folder = tmp_path_factory.mktemp("waves")
    frames = Store(once("hopmel", partial(extract, tiny_manifest, "hopmel")))
    model = saved("vqvae2-melgan", WAVES, tiny_manifest.voices, folder / "model", hopmel=frames.meta)
    encode(load_model(model), tiny_manifest.subset("test", "voice"), frames, folder / "units")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.wav")}


def test_trials_are_spoken_in_one_pass_each_as_long_as_its_source_and_the_same_again(
    waves, tiny_manifest, tiny_manifest_folder, tmp_path
):
    places = [str(waves / "model"), str(tiny_manifest_folder), str(waves / "units")]
    for name in ("one", "two"):
        main([*places, str(tmp_path / name)])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    sources = tiny_manifest.by_name()
    for trial in tiny_manifest.trials:
        path = tiny_manifest.path(sources[trial.source])
        assert audio.info(tmp_path / "one" / f"{trial.name}.wav").frames == len(audio.read(path))


def test_the_company_of_an_utterance_does_not_change_its_sound(waves):
    system = load_model(waves / "model")
    speak = voice_of(system, GriffinLim(), 1, "float32")
    assert isinstance(speak, WaveVoice)
    units = torch.randint(6, (9, 2), generator=torch.Generator().manual_seed(0))
    one, other = Request("a", units[:4], system.speakers[0], 3000), Request("b", units[4:], system.speakers[-1], 99)
    together = {request.name: wave for request, wave in speak([other, one])}
    ((_, alone),) = speak([one])
    assert np.array_equal(together["a"], alone)


def test_a_system_that_speaks_waves_wants_neither_a_vocoder_nor_another_precision(waves, vocoder):
    system = load_model(waves / "model")
    with pytest.raises(InputError, match="makes sound by itself; leave out the vocoder"):
        load_vocoder(vocoder, system, CPU)
    with pytest.raises(InputError, match="does not speak sample by sample speaks in float32, not bf16"):
        voice_of(system, GriffinLim(), 1, "bf16")


def test_a_trained_vocoder_speaks_decoded_frames_instead_of_phase_reconstruction(
    tiny_model, vocoder, tiny_manifest_folder, tiny_manifest, tiny_features, tmp_path
):
    encode(load_model(tiny_model), tiny_manifest.subset("test"), tiny_features, tmp_path / "units")
    places = [str(tiny_model), str(tiny_manifest_folder), str(tmp_path / "units")]
    main([*places, str(tmp_path / "network"), "--vocoder", str(vocoder)])
    main([*places, str(tmp_path / "phases"), "--iterations", "1"])
    network, phases = contents(tmp_path / "network"), contents(tmp_path / "phases")
    assert set(network) == set(phases) == {f"{trial.name}.wav" for trial in tiny_manifest.trials}
    assert {name: len(wave) for name, wave in network.items()} == {name: len(wave) for name, wave in phases.items()}
    system = load_model(vocoder)
    trial = tiny_manifest.trials[0]
    units = torch.tensor(Store(tmp_path / "units" / "indices")[trial.source].astype(np.int64))
    heard = audio.read(tiny_manifest.path(tiny_manifest.by_name()[trial.source]))
    frames = load_model(tiny_model).decode(units, trial.target, 1 + len(heard) // 160)
    expected = audio.match_loudness(system.vocode(frames, len(heard)), heard)
    found = audio.read(tmp_path / "network" / f"{trial.name}.wav")
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=1 / 32767)


def test_what_was_kept_with_another_vocoder_is_not_taken(
    tiny_model, vocoder, tiny_manifest_folder, tiny_manifest, tiny_features, tmp_path, monkeypatch
):
    encode(load_model(tiny_model), tiny_manifest.subset("test"), tiny_features, tmp_path / "units")
    places = [str(tiny_model), str(tiny_manifest_folder), str(tmp_path / "units")]
    options = ["--iterations", "1", "--state", str(tmp_path / "state")]
    write = audio.write

    def failing(path, wave):
        write(path, wave)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audio, "write", failing)
    with pytest.raises(OSError, match="No space left"):
        main([*places, str(tmp_path / "out"), *options])
    monkeypatch.undo()
    main([*places, str(tmp_path / "out"), *options, "--vocoder", str(vocoder)])
    main([*places, str(tmp_path / "expected"), "--vocoder", str(vocoder)])
    assert contents(tmp_path / "out") == contents(tmp_path / "expected")


def test_a_model_that_is_no_vocoder_and_one_of_other_frames_are_refused(tiny_model, tiny_features, tmp_path):
    system = load_model(tiny_model)
    with pytest.raises(InputError, match="is a model, but no vocoder; train the recipe melgan"):
        load_vocoder(tiny_model, system, CPU)
    other = tiny_features.meta | {"parameters": tiny_features.meta["parameters"] | {"hop": 200}}
    made = saved("melgan", {"generator": {"channels": 1}, "critics": CRITICS}, ["A"], tmp_path / "m", logmel=other)
    with pytest.raises(InputError, match="was trained on other logmel frames than the model decodes"):
        load_vocoder(made, system, CPU)


def test_a_vocoder_that_speaks_sample_by_sample_speaks_many_at_once_as_it_speaks_each(
    tiny_model, tiny_features, tmp_path
):
    folder = saved("wavernn", {"hidden": 8, "head": 8}, ["A"], tmp_path / "vocoder", logmel=tiny_features.meta)
    system = load_model(tiny_model)
    vocoder = load_vocoder(folder, system, CPU)
    voice = voice_of(system, vocoder, 2, "int8")
    draws = torch.Generator().manual_seed(0)
    asked = [
        Request(f"r{count}", torch.randint(16, (count, 1), generator=draws), system.speakers[0], 320 * count - 100)
        for count in (2, 1, 1)
    ]
    asked[2] = replace(asked[2], name="another")
    spoken = {request.name: wave for request, wave in voice(asked)}
    assert {name: len(wave) for name, wave in spoken.items()} == {one.name: one.samples for one in asked}
    assert not np.array_equal(spoken["r1"], spoken["another"])
    ((_, alone),) = voice(asked[1:2])
    np.testing.assert_array_equal(alone, spoken["r1"])
    frames = system.decode(asked[0].units, asked[0].speaker, 4)
    torch.testing.assert_close(
        voice.system.conditions(asked[0].units, asked[0].speaker), vocoder.system.conditions(frames, "")
    )
