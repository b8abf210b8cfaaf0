"""The verdict on a submission: the organisers' own on every recorded case, and ours on what they overlook."""

import json
import shutil
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from unitvoice.submission import layout, lists
from unitvoice.submission.lists import read_lists
from unitvoice.submission.packaging import pack
from unitvoice.submission.validation import main, validate

GOLDEN = Path(__file__).parents[1] / "golden" / "validator"
CASES = json.loads((GOLDEN / "cases.json").read_text(encoding="utf-8"))
LISTS = read_lists(GOLDEN / "lists")
VARIABLES = CASES["variables"]
BASE = CASES["base_content"]


def filled(text):
    for name, value in VARIABLES.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def silence():
    samples = np.zeros(1600, "<i2").tobytes()
    return (
        b"RIFF\xa4\x0c\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80>\x00\x00\x00}\x00\x00\x02\x00\x10\x00"
        + (b"data\x80\x0c\x00\x00" + samples)
    )


def build_2019(root):
    for language, three in LISTS.year2019.items():
        for name in three.required:
            content = silence() if name.endswith(".wav") else BASE["embedding of the required list"]
            write(root / "2019" / language / "test" / name, content)


def build_track1(root):
    for language, durations in LISTS.track1.items():
        for duration, stems in durations.items():
            for stem in stems:
                write(root / f"2017/track1/{language}/{duration}/{stem}.txt", BASE["track 1 file"])


def build_track2(root):
    for language, names in LISTS.track2.items():
        text = BASE["track 2 file (first two names of the list)"]
        write(root / f"2017/track2/{language}.txt", text.replace("NAME1", names[0]).replace("NAME2", names[1]))


BUILDERS = {
    "2019": [build_2019],
    "2017": [build_track1, build_track2],
    "2017-track2": [build_track2],
    "both": [build_2019, build_track1, build_track2],
}


def build(root, kind):
    """The valid tree that the cases change: 2019, 2017, 2017-track2 or both."""
    write(root / "metadata.yaml", BASE["metadata.yaml"])
    for part in BUILDERS[kind]:
        part(root)
    for year in sorted(path.name for path in root.glob("20*")):
        write(root / year / "metadata.yaml", BASE[f"{year}/metadata.yaml"])
        write(root / year / "code" / "README", "see the repository\n")
    return root


