"""Metadata from a recipe."""

import pytest
import yaml

from unitvoice.files import write_json
from unitvoice.settings import build
from unitvoice.submission import metadata
from unitvoice.submission.describe import describe, main
from unitvoice.systems.recipe import Recipe

STAGE = {"steps": 100, "batch": 8, "crop": 0.5, "learning_rate": 0.001}
RECIPE = {
    "system": "vqvae-mel",
    "description": "codes: of 'speech', é and # more",
    "features": ["logmel"],
    "model": {"channels": 64, "decay": 0.99},
    "stages": {"one": STAGE, "two": STAGE | {"steps": 7}},
}
AUTHOR = ["--author", "Zoë: O'Neil", "--affiliation", "- none\nat all"]


def described(tmp_path, *options):
    write_json(tmp_path / "recipe.json", RECIPE)
    main([str(tmp_path / "recipe.json"), str(tmp_path / "metadata.yaml"), *AUTHOR, *options])
    return yaml.safe_load((tmp_path / "metadata.yaml").read_text(encoding="utf-8"))


def test_the_recipe_is_told_in_full():
    found = describe(build(Recipe, RECIPE, "the test"), "cosine")
    assert found["system description"] == RECIPE["description"]
    assert found["hyperparameters"] == {
        "system": "vqvae-mel",
        "channels": 64,
        "decay": 0.99,
        "stages": {"one": "100 steps of 8 crops of 0.5 s", "two": "7 steps of 8 crops of 0.5 s"},
    }


@pytest.mark.parametrize(
    ("distance", "declared"), [("cosine", "dtw_cosine"), ("KL", "dtw_kl"), ("levenshtein", "levenshtein")]
)
def test_each_distance_has_its_official_name(tmp_path, distance, declared):
    assert described(tmp_path, "--distance", distance)["abx distance"] == declared


def test_text_with_the_signs_of_yaml_comes_back(tmp_path):
    found = described(tmp_path)
    assert (found["author"], found["affiliation"]) == (AUTHOR[1], AUTHOR[3])
    assert found["system description"] == RECIPE["description"]


def test_nothing_is_declared_that_was_not_said(tmp_path):
    flags = {
        "open source": "--open-source",
        "using parallel train": "--parallel-train",
        "using external data": "--external-data",
    }
    found = described(tmp_path)
    assert all(found[name] is False for name in flags)
    for name, flag in flags.items():
        found = described(tmp_path, flag)
        assert {other: found[other] for other in flags} == {other: other == name for other in flags}


def test_what_is_written_is_what_the_submission_accepts(tmp_path):
    described(tmp_path)
    content = metadata.read_metadata(tmp_path / "metadata.yaml")
    assert metadata.split(content, ("2019",), 0)


def test_the_author_must_be_named(tmp_path):
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "recipe.json"), str(tmp_path / "metadata.yaml"), "--affiliation", "x"])
