"""The codec: all systems with codes, rates as measured and as accounted, and streams of another model are told."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unitvoice import audio
from unitvoice.bitstream import unpack
from unitvoice.codec import codebook_sizes, main, read_stream
from unitvoice.conversion.direct import Coder, load_coder
from unitvoice.errors import InputError
from unitvoice.features.kinds import feature_kind
from unitvoice.models import save_model
from unitvoice.settings import build
from unitvoice.store import Store
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe
from unitvoice.systems.table import SYSTEMS
from unitvoice.units.encode import encode

NOISE = (0.1 * np.random.default_rng(0).standard_normal(4000)).astype(np.float32)
RECIPES = Path(__file__).parents[1] / "workflow" / "systems"


@pytest.fixture(scope="module")
def coder(tiny_model):
    return load_coder(tiny_model)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    wave = 0.05 * np.random.default_rng(0).standard_normal(8001)
    place = tmp_path_factory.mktemp("recording") / "a.wav"
    audio.write(place, wave)
    return place


@pytest.fixture(scope="module")
def stream(tiny_model, recording):
    place = recording.with_suffix(".uv")
    main(["encode", str(tiny_model), str(recording), str(place)])
    return place


def decoded(model, stream, target, folder):
    main(["decode", str(model), str(stream), str(folder / "o.wav"), "--target", target, "--iterations", "1"])
    return audio.read(folder / "o.wav")


def test_speech_comes_back_as_long_and_about_as_loud_in_the_chosen_voice(
    tiny_model, coder, recording, stream, tmp_path
):
    one, other = (decoded(tiny_model, stream, name, tmp_path) for name in coder.system.speakers[:2])
    heard = audio.read(recording)
    assert len(one) == len(other) == len(heard)
    assert not np.array_equal(one, other)
    assert np.sqrt(np.mean(one**2)) == pytest.approx(np.sqrt(np.mean(heard**2)), rel=0.04)


def test_the_stream_holds_the_units_of_the_pipeline(tiny_model, tiny_manifest, tiny_features, coder, tmp_path):
    one = tiny_manifest.subset("test")[0]
    encode(coder.system, [one], tiny_features, tmp_path / "u")
    main(["encode", str(tiny_model), str(tiny_manifest.path(one)), str(tmp_path / "s.uv")])
    found = read_stream(coder, tmp_path / "s.uv").units
    np.testing.assert_array_equal(found, Store(tmp_path / "u" / "indices")[one.utterance])


def test_the_rate_is_printed_as_measured_and_as_accounted(tiny_model, recording, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        main(["encode", str(tiny_model), str(recording), str(tmp_path / "a.uv")])
    size = (tmp_path / "a.uv").stat().st_size
    assert f"{size} bytes for 0.50 s, {8 * size / (8001 / 16_000):.0f} bit/s with its header" in caplog.text
    assert "fixed rate of the codes is 200 bit/s" in caplog.text  # 50 codes a second out of 16


def test_the_payload_has_just_the_fixed_rate(stream):
    found = unpack(stream.read_bytes(), "it")
    assert found.shared == (1,)
    assert stream.stat().st_size == 27 + 2 + len(found.codes) * 4 / 8 + 4


def test_silence_stays_silence(tiny_model, coder, tmp_path):
    audio.write(tmp_path / "s.wav", np.zeros(4000))
    main(["encode", str(tiny_model), str(tmp_path / "s.wav"), str(tmp_path / "s.uv")])
    assert (decoded(tiny_model, tmp_path / "s.uv", coder.system.speakers[0], tmp_path) == 0).all()


def test_a_stream_of_another_model_is_told(tiny_model, coder, stream, tiny_recipe, tmp_path):
    torch.manual_seed(9)
    save_model(tmp_path / "other", create_system(tiny_recipe, coder.system.speakers), tiny_recipe)
    with pytest.raises(InputError, match=r"a\.uv was encoded with another model than .*other; decode"):
        decoded(tmp_path / "other", stream, coder.system.speakers[0], tmp_path)
    moved = shutil.copytree(tiny_model, tmp_path / "moved")
    assert len(decoded(moved, stream, coder.system.speakers[0], tmp_path)) == 8001


@given(data=st.data())
def test_whatever_happens_to_a_file_there_is_one_message(data, coder, stream, tmp_path_factory):
    content = bytearray(stream.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    place = tmp_path_factory.getbasetemp() / "fuzzed.uv"
    place.write_bytes(content)
    if content != stream.read_bytes():
        with pytest.raises(InputError, match=r"fuzzed\.uv"):
            read_stream(coder, place)


def test_an_unknown_voice_and_a_missing_file_are_told(tiny_model, stream, tmp_path):
    with pytest.raises(InputError, match="does not know the speaker 'X'"):
        decoded(tiny_model, stream, "X", tmp_path)
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_sizes_of_the_codebooks_belong_to_the_codes_of_every_system(name):
    recipe = build(Recipe, load_recipe(RECIPES / f"{name}.yaml", "demo"), name)
    torch.manual_seed(0)
    system = create_system(recipe, ["A", "B"]).eval()
    sizes = codebook_sizes(system)
    assert bool(sizes) == (system.discrete and system.has_units)
    if sizes:
        pitch = feature_kind(system.pitch) if system.pitch else None
        coder = Coder(Path("model"), system.requires_grad_(requires_grad=False), feature_kind(system.input), pitch)
        codes = coder.units(NOISE).indices.numpy()
        assert codes.shape[1] == len(sizes)
        assert (codes < sizes).all()
