"""Units from elsewhere and for elsewhere."""

import json
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import MiniBatchKMeans

from unitvoice.errors import InputError
from unitvoice.features.clusters import Clusters, read_clusters, write_clusters
from unitvoice.manifest import Manifest, Utterance, write_manifest
from unitvoice.store import Store, create_store
from unitvoice.units.exchange import _joined, import_units, main
from unitvoice.units.exchange_lines import Line, collapsed, expanded, read_lines, write_lines

FORMS = ("km", "named", "tabbed", "jsonl")
PATHS = {"calf": "a/calf.flac", "V001_wav": "V001_wav.wav", "s.01.take": "b/s.01.take.wav", "x|y z": "x|y z.wav"}
UNITS = {name: np.random.default_rng(n).integers(20, size=100 + n) for n, name in enumerate(PATHS)}


def utterances():
    return [
        Utterance(name, "S1", "test", path, None, None, len(UNITS[name]) / 50 + 0.01) for name, path in PATHS.items()
    ]


@pytest.fixture
def places(tmp_path):
    """A manifest ``m`` and a folder of units ``units``."""
    write_manifest(Manifest("made", "up", tmp_path / "corpus", tuple(utterances())), tmp_path / "m")
    with create_store(tmp_path / "units" / "indices", kind="indices", rate=50.0, dtype="int32") as writer:
        for name, units in UNITS.items():
            writer.append(name, units[:, None])
    return tmp_path


def command(places, action, *arguments):
    main([action, *(str(places / part) if isinstance(part, Path) else str(part) for part in arguments)])


def texts(path, form):
    """What a file of the four utterances looks like."""
    lines = {
        "km": lambda _, units: " ".join(map(str, units)),
        "named": lambda name, units: f"{name}|{' '.join(map(str, units))}",
        "tabbed": lambda name, units: f"{name}\t{','.join(map(str, units))}",
        "jsonl": lambda name, units: json.dumps({"audio": name, "units": units}),
    }[form]
    path.write_text("".join(lines(name, units.tolist()) + "\n" for name, units in UNITS.items()))


@pytest.mark.parametrize("form", FORMS)
def test_units_are_written_in_the_form_of_others_and_come_back(places, form):
    command(places, "export", Path("m"), Path("units"), Path("out.km"), "--form", form)
    texts(places / "expected", form)
    assert (places / "out.km").read_text() == (places / "expected").read_text()
    listed = ["--list", Path("out.tsv")] if form == "km" else []
    assert (places / "out.tsv").exists() == (form == "km")
    command(places, "import", Path("m"), Path("out.km"), Path("back"), "--form", form, "--rate", 50, *listed)
    found = Store(places / "back" / "indices")
    assert (found.rate, found.meta["first"]) == (50.0, 0.01)
    assert list(found) == list(UNITS)
    assert all(found[name][:, 0].tolist() == UNITS[name].tolist() for name in UNITS)
    assert not (places / "back" / "vectors").exists()


def test_the_list_beside_km_has_a_root_paths_and_samples(places):
    command(places, "export", Path("m"), Path("units"), Path("out.km"), "--form", "km")
    first, *others = (places / "out.tsv").read_text().splitlines()
    assert first == str(places / "corpus")
    assert others[0] == "a/calf.flac\t32160"
    assert [line.split("\t")[0] for line in others] == list(PATHS.values())


def test_recordings_are_joined_by_name_whatever_their_order(places):
    names = ["else/s.01.take.wav", "V001_wav.wav", "other.wav", "calf", "/far/x|y z.wav"]
    keys = {"else/s.01.take.wav": "s.01.take", "V001_wav.wav": "V001_wav", "/far/x|y z.wav": "x|y z", "calf": "calf"}
    lines = [Line(name, UNITS[keys.get(name, "calf")], n) for n, name in enumerate(names)]
    import_units(lines, utterances(), places / "out", rate=50.0)
    found = Store(places / "out" / "indices")
    assert all(found[name][:, 0].tolist() == UNITS[name].tolist() for name in UNITS)


def test_an_utterance_that_is_called_like_a_file_is_found():
    assert read_names("calf.flac") == "calf.flac"


def read_names(name):
    """The utterance that a line of that name is joined with, of three alike."""
    same = [replace(utterances()[0], utterance=one, path=f"{one}.wav") for one in ("calf", "calf.flac", "calf.flac.1")]
    return next(iter(_joined([Line(name, UNITS["calf"])], same)))


