"""Model folders: complete, movable, and never half-read."""

import os
import shutil

import pytest
import torch
from unsealing import unsealed

from unitvoice.errors import InputError
from unitvoice.files import read_json, write_json
from unitvoice.models import load_model, save_model
from unitvoice.provenance import SEAL
from unitvoice.systems.catalogue import create_system


@pytest.fixture
def model(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "model")


def test_a_model_is_read_back_as_it_was(tiny_recipe, tmp_path):
    system = create_system(tiny_recipe, ["Zoë", "a b", "A"])
    save_model(tmp_path / "m", system, tiny_recipe, seed=3)
    found = load_model(tmp_path / "m")
    assert found.speakers == ("Zoë", "a b", "A")
    for name, tensor in system.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name
    assert read_json(tmp_path / "m" / "model.json")["seed"] == 3


def test_a_model_that_was_moved_encodes_the_same(model, tmp_path):
    frames = torch.randn(31, 80, generator=torch.Generator().manual_seed(0))
    before = load_model(model).encode(frames, frames.mean(dim=0))
    moved = shutil.move(model, tmp_path / "elsewhere")
    after = load_model(moved).encode(frames, frames.mean(dim=0))
    assert torch.equal(before.indices, after.indices)
    assert torch.equal(before.vectors, after.vectors)


def test_what_is_read_is_ready_to_use_and_not_to_train(model):
    system = load_model(model)
    assert not system.training
    assert not any(parameter.requires_grad for parameter in system.parameters())


def test_equal_models_give_equal_bytes(tiny_recipe, tmp_path):
    for name in ("a", "b"):
        torch.manual_seed(0)
        save_model(tmp_path / name, create_system(tiny_recipe, ["A"]), tiny_recipe)
    a, b = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert a == b
    assert set(a) == {"weights.safetensors", "model.json", "log.jsonl", SEAL}


def test_a_full_disk_is_an_error_of_the_system_and_leaves_nothing(tiny_recipe, tmp_path, disk_with_room_for):
    system = create_system(tiny_recipe, ["A"])
    with disk_with_room_for(4096), pytest.raises(OSError, match="File too large"):
        save_model(tmp_path / "m", system, tiny_recipe)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(InputError, match=r"is not a model \(it has no model\.json\)"):
        load_model(tmp_path)


@pytest.mark.parametrize("size", [0, 4, 100, -100])
def test_weights_that_were_cut_are_told(model, size):
    path = model / "weights.safetensors"
    os.truncate(path, size if size >= 0 else path.stat().st_size + size)
    with pytest.raises(InputError, match=r"is damaged: weights\.safetensors is not as it was written"):
        load_model(model)
    with pytest.raises(InputError, match=r"weights\.safetensors does not fit its model"):
        load_model(unsealed(model))


def test_absent_weights_are_told(model):
    (model / "weights.safetensors").unlink()
    with pytest.raises(InputError, match=r"is damaged: weights\.safetensors is not as it was written"):
        load_model(model)
    with pytest.raises(InputError, match=r"weights\.safetensors does not fit its model"):
        load_model(unsealed(model))


@pytest.mark.parametrize("change", [{"codes": 17}, {"layers": 2}])
def test_weights_of_another_recipe_are_told(model, change):
    described = read_json(model / "model.json")
    described["recipe"]["model"] |= change
    write_json(unsealed(model) / "model.json", described)
    with pytest.raises(InputError, match="does not fit its model"):
        load_model(model)


@pytest.mark.parametrize("key", ["recipe", "speakers"])
def test_a_description_that_lacks_something_is_told(model, key):
    described = read_json(model / "model.json")
    del described[key]
    write_json(unsealed(model) / "model.json", described)
    with pytest.raises(InputError, match="has no recipe or no speakers"):
        load_model(model)


def test_a_description_with_an_unknown_key_is_told(model):
    described = read_json(model / "model.json")
    described["recipe"]["nope"] = 1
    write_json(unsealed(model) / "model.json", described)
    with pytest.raises(InputError, match=r"model\.json is not valid: nope: unknown key"):
        load_model(model)
