"""The section on what training sounded like: what is there, in the order of the steps."""

import json

import numpy as np

from unitvoice import audio
from unitvoice.manifest import Manifest, Utterance
from unitvoice.report.results import LanguageResults, Results, Run
from unitvoice.report.sections.rehearsals import rehearsals


def section(folder, steps, trials=1):
    audio.write(folder / "D_a.wav", np.zeros(8000, np.float32))
    place = folder / "seed-0" / "model" / "listening" / "vqvae"
    for step in steps:
        for number in range(trials):
            audio.write(place / str(step) / f"{number}.wav", np.full(4000, 0.1, np.float32))
    if steps:
        told = [{"source": "D_a", "target": "V1", "seconds": 0.25}] * trials
        (place / "trials.json").write_text(json.dumps(told))
    manifest = Manifest("made", "up", folder, (Utterance("D_a", "D", "dev", "D_a.wav", None, None, 0.5),))
    run = Run(folder / "seed-0", 0, None, None, ())
    language = LanguageResults("klingon", folder, manifest, "mfcc39", None, (run,), (), None)
    return str(rehearsals(Results(folder, "vqvae-mel", (0,), (language,), None)))


def test_the_source_and_the_steps_stand_side_by_side_by_number_and_not_by_letter(tmp_path):
    page = section(tmp_path, [100, 20, 3])
    places = [page.index(text) for text in (">Source<", ">Step 3<", ">Step 20<", ">Step 100<")]
    assert places == sorted(places)
    assert page.count("<audio") == 4
    assert page.count("0.2 s") == 4  # the source is as short as what was spoken of it


def test_of_many_steps_some_are_shown_and_the_last_is_among_them(tmp_path):
    page = section(tmp_path, range(1, 41))
    assert page.count("<audio") == 5
    assert ">Step 40<" in page


def test_each_utterance_has_a_card(tmp_path):
    assert section(tmp_path, [7], trials=3).count("<article") == 3


def test_a_training_that_was_not_listened_to_says_why(tmp_path):
    assert "no stage of its recipe sets listen_every" in section(tmp_path, [])
