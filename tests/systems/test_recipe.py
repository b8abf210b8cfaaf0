"""Recipes: overlays, overrides, and everything that a recipe may not be."""

import json
from pathlib import Path

import pytest
import yaml

from unitvoice.errors import InputError
from unitvoice.files import write_json
from unitvoice.systems.recipe import Recipe, load_recipe, main, read_recipe

STAGE = {"steps": 100, "batch": 8, "crop": 0.5, "learning_rate": 0.001}
RECIPE = {
    "system": "vqvae-mel",
    "description": "d",
    "features": ["logmel"],
    "model": {"channels": 64, "codes": 32},
    "stages": {"one": STAGE, "two": STAGE},
    "demo": {"model": {"channels": 8}, "stages": {"one": {"steps": 5}}},
}
RECIPES = sorted((Path(__file__).parents[2] / "workflow" / "systems").glob("*.yaml"))


@pytest.fixture
def write(tmp_path):
    def written(**changes):
        content = {key: value for key, value in (RECIPE | changes).items() if value is not ...}
        (tmp_path / "r.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return tmp_path / "r.yaml"

    return written


def test_paper_size_has_no_trace_of_the_overlay(write):
    assert load_recipe(write()) == {key: value for key, value in RECIPE.items() if key != "demo"}


def test_an_overlay_changes_what_it_names_alone(write):
    found = load_recipe(write(), "demo")
    assert found["model"] == {"channels": 8, "codes": 32}
    assert found["stages"] == {"one": STAGE | {"steps": 5}, "two": STAGE}
    assert "demo" not in found


def test_overrides_have_the_last_word(write):
    found = load_recipe(write(), "demo", {"model": {"channels": 9}, "stages": {"two": {"clip": 1.0}}})
    assert found["model"] == {"channels": 9, "codes": 32}
    assert found["stages"]["one"]["steps"] == 5
    assert found["stages"]["two"] == STAGE | {"clip": 1.0}


@pytest.mark.parametrize("size", ["demo", "huge"])
def test_a_size_without_overlay_is_told(write, size):
    with pytest.raises(InputError, match=f"has no overlay '{size}'; known sizes are paper, demo"):
        load_recipe(write(demo=...), size)


@pytest.mark.parametrize("overlay", [3, "text", ["model"]])
def test_an_overlay_that_is_no_mapping_is_told(write, overlay):
    with pytest.raises(InputError, match=r"the overlay 'demo' of .*r\.yaml must hold a mapping"):
        load_recipe(write(demo=overlay), "demo")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nope": 1}, "nope: unknown key"),
        ({"system": ...}, "system: field required"),
        ({"features": "logmel"}, "features: "),
        ({"model": 3}, "model: "),
        ({"stages": {"one": STAGE | {"step": 3}}}, r"stages\.one\.step: unknown key"),
        ({"stages": {"one": STAGE | {"steps": "many"}}}, r"stages\.one\.steps: "),
        ({"stages": {"one": {"steps": 3}}}, r"stages\.one\.batch: field required"),
        ({"stages": {"one": STAGE | {"sampling": "luck"}}}, r"stages\.one\.sampling: .*'utterance'"),
        ({"stages": {"one": None}}, r"stages\.one: "),
    ],
)
def test_a_recipe_that_is_not_valid_is_told_with_file_and_key(write, changes, message):
    with pytest.raises(InputError, match=rf"r\.yaml is not valid: .*{message}"):
        load_recipe(write(**changes))


@pytest.mark.parametrize("overrides", [{"stages": {"nope": {"steps": 3}}}, {"modle": {}}, {"demo": {"model": {}}}])
def test_overrides_of_what_is_not_there_are_refused(write, overrides):
    with pytest.raises(InputError, match=r"r\.yaml is not valid"):
        load_recipe(write(), "demo", overrides)


def test_a_number_without_a_point_is_a_number(write):
    path = write()
    path.write_text(path.read_text().replace("learning_rate: 0.001", "learning_rate: 1e-3"))  # text to YAML 1.1
    content = load_recipe(path)
    write_json(path.with_suffix(".json"), content)
    assert read_recipe(path.with_suffix(".json")).stages["one"].learning_rate == 0.001


def test_the_command_writes_what_is_read_back(write, tmp_path):
    overrides = json.dumps({"stages": {"one": {"decay_at": [3, 4]}}, "subsets": ["unit"]})
    main([str(write()), str(tmp_path / "r.json"), "--size", "demo", "--overrides", overrides])
    recipe = read_recipe(tmp_path / "r.json")
    assert isinstance(recipe, Recipe)
    assert (recipe.system, recipe.features, recipe.subsets) == ("vqvae-mel", ("logmel",), ("unit",))
    assert (recipe.stages["one"].steps, recipe.stages["one"].decay_at) == (5, (3, 4))
    assert list(recipe.stages) == ["one", "two"]


@pytest.mark.parametrize("content", ["[]", "3", "{}", "{"])
def test_a_resolved_recipe_that_is_damaged_is_told(tmp_path, content):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(InputError, match=r"r\.json"):
        read_recipe(tmp_path / "r.json")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
@pytest.mark.parametrize("size", ["paper", "demo"])
def test_every_published_recipe_is_valid_in_both_sizes(path, size):
    assert load_recipe(path, size)["system"] == path.stem
