"""The page as a whole."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from unsealing import unsealed

from unitvoice import cli
from unitvoice.errors import InputError
from unitvoice.report.page import CONTENTS, main

VOID = {"br", "col", "hr", "img", "link", "meta"}
HOSTILE = "<script>alert('\"1&2')<b>"


class Document(HTMLParser):
    """Reads a page and checks on the way that elements are closed in the order they were opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def write(options, tmp_path):
    def write(folder, *more):
        out = tmp_path / "page.html"
        main([str(out), str(folder), *options, *more])
        return out.read_text(encoding="utf-8")

    return write


def test_the_page_is_whole_html(make_results, write):
    text = write(make_results())
    document = Document(text)
    assert text.startswith("<!doctype html>")
    assert [len(document.all(tag)) for tag in ("html", "head", "body", "main", "h1", "style")] == [1] * 6


def test_every_link_leads_to_a_section_and_no_id_occurs_twice(make_results, write):
    document = Document(write(make_results()))
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"].removeprefix("#") for attributes in document.all("a")} <= set(ids)
    assert set(CONTENTS) - {"experiments"} <= set(ids)


def test_experiments_have_a_table_for_each_language_only_where_there_are_some(make_results, write):
    folder = make_results()
    for language in ("english", "surprise"):
        shutil.copytree(folder / language / "fake-system", folder / language / "other<")
    alone, compared = write(folder), write(folder, "--beside", "other<=0,1")
    assert "experiments" not in alone
    assert all(f'aria-label="Variants, {language}"' in compared for language in ("english", "surprise"))
    assert "other<" in Document(compared).text
    assert any(attributes["href"] == "#experiments" for attributes in Document(compared).all("a"))


def test_nothing_is_loaded_from_elsewhere(make_results, write):
    text = write(make_results())
    document = Document(text)
    loaded = [
        attributes[key]
        for tag, attributes in document.elements
        for key in ("src", "href", "srcset", "poster", "data", "action")
        if key in attributes and tag != "a"
    ]
    assert loaded
    assert all(place.startswith("data:") for place in loaded)
    assert "@import" not in text
    assert "url(" not in text
    assert not re.search(r"https?://", text)


def test_every_trial_has_three_players_and_three_spectrograms(make_results, write):
    document = Document(write(make_results(), "--trials", "5"))
    trials = [a for a in document.all("article") if a["class"] == "trial"]
    assert len(trials) == 5
    assert len(document.all("audio")) == 3 * len(trials)
    assert len([image for image in document.all("img") if image["class"] == "spectrogram"]) == 3 * len(trials)
    for player in document.all("audio"):
        assert "controls" in player
        assert player["src"].startswith("data:audio/mpeg")


def test_variants_that_speak_are_heard_side_by_side_on_the_same_trials(make_results, write):
    folder = make_results()
    for language in ("english", "surprise"):
        for name in ("other", "silent"):
            shutil.copytree(folder / language / "fake-system", folder / language / name)
        shutil.rmtree(folder / language / "silent" / "seed-0" / "converted")
    document = Document(write(folder, "--trials", "4", "--beside", "other=0,1", "silent=0"))
    assert len([a for a in document.all("article") if a["class"] == "trial"]) == 4
    labels = [player["aria-label"].partition(": ")[0] for player in document.all("audio")]
    assert labels == ["Source", "fake-system", "other", "Target voice"] * 4
    assert document.text.count("0.80 to target, 0.40 to source") == 2 * 4


def test_pictures_and_players_are_described(make_results, write):
    document = Document(write(make_results()))
    assert all(image["alt"] for image in document.all("img"))
    assert all(player["aria-label"] for player in document.all("audio"))
    assert all(box["aria-label"] for tag, box in document.elements if box.get("role") == "region")


def test_hostile_names_stay_text(make_results, write):
    document = Document(write(make_results(source=HOSTILE, target=f"V{HOSTILE}")))
    assert len(document.all("script")) == 1
    assert HOSTILE in document.text