def zipped(tree, under=""):
    with zipfile.ZipFile(tree.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.write(path, under + path.relative_to(tree).as_posix())
    return tree.with_suffix(".zip")


def edit(path, op):
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if op["op"] == "append":
        text += op["text"]
    elif op["op"] == "replace":
        assert op["old"] in text
        text = text.replace(op["old"], op["new"])
    else:
        text = "".join(s for s in text.splitlines(keepends=True) if not any(part in s for part in op["containing"]))
    write(path, text)


def apply(tree, op):  # noqa: C901 - one branch per operation
    """Carry out one operation of a case; returns what is to be validated."""
    path = tree / filled(op.get("path", ""))
    match op["op"]:
        case "write":
            write(path, bytes.fromhex(op["hex"]) if "hex" in op else filled(op["text"]))
        case "append" | "replace" | "delete_lines":
            edit(path, op)
        case "delete":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        case "delete_first":
            for found in sorted(tree.glob(op["glob"]))[: op["count"]]:
                found.unlink()
        case "mkdir":
            path.mkdir()
        case "copy_all":
            path.mkdir()
            for found in tree.glob(op["glob"]):
                shutil.copy(found, path)
        case "zip":
            return zipped(tree, op.get("under", ""))
        case "validate_file":
            return path
        case _:
            pytest.fail(f"unknown operation {op['op']}")
    return tree


def run(path, capsys, *options):
    code = main([str(path), "--lists", str(GOLDEN / "lists"), "--json", *options])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {kind: build(folder / kind, kind) for kind in CASES["base_trees"]}


@pytest.fixture(scope="module")
def base_findings(bases):
    return {kind: set(validate(tree, LISTS).findings) for kind, tree in bases.items()}


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_verdict_is_the_official_one(case, bases, base_findings, tmp_path, capsys):
    path = tree = shutil.copytree(bases[case["base"]], tmp_path / "tree")
    for op in case["ops"]:
        path = apply(tree, op)
    code, report = run(path, capsys)
    assert (code, report["valid"]) == (case["official"]["exit_code"], case["official"]["exit_code"] == 0)
    assert report["valid"] is not any(finding["official"] for finding in report["findings"])
    assert not report["unchecked"]
    new = [one for one in validate(path, LISTS).findings if one not in base_findings[case["base"]]]
    if "defect_not_reported" in case:
        changed = filled(case["ops"][-1]["path"])
        assert [finding for finding in new if finding.file == changed and not finding.official]
    elif report["valid"]:
        assert [finding for finding in new if Path(finding.file).suffix] == []


@pytest.mark.parametrize("kind", CASES["base_trees"])
def test_zip_is_judged_like_its_folder(bases, tmp_path, kind):
    tree = shutil.copytree(bases[kind], tmp_path / "tree")
    write(tree / "2019/english/test/stray.txt", "1\n")
    write(tree / "2017/track1/english/1s/0.txt", "1 x\n")
    assert validate(zipped(tree), LISTS) == validate(tree, LISTS)


def test_path_that_does_not_exist_is_invalid(tmp_path, capsys):
    code, report = run(tmp_path / "nothing", capsys)
    assert code == 1
    assert "neither a folder nor a zip" in report["findings"][0]["message"]


def test_every_missing_file_is_listed(bases, tmp_path):
    tree = shutil.copytree(bases["2019"], tmp_path / "tree")
    lost = sorted((tree / "2019/english/test").glob("*.txt"))[:25] + sorted(
        (tree / "2019/surprise/test").glob("*.wav")
    )
    for path in lost:
        path.unlink()
    missing = {one.file for one in validate(tree, LISTS).findings if one.message == "is missing"}
    assert missing == {path.relative_to(tree).as_posix() for path in lost}


def test_faults_of_both_years_and_languages_are_reported_together(bases, tmp_path):
    tree = shutil.copytree(bases["both"], tmp_path / "tree")
    gone = ["2017/track2/LANG2.txt", filled("{TXT}"), "2019/surprise/metadata.yaml", "2019/metadata.yaml"]
    for path in (gone[0], gone[1], gone[3]):
        (tree / path).unlink()
    found = {one.file for one in validate(tree, LISTS).findings if one.official}
    assert found == {gone[0], gone[1], gone[3]}


def test_own_findings_count_under_strict_only(bases, tmp_path, capsys):
    tree = shutil.copytree(bases["2019"], tmp_path / "tree")
    write(tree / filled("{TXT}"), "nan 0\n")
    assert run(tree, capsys)[0] == 0
    code, report = run(tree, capsys, "--strict")
    assert code == 1
    assert report["valid"] is False
    assert not any(finding["official"] for finding in report["findings"])


def test_checks_that_need_lists_are_named_without_them(bases, capsys):
    assert main([str(bases["both"]), "--json"]) == 0
    unchecked = json.loads(capsys.readouterr().out)["unchecked"]
    assert [text.partition(":")[0] for text in unchecked[:2]] == ["2019/english", "2019/surprise"]
    assert len(unchecked) == 2 + 5 + 5
    assert main([str(bases["both"])]) == 0
    assert "not checked: 2019/english" in capsys.readouterr().out


def test_text_report_groups_by_file_and_ends_with_the_verdict(bases, tmp_path, capsys):
    tree = shutil.copytree(bases["2019"], tmp_path / "tree")
    (tree / filled("{TXT}")).unlink()
    write(tree / filled("{WAV}"), "")
    output = tmp_path / "report.json"
    assert main([str(tree), "--lists", str(GOLDEN / "lists"), "--output", str(output)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index(filled("{TXT}")) + 1].startswith("  official: is missing")
    assert lines[lines.index(filled("{WAV}")) + 1].startswith("  ours: is not a PCM wav")
    assert lines[-1].startswith("invalid: 1 official findings")
    assert json.loads(output.read_text())["valid"] is False


def test_damaged_zip_entry_is_invalid_wherever_it_lies(bases, tmp_path):
    archive = zipped(shutil.copytree(bases["2019"], tmp_path / "tree"))
    with zipfile.ZipFile(archive) as opened:
        place = opened.getinfo("2019/code/README").header_offset
    content = bytearray(archive.read_bytes())
    content[place + 30 + len("2019/code/README") + 3] ^= 0xFF
    archive.write_bytes(content)
    report = validate(archive, LISTS)
    assert not report.valid()
    assert [one.file for one in report.findings if one.official] == ["2019/code/README"]


@pytest.mark.parametrize(
    ("year", "path"), [("2019", "2019/english/test"), ("2019", "2019"), ("2017", "2017/track1/english/1s")]
)
def test_file_in_place_of_a_folder_is_invalid(bases, tmp_path, year, path):
    tree = shutil.copytree(bases[year], tmp_path / "tree")
    shutil.rmtree(tree / path)
    write(tree / path, "")
    assert path in {one.file for one in validate(tree, LISTS).findings if one.official}


@pytest.mark.parametrize("path", ["metadata.yaml", "2017/track1/english/1s/0.txt", "2017/track2/english.txt"])
def test_folder_in_place_of_a_file_is_invalid(bases, tmp_path, path):
    tree = shutil.copytree(bases["2017"], tmp_path / "tree")
    (tree / path).unlink()
    (tree / path).mkdir()
    assert path in {one.file for one in validate(tree, LISTS).findings if one.official}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"- a\n- b\n", "is not a list of 'key: value' lines"),
        (b"{}", "is empty"),
        (b"author: a\naffiliation:\nopen source: true\n", "nothing at 'affiliation'"),
        (b"author: a\naffiliation: b\nopen source: 0\n", "must be a YAML boolean"),
    ],
)
def test_broken_metadata_is_invalid(bases, tmp_path, text, part):
    tree = shutil.copytree(bases["2019"], tmp_path / "tree")
    write(tree / "metadata.yaml", text)
    found = [one for one in validate(tree, LISTS).findings if one.official]
    assert [one.file for one in found] == ["metadata.yaml"]
    assert part in found[0].message