def test_what_cannot_be_joined_is_told(places):
    lines = [Line(name, units, n) for n, (name, units) in enumerate(UNITS.items(), start=1)]

    def taken(lines, rate=50.0, **options):
        import_units(lines, utterances(), places / "out", rate=rate, **options)

    with pytest.raises(InputError, match=r"these utterances have no units: s\.01\.take, x"):
        taken(lines[:2])
    with pytest.raises(InputError, match="lines 1 and 9 are both of calf"):
        taken([*lines, Line("b/calf.wav", UNITS["calf"], 9)])
    with pytest.raises(InputError, match=r"units of calf, V001_wav, .* do not fit 100 a second"):
        taken(lines, rate=100.0)
    with pytest.raises(InputError, match="there is a unit 19, but only 19 centres"):
        taken(lines, clusters=Clusters(np.zeros((19, 2), np.float32), {}))
    assert not (places / "out").exists()


def test_units_of_known_centres_have_vectors_and_their_rate(places):
    frames = {"kind": "hubert6", "rate": 50.0, "first": 0.02, "parameters": {}}
    centres = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    write_clusters(Clusters(centres, frames), places / "km.npz")
    texts(places / "named.txt", "named")
    told = ["import", Path("m"), Path("named.txt"), Path("out"), "--form", "named"]
    command(places, *told, "--centres", Path("km.npz"))
    vectors = Store(places / "out" / "vectors")
    assert (vectors.rate, vectors.meta["first"]) == (50.0, 0.02)
    np.testing.assert_array_equal(vectors["calf"], centres[UNITS["calf"]])
    for wrong in ([], ["--centres", Path("km.npz"), "--rate", 50]):
        with pytest.raises(InputError, match="give either --rate, or --centres"):
            command(places, *told, *wrong)


def test_runs_and_their_durations_come_back(places):
    command(places, "export", Path("m"), Path("units"), Path("runs"), "--form", "jsonl", "--collapse")
    for line, units in zip((places / "runs").read_text().splitlines(), UNITS.values(), strict=True):
        content = json.loads(line)
        assert len(content["units"]) == 1 + np.count_nonzero(np.diff(units))
        assert sum(content["durations"]) == len(units)
    assert [line.units.tolist() for line in read_lines(places / "runs", "jsonl")] == [
        u.tolist() for u in UNITS.values()
    ]
    with pytest.raises(InputError, match="the form named has no place for the lengths of runs"):
        command(places, "export", Path("m"), Path("units"), Path("runs"), "--form", "named", "--collapse")


@given(st.lists(st.integers(0, 3), max_size=30))
def test_collapsing_and_repeating_restore_the_units(units):
    runs, durations = collapsed(np.array(units, dtype=int))
    assert expanded(runs, durations).tolist() == units
    assert (durations >= 1).all()
    assert not (runs[1:] == runs[:-1]).any()


@pytest.mark.parametrize(
    ("form", "line", "message"),
    [
        ("named", "", "it is empty"),
        ("named", "   ", "it is empty"),
        ("named", "name 1 2", "not a name, a bar and units"),
        ("named", "|1 2", "not a name, a bar and units"),
        ("named", "name|", "it has no units"),
        ("named", "name|1 -1", "'-1' is not a unit"),
        ("named", "name|1 2.0", "'2.0' is not a unit"),
        ("named", "name|1 99999999999", "'99999999999' is not a unit"),
        ("named", "name|4294967296", "4294967296 is not a unit"),
        ("named", "name|٣", "is not a unit"),
        ("named", "a|1", "a is on line 1 too"),
        ("tabbed", "name 1,2", "not a name, a tab and units"),
        ("tabbed", "name\t1,,x", "'x' is not a unit"),
        ("jsonl", "__import__('os').system('touch harmed')", "malformed node"),
        ("jsonl", "{'audio': open('harmed', 'w'), 'units': '1'}", "malformed node"),
        ("jsonl", "(" * 500, "correct the line"),
        ("jsonl", "[1, 2]", "it is not a mapping"),
        ("jsonl", '{"units": [1]}', "it needs a name"),
        ("jsonl", '{"audio": "b"}', "and units"),
        ("jsonl", '{"audio": "b", "units": []}', "it has no units"),
        ("jsonl", '{"audio": "b", "units": [true]}', "'True' is not a unit"),
        ("jsonl", '{"audio": "b", "units": 3}', "not iterable"),
        ("jsonl", '{"audio": "b", "units": [1], "durations": [1, 2]}', "each unit must have one duration"),
        ("jsonl", '{"audio": "b", "units": [1], "durations": [0]}', "each unit must have one duration"),
        ("jsonl", '{"audio": "b", "units": [1], "durations": [2000000000]}', "each unit must have one duration"),
    ],
)
def test_a_line_that_is_no_units_is_told_with_its_number(tmp_path, monkeypatch, form, line, message):
    monkeypatch.chdir(tmp_path)
    good = {"named": "a|1 2", "tabbed": "a\t1,2", "jsonl": '{"audio": "a", "units": [1, 2]}'}[form]
    Path("units").write_text(f"{good}\n{line}\n")
    with pytest.raises(InputError, match=rf"units, line 2: .*{message}"):
        read_lines(Path("units"), form)
    assert not Path("harmed").exists()