def test_equal_results_give_equal_bytes(make_results, write):
    folder = make_results()
    assert write(folder) == write(folder)


def test_the_demo_corpus_is_told_from_real_ones(make_results, write):
    folder = make_results()
    assert "Do not compare" not in write(folder)
    (folder.parent / "corpus" / "english" / "demo.json").write_text("{}")
    assert "Do not compare" in write(folder)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("english/baselines", "mfcc39 was not scored"),
        ("english/fake-system/seed-1", "seed-1 was not scored"),
        ("english/fake-system/seed-0/abx", "seed-0 was not scored"),
        ("english/fake-system/seed-0/units", "seed 0 has no units"),
        ("english/fake-system/seed-0/model", "seed-0 has no model"),
        ("english/fake-system/seed-0/converted", "no trial was converted"),
        ("english/fake-system/untrained-0", "untrained-0 was not scored"),
        ("english/fake-system", "seed 0 has no units"),
        ("fake-system", "no submission was packed"),
    ],
)
def test_an_absent_part_is_explained(make_results, write, part, told):
    folder = make_results()
    shutil.rmtree(folder / part)
    assert told in Document(write(folder)).text


def test_runs_without_abx_tasks_are_explained(make_results, write):
    folder = make_results()
    for path in folder.rglob("scores.json"):
        content = json.loads(path.read_text())
        for found in content["representations"].values():
            found["abx"] = {}
        path.write_text(json.dumps(content))
        for table in path.parent.glob("*.csv"):
            table.unlink()
    assert "the corpus has no ABX task for test" in Document(write(folder)).text


def test_a_corpus_without_phone_labels_still_shows_units(make_results, write):
    folder = make_results()
    (unsealed(folder / "english" / "manifest") / "phones.csv").write_text("utterance,start,stop,phone\n")
    text = Document(write(folder)).text
    assert "the corpus has no phone labels" in text


def test_recordings_that_are_gone_are_explained(make_results, write):
    folder = make_results()
    shutil.rmtree(folder.parent / "corpus" / "english")
    document = Document(write(folder, "--trials", "4"))
    assert document.text.count("S001_0.wav does not exist") == 2  # beside the trial, and in place of the picture
    assert len(document.all("audio")) == 3 * 2  # those of the other language


def test_a_training_that_diverged_still_gets_its_curves(make_results, write):
    folder = make_results()
    for path in folder.rglob("log.jsonl"):
        path.write_text('{"step": 1, "reconstruction": 0.5}\n{"step": 2, "reconstruction": NaN}\n')
    text = write(folder)
    assert "reconstruction over steps" in text
    assert not re.search(r' (d|x1|x2|y1|y2)="[^"]*nan', text)


def test_findings_of_an_invalid_submission_are_shown(make_results, write):
    folder = make_results()
    finding = {"file": "2019/x.txt", "message": "is empty", "cure": "fill it", "official": True}
    verdict = {"valid": False, "findings": [finding] * 60, "unchecked": []}
    (folder / "fake-system" / "validation.json").write_text(json.dumps(verdict))
    text = Document(write(folder)).text
    assert "not valid (60 official findings" in text
    assert "and 10 more findings" in text


def test_what_is_in_the_archive_is_counted(make_results, write):
    text = Document(write(make_results())).text
    assert "2019/english/test/5" in text
    assert "metadata.yaml1" in text


def test_bad_input_ends_with_code_2_and_writes_nothing(tmp_path, options, capsys):
    out = tmp_path / "page.html"
    with pytest.raises(SystemExit) as stopped:
        cli.run(lambda: main([str(out), str(tmp_path / "nowhere"), *options]))
    assert stopped.value.code == 2
    assert "nowhere" in capsys.readouterr().err
    assert not out.exists()


def test_a_damaged_archive_is_named(make_results, write):
    folder = make_results()
    (folder / "fake-system" / "submission.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"submission\.zip"):
        write(folder)