def test_metadata_with_tabs_is_read_as_the_organisers_do(bases, tmp_path):
    tree = shutil.copytree(bases["2019"], tmp_path / "tree")
    write(tree / "metadata.yaml", "author:\tA\naffiliation:\tB\nopen source:\ttrue\n")
    assert validate(tree, LISTS).valid()


@pytest.mark.parametrize(
    ("text", "is_official"),
    [
        ("0.01 1 x\n0.02 1 2\n", True),
        ("0.01\n0.02\n", True),
        ("0.01 1 2\n0.01 1 2\n", True),
        ("0.01 1 2\n\n0.02 1 2\n", False),
        ("0.01 1 2\n0.02  1 2\n", False),
        ("0.01 1 2\n0.02 1 inf\n", False),
    ],
)
def test_track1_text_is_judged_like_a_table_of_numbers(bases, tmp_path, text, is_official):
    tree = shutil.copytree(bases["2017"], tmp_path / "tree")
    write(tree / VARIABLES["T1"], text)
    found = [one for one in validate(tree, LISTS).findings if one.file == VARIABLES["T1"]]
    assert found
    assert any(one.official for one in found) is is_official


@pytest.mark.parametrize(
    ("text", "message", "is_official"),
    [
        ("Class 0\nM03 a 1.5\n\n", "not numbers", True),
        ("Class 0\nM03\t1.0\t1.5\n\n", "single blanks", True),
        ("Class\nM03 1.0 1.5\n\n", "without a name", True),
        ("", "holds no class", True),
        ("Class 0\nM03 1.5 1.5\n\n", "ends before it starts", True),
        ("Class 0\nM03 1.0 1.5\nClass 1\nM08 1.0 1.5\n\n", "loses its members", False),
    ],
)
def test_class_file_faults_are_found(bases, tmp_path, text, message, is_official):
    tree = shutil.copytree(bases["2017-track2"], tmp_path / "tree")
    write(tree / "2017/track2/mandarin.txt", text)
    found = [one for one in validate(tree, LISTS).findings if one.file == "2017/track2/mandarin.txt"]
    assert [(message in one.message, one.official) for one in found] == [(True, is_official)]