def test_a_manifest_of_resynthesis_is_read_as_data(tmp_path):
    (tmp_path / "codes").write_text("{'audio': 'a/p1.wav', 'hubert': '7 7 2', 'duration': 0.06}\r\n")
    line = read_lines(tmp_path / "codes", "jsonl")[0]
    assert (line.name, line.units.tolist(), line.number) == ("a/p1.wav", [7, 7, 2], 1)


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        ("/root\na.wav\t5\n", "lists 1 recordings only"),
        ("/root\na.wav\t5\nb.wav\t5\nc.wav\t5\n", "has 2 lines for the 3 recordings"),
        ("a.wav\t5\nb.wav\t5\n", "line 1: it must be the root folder"),
        ("/root\na.wav\nb.wav\t5\n", "line 2: it is not a path, a tab and a number"),
        ("/root\na.wav\t5\n\n", "line 3: it is empty"),
        ("/root\na.wav\t5\na.wav\t5\n", "line 2: a.wav is on line 1 too"),
    ],
)
def test_a_list_that_does_not_fit_its_units_is_told(tmp_path, listing, message):
    (tmp_path / "u.km").write_text("1 2\n3 4\n")
    (tmp_path / "u.tsv").write_text(listing)
    with pytest.raises(InputError, match=message):
        read_lines(tmp_path / "u.km", "km", tmp_path / "u.tsv")


def test_files_that_are_no_text_or_need_a_list_are_told(tmp_path):
    (tmp_path / "u").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="u is not a text in UTF-8"):
        read_lines(tmp_path / "u", "named")
    with pytest.raises(InputError, match="there is no file"):
        read_lines(tmp_path / "absent", "named")
    with pytest.raises(InputError, match="the form km comes with a list"):
        read_lines(tmp_path / "u", "km")
    with pytest.raises(InputError, match="the form named comes without a list"):
        read_lines(tmp_path / "u", "named", tmp_path / "u")


def test_what_a_form_cannot_say_is_told(places):
    with pytest.raises(InputError, match="cannot stand in a file of the form tabbed"):
        write_lines(places / "out", [Line("a\tb", UNITS["calf"])], "tabbed")
    with create_store(places / "two" / "indices", kind="indices", rate=50.0, dtype="int32") as writer:
        for name in UNITS:
            writer.append(name, np.zeros((3, 2)))
    with pytest.raises(InputError, match="has 2 codes per unit"):
        command(places, "export", Path("m"), Path("two"), Path("out"), "--form", "named")
    cut = replace(utterances()[0], start=1.0)
    write_manifest(Manifest("made", "up", places, (cut,)), places / "cut")
    with pytest.raises(InputError, match="these utterances are parts of recordings: calf"):
        command(places, "export", Path("cut"), Path("units"), Path("out"), "--form", "km")
    other = replace(cut, utterance="other")
    write_manifest(Manifest("made", "up", places, (other,)), places / "more")
    with pytest.raises(InputError, match="lacks other"):
        command(places, "export", Path("more"), Path("units"), Path("out"), "--form", "named")
    assert not (places / "out").exists()


def test_the_centres_of_a_model_of_scikit_learn_become_a_file_of_centres(places):
    with create_store(places / "frames", kind="hubert6", rate=50.0, first=0.01, layer=6) as writer:
        writer.append("a", np.random.default_rng(0).normal(size=(50, 4)))
    model = MiniBatchKMeans(3, n_init=1, random_state=0).fit(np.asarray(Store(places / "frames")["a"]))
    joblib.dump(model, places / "km.bin")
    command(places, "centres", Path("km.bin"), Path("frames"), Path("km.npz"))
    np.testing.assert_array_equal(read_clusters(places / "km.npz").centres, model.cluster_centers_)
