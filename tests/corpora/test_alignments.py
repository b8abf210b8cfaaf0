"""Alignments of other programs, and the ABX tasks that are made of them."""

import json

import numpy as np
import pytest
from corpora.making import sound

from unitvoice import audio
from unitvoice.corpora import checks, manifest
from unitvoice.corpora.alignments import read_alignments
from unitvoice.corpora.speakers import Segment
from unitvoice.errors import InputError
from unitvoice.evaluation.abx import abx
from unitvoice.evaluation.task import read_items, read_task
from unitvoice.features.extract import extract
from unitvoice.manifest import read_manifest
from unitvoice.store import Store

PHONES = [("sil", 0.0, 0.1), ("a", 0.1, 0.25), ("t", 0.25, 0.4), ("i", 0.4, 0.5)]
EXPECTED = [Segment(start, stop, phone) for phone, start, stop in PHONES[1:]]

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 0.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 0.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = "say ""ati"" 3"
    item [2]:
        class = "IntervalTier"
        name = "{tier}"
        xmin = 0
        xmax = 0.5
        intervals: size = 4
{intervals}
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
0.5
<exists>
2
"TextTier"
"marks"
0
0.5
1
0.3
"x"
"IntervalTier"
"Phones"
0
0.5
4
"""


def long_form(tier="phones"):
    rows = [
        f'        intervals [{n}]:\n            xmin = {a}\n            xmax = {b}\n            text = "{p}"'
        for n, (p, a, b) in enumerate(PHONES, 1)
    ]
    return LONG.format(tier=tier, intervals="\n".join(rows))


def short_form():
    rows = "\n".join(f'{a}\n{b}\n"{p}"' for p, a, b in PHONES)
    return f"{SHORT}{rows}\n"


def rows(unit, form="{:.0f}"):
    return "\n".join(f"{form.format(a * unit)} {form.format(b * unit)} {p}" for p, a, b in PHONES) + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.TextGrid", long_form()),
        ("x.TextGrid", long_form("anna - phones")),
        ("x.textgrid", short_form()),
        ("x.phn", rows(48000)),
        ("X.PHN", rows(1, "{:.3f}")),
        ("x.lab", rows(10_000_000)),
        ("x.lab", rows(1, "{:.2f}")),
        ("x.lab", "signal x\nnfields 1\n#\n" + "".join(f"{b} 26 {p}\n" for p, _, b in PHONES)),
    ],
    ids=["long TextGrid", "tier of a speaker", "short TextGrid", "samples", "seconds", "100 ns", "lab s", "Festival"],
)
def test_every_format_gives_the_same_phones_without_silence(tmp_path, name, text):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_text(text)
    found = read_alignments(tmp_path, "", lambda _: 48000)
    assert found == {f"deep/{name[0]}": EXPECTED}


def test_a_textgrid_in_utf_16_is_read_and_its_tier_can_be_named(tmp_path):
    (tmp_path / "x.TextGrid").write_text(long_form("æ"), encoding="utf-16")
    assert read_alignments(tmp_path, "æ", lambda _: 1) == {"x": EXPECTED}
    with pytest.raises(InputError, match=r"no tier of phones among words, æ"):
        read_alignments(tmp_path, "", lambda _: 1)


def test_ctm_has_all_recordings_in_one_file(tmp_path):
    lines = [f"x 1 {a} {b - a:.3f} {p} 0.9" for p, a, b in PHONES]
    (tmp_path / "a.ctm").write_text(";; comment\n" + "\n".join(reversed(lines)) + "\ny 1 0.0 0.1 a\n")
    found = read_alignments(tmp_path / "a.ctm", "", lambda _: 1)
    assert found == {"x": EXPECTED, "y": [Segment(0.0, 0.1, "a")]}
    (tmp_path / "a.ctm").write_text("x 1 zero 0.1 a\n")
    with pytest.raises(InputError, match=r"line 1: 'x 1 zero 0.1 a' is not of the form"):
        read_alignments(tmp_path / "a.ctm", "", lambda _: 1)


def test_all_broken_alignments_are_named(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.TextGrid").write_text(long_form()[:-60])
    (tmp_path / "3.phn").write_text("0 100\n")
    with pytest.raises(InputError, match=r"4 alignments cannot be understood.*0\.TextGrid.*3\.phn|.*3\.phn.*0\.Text"):
        read_alignments(tmp_path, "", lambda _: 16000)
    with pytest.raises(InputError, match=r"there are no alignments"):
        read_alignments(tmp_path / "absent", "", lambda _: 1)


WORDS = ("tak", "tik", "tok", "kat", "kit")
PHONE = 0.12  # s
HERTZ = {"a": 700, "i": 300, "o": 450, "t": 3000, "k": 2000}


def spoken(root, utterances=6, gap=0.3):
    """Three speakers who say words of pure tones, with an alignment beside each recording."""
    for number, speaker in enumerate(("anna", "ben", "carl")):
        rng = np.random.default_rng(number)
        for utterance in range(utterances):
            waves, segments, time = [np.zeros(round(gap * audio.RATE))], [], gap
            for word in rng.permutation(WORDS):
                for phone in word:
                    hertz = HERTZ[phone] * (1 + 0.1 * number)
                    tone = 0.2 * np.sin(2 * np.pi * hertz * np.arange(round(PHONE * audio.RATE)) / audio.RATE)
                    waves.append(tone)
                    segments.append(f"{time:.4f} {time + PHONE:.4f} {phone}")
                    time += PHONE
                waves.append(np.zeros(round(gap * audio.RATE)))
                time += gap
            wave = np.concatenate(waves) + 0.001 * rng.standard_normal(sum(map(len, waves)))
            sound(root / speaker / f"{speaker}{utterance}.wav", samples=wave)
            (root / speaker / f"{speaker}{utterance}.lab").write_text("\n".join(segments) + "\n")
    return root


@pytest.mark.parametrize("longest", [15, 2], ids=["whole files", "stretches of files"])
def test_a_folder_with_alignments_goes_all_the_way_to_an_abx_score(tmp_path, longest):
    options = {"alignments": {"path": "."}, "longest": longest, "split": {"test": 0.4, "voices": 1}}
    root, out = spoken(tmp_path / "in"), tmp_path / "manifest"
    arguments = ["--kind", "folder", "--language", "mine", "--options", json.dumps(options)]
    manifest.main([str(root), str(out), *arguments])
    checks.main([str(out), str(tmp_path / "checks.json")])
    made = read_manifest(out)
    assert (made.utterances[0].start is None) == (longest == 15)
    seconds = {u.utterance: u.seconds for u in made.utterances}
    assert all(0 <= p.start < p.stop <= seconds[p.utterance] + 1e-6 for p in made.phones)
    items = read_items(made.tasks["test"])
    assert {item.utterance for item in items} <= {u.utterance for u in made.subset("test")}
    # an item is a phone with its neighbours; its times are fractions of the utterance
    for item in items:
        assert (item.offset - item.onset) * seconds[item.utterance] == pytest.approx(3 * PHONE, abs=1e-4)
    extract(made, "mfcc39", tmp_path / "mfcc39")
    store = Store(tmp_path / "mfcc39")
    for mode in ("across", "within"):
        assert abx(read_task(made.tasks["test"], mode=mode), store).error < 5, "tones this different are told apart"


def test_alignments_in_samples_count_those_of_their_recording_and_same_stems_are_told_apart(tmp_path):
    for speaker, rate in (("FCJF0", 8000), ("MDAB0", 48000)):
        sound(tmp_path / "in" / "DR1" / speaker / "SA1.WAV", rate=rate)
        (tmp_path / "in" / "DR1" / speaker / "SA1.PHN").write_text(rows(rate))
    options = json.dumps({"alignments": {}})
    arguments = ["--kind", "folder", "--language", "x", "--options", options]
    manifest.main([str(tmp_path / "in"), str(tmp_path / "m"), *arguments])
    phones = read_manifest(tmp_path / "m").phones
    for name in ("DR1-FCJF0-SA1", "DR1-MDAB0-SA1"):
        assert [Segment(p.start, p.stop, p.phone) for p in phones if p.utterance == name] == EXPECTED


def test_alignments_that_fit_no_recording_are_said(tmp_path):
    sound(tmp_path / "in" / "a" / "1.wav")
    (tmp_path / "in" / "other.lab").write_text("0.0 0.1 a\n")
    options = json.dumps({"alignments": {"path": "."}})
    with pytest.raises(InputError, match=r"no alignment of .* has the name of a recording"):
        manifest.main(
            [str(tmp_path / "in"), str(tmp_path / "m"), "--kind", "folder", "--language", "x", "--options", options]
        )


def test_labels_that_table_readers_take_for_a_missing_value_are_changed(tmp_path):
    sound(tmp_path / "in" / "a" / "1.wav")
    (tmp_path / "in" / "1.lab").write_text("0.0 0.1 nan\n0.1 0.2 NA\n0.2 0.3 n\n")
    options = json.dumps({"alignments": {}})
    manifest.main(
        [str(tmp_path / "in"), str(tmp_path / "m"), "--kind", "folder", "--language", "x", "--options", options]
    )
    assert [phone.phone for phone in read_manifest(tmp_path / "m").phones] == ["nan_", "NA_", "n"]