@pytest.fixture
def packed(tmp_path, arguments):
    """A tree of ours and the lists of its corpora, both made by the commands."""
    layout.main([str(tmp_path / "tree"), *arguments])
    manifests = [
        word for name in ("english", "surprise") for word in ("--manifest", name, str(tmp_path / name / "manifest"))
    ]
    lists.main([str(tmp_path / "lists"), *manifests])
    return tmp_path / "tree", read_lists(tmp_path / "lists")


def test_own_layout_is_strictly_clean(tmp_path, packed):
    tree, own_lists = packed
    assert validate(tree, own_lists).findings == ()
    pack(tree, tmp_path / "out.zip")
    assert validate(tmp_path / "out.zip", own_lists).findings == ()


def test_marker_of_the_workflow_is_passed_over(packed):
    tree, own_lists = packed
    (tree / ".snakemake_timestamp").write_text("")
    assert validate(tree, own_lists).findings == ()


def replace_wav(path, *, rate=16_000, channels=1, width=2, seconds=1.0, cut=0, level=9000):
    samples = np.full(int(rate * seconds) * channels, level, "<i2" if width == 2 else "u1")
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    path.write_bytes(path.read_bytes()[: -cut or None])


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"rate": 22_050}, "22050 Hz"),
        ({"channels": 2}, "2 channels"),
        ({"width": 1, "level": 99}, "8 bits"),
        ({"cut": 100}, "ends after 15950 of the 16000"),
        ({"level": 3}, "silent"),
        ({"seconds": 0.4}, "0.40 s"),
        ({"seconds": 2.1}, "2.10 s"),
        ({"seconds": 0}, "silent"),
    ],
)
def test_unusable_recording_is_found(packed, change, part):
    tree, own_lists = packed
    replace_wav(tree / "2019/english/test/V001_02.wav", **change)
    found = validate(tree, own_lists).findings
    assert {one.file for one in found} == {"2019/english/test/V001_02.wav"}
    assert part in found[0].message


def test_embedding_of_another_recording_is_found_by_its_length(packed):
    tree, own_lists = packed
    folder = tree / "2019/english/test"
    shutil.copy(folder / "S001_01.txt", folder / "S001_02.txt")
    found = validate(tree, own_lists).findings
    assert [one.file for one in found] == ["2019/english/test/S001_02.txt"]
    assert "has 25 frames" in found[0].message


def test_code_printed_in_two_ways_is_found(packed):
    tree, own_lists = packed
    path = tree / "2019/english/test/S002_05.txt"
    first, rest = path.read_text().split("\n", 1)
    nudged = " ".join(f"{float(value) * (1 + 1e-7):.9g}" for value in first.split(" "))
    path.write_text(f"{nudged}\n{rest}")
    found = validate(tree, own_lists).findings
    assert [one.file for one in found] == ["2019/english/test"]
    assert "in more than one way" in found[0].message


def test_file_of_another_width_is_found(packed):
    tree, own_lists = packed
    path = tree / "2019/surprise/test/S001_01.txt"
    path.write_text("".join(line + " 1\n" for line in path.read_text().splitlines()))
    found = validate(tree, own_lists).findings
    assert [one.file for one in found] == ["2019/surprise/test/S001_01.txt"]
    assert "5 columns where most files have 4" in found[0].message
