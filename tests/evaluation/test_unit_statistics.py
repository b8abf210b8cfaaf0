"""Unit statistics of a made-up corpus whose numbers are known, and what is absent with a reason."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unitvoice.errors import InputError
from unitvoice.evaluation.unit_statistics import PARTS, main, read_corpus
from unitvoice.manifest import Manifest, Phone, Utterance, write_manifest
from unitvoice.store import create_store

RATE = 50.0
TABLE = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
SPOKEN = [(0.0, 0.2, "a"), (0.2, 0.3, "b"), (0.3, 0.4, "c")]
PERFECT = [0] * 10 + [1] * 5 + [2] * 5  # 20 frames of 20 ms, the first around 10 ms


def write_units(folder, codes):
    """Stores of the codes, (T,) by utterance; what was quantised lies 1 beside its code."""
    for kind in ("indices", "vectors", "continuous"):
        dtype = "int32" if kind == "indices" else "float32"
        with create_store(folder / kind, kind=kind, rate=RATE, first=0.01, dtype=dtype) as store:
            for name, found in codes.items():
                made = {"indices": np.array(found)[:, None], "vectors": TABLE[found]}
                store.append(name, made[kind] if kind in made else TABLE[found] + [1, 0])


@pytest.fixture
def manifest(tmp_path):
    names = [f"s{i % 2}u{i}" for i in range(8)]
    utterances = tuple(Utterance(name, name[:2], "test", f"{name}.wav", None, None, 1.0) for name in names)
    phones = tuple(Phone(name, *one) for name in names for one in SPOKEN)
    bitrate = tuple((name, 0.4) for name in names)
    return Manifest("made", "english", tmp_path, utterances, (), bitrate, {}, phones)


@pytest.fixture
def run(tmp_path, manifest):
    """``run(codes, ...)``: the statistics of the same codes in all utterances."""

    def made(codes, *options, **changes):
        write_manifest(replace(manifest, **changes), tmp_path / "manifest")
        write_units(tmp_path / "units", {one.utterance: codes for one in manifest.utterances})
        main([str(tmp_path / name) for name in ("manifest", "units", "out")] + list(options))
        return json.loads((tmp_path / "out" / "statistics.json").read_text())

    return made


def test_perfect_units_have_perfect_scores(run, tmp_path):
    found = run(PERFECT, "--points", "40")
    assert found["phones"]["normalised_mutual_information"] == pytest.approx(1)
    assert found["phones"]["phone_purity"] == found["phones"]["cluster_purity"] == 1
    assert found["phones"]["frames_between_phones"] == 0
    # the start of the first phone and the end of the last are no changes of units
    assert (found["boundaries"]["precision"], found["boundaries"]["recall"]) == (1, 0.5)
    assert found["usage"]["counts"] == {"0": 80, "1": 40, "2": 40}
    assert found["usage"]["perplexity"] == pytest.approx(2**1.5)
    assert found["usage"]["bitrate"] == pytest.approx(50 * 1.5)
    assert found["runs"]["lengths"] == {"5": 16, "10": 8}
    assert found["runs"]["mean_ms"] == pytest.approx(1000 * 0.4 / 3, abs=1e-3)
    table = pd.read_csv(tmp_path / "out" / "phone_units.csv")
    assert table.to_numpy().tolist() == [["a", 0, 80], ["b", 1, 40], ["c", 2, 40]]
    for name, pairs in (("unit_bigrams", [[0, 1], [1, 2]]), ("phone_bigrams", [["a", "b"], ["b", "c"]])):
        bigrams = pd.read_csv(tmp_path / "out" / f"{name}.csv")
        assert bigrams.to_numpy().tolist() == [[*pair, 8, 1.0] for pair in pairs]
    maps = pd.read_csv(tmp_path / "out" / "maps.csv")
    assert found["maps"]["points"] == len(maps) == 40
    assert set(zip(maps["phone"], maps["unit"], strict=True)) == {("a", 0), ("b", 1), ("c", 2)}
    assert set(maps["speaker"]) == {"s0", "s1"}


def test_distances_are_those_between_codes_and_to_them(run):
    found = run(PERFECT, "--maps")["distances"]
    edges = np.array(found["edges"])
    expected = np.histogram([3, 4, 5], edges)[0]
    assert found["between_codes"] == expected.tolist()
    assert found["frames_to_codes"] == np.histogram(np.ones(160), edges)[0].tolist()


def test_constant_units_tell_nothing_and_never_change(run):
    found = run([1] * 20, "--maps")
    assert found["phones"]["adjusted_mutual_information"] == pytest.approx(0, abs=1e-12)
    assert found["usage"]["perplexity"] == 1
    assert "never change" in found["boundaries"]["absent"]
    assert "no maps" in found["maps"]["absent"]
    assert found["speaker_after"]["frame_accuracy"] == found["speaker_after"]["chance"] == 50


def test_without_alignments_there_is_everything_that_needs_none(run, tmp_path):
    found = run(PERFECT, phones=())
    for name in ("phones", "boundaries"):
        assert "alignments" in found[name]["absent"]
    for name in ("usage", "runs", "speaker_before", "distances", "maps"):
        assert "absent" not in found[name]
    assert not (tmp_path / "out" / "phone_units.csv").exists()


def test_frames_between_phones_do_not_count(run, manifest):
    phones = tuple(one for one in manifest.phones if one.phone != "b")
    found = run(PERFECT, "--maps", phones=phones)
    assert found["phones"]["frames_between_phones"] == 40
    assert found["phones"]["frames"] == 120


def test_codes_of_several_codebooks_are_one_unit(tmp_path, manifest):
    units = tmp_path / "units"
    for kind in ("indices", "vectors", "continuous"):
        with create_store(units / kind, kind=kind, rate=RATE, dtype="int32") as store:
            store.append("s0u0", np.array([[1, 2], [1, 2], [1, 3]]))
    corpus = read_corpus(manifest, units)
    assert corpus.codes == ("1-2", "1-3")
    assert corpus.units["s0u0"].tolist() == [0, 0, 1]
    assert corpus.runs("s0u0").tolist() == [0, 2]


def test_a_system_without_codes_has_statistics_that_are_all_absent(run, tmp_path):
    run(PERFECT, "--maps")
    shutil.rmtree(tmp_path / "units" / "indices")
    main([str(tmp_path / name) for name in ("manifest", "units", "out")])
    found = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert list(found) == list(PARTS)
    assert all(part == {"absent": "the system has no codes"} for part in found.values())


def test_no_units_at_all_and_a_test_set_without_units_are_refused(tmp_path, manifest):
    with pytest.raises(InputError, match="not a store"):
        read_corpus(manifest, tmp_path)
    write_units(tmp_path / "units", {"other": [0]})
    with pytest.raises(InputError, match="encode the subset test"):
        read_corpus(manifest, tmp_path / "units")
