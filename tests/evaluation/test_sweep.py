"""The curve of one model: fewer bits at a higher price of a segment, and the plain scores at none."""

import json
from dataclasses import replace

import pytest

from unitvoice.evaluation import sweep
from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.bitrate import bitrate
from unitvoice.evaluation.task import read_task
from unitvoice.manifest import read_manifest, write_manifest
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.units import encode


@pytest.fixture(scope="module")
def units(tmp_path_factory, tiny_model, tiny_manifest, tiny_features):
    folder = tmp_path_factory.mktemp("units") / "units"
    encode.encode(load_model(tiny_model), tiny_manifest.subset("test"), tiny_features, folder)
    return folder


@pytest.fixture
def run(tiny_model, units, tmp_path):
    def made(manifest, *penalties):
        output = tmp_path / "sweep.json"
        sweep.main([str(tiny_model), str(manifest), str(units), str(output), "--penalties", *map(str, penalties)])
        return json.loads(output.read_text())

    return made


def test_without_a_price_the_scores_are_those_of_the_units_and_a_price_saves_bits(run, tiny_manifest_folder, units):
    manifest, vectors = read_manifest(tiny_manifest_folder), Store(units / "vectors")
    found = run(tiny_manifest_folder, 4, 0)
    first, last = found["points"]
    assert (first["penalty"], last["penalty"], found["absent"]) == (0, 4, {})
    plain = bitrate(vectors, manifest.bitrate)
    assert first["all"]["bitrate"] == pytest.approx(plain.bitrate)
    assert first["runs"]["bitrate"] == pytest.approx(plain.run_collapsed_bitrate)
    assert first["all"]["abx"] == abx(read_task(manifest.tasks["test"], mode="across"), vectors).error
    assert last["runs"]["bitrate"] < first["runs"]["bitrate"] < first["all"]["bitrate"]
    assert last["segments_per_second"] < first["segments_per_second"] <= vectors.rate


def test_without_a_task_there_is_a_bitrate_and_a_reason(run, tiny_manifest, tmp_path):
    write_manifest(replace(tiny_manifest, tasks={}), tmp_path / "manifest")
    found = run(tmp_path / "manifest", 1)
    assert set(found["points"][0]["all"]) == {"bitrate"}
    assert found["absent"] == {f"1-{form}-abx": "the corpus has no ABX task for test" for form in ("all", "runs")}
