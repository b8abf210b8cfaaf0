"""The section on training: curves of what is there, and sentences for what went wrong."""

import pytest

from unitvoice.report.results import LanguageResults, Results, Run
from unitvoice.report.sections.training import training


@pytest.fixture
def text(tmp_path):
    """``text(*records)``: the section on one run with these records in its log."""

    def made(*records):
        run = Run(tmp_path, 3, None, None, records)
        language = LanguageResults("klingon", tmp_path, None, "mfcc39", None, (run,), (), None)
        return str(training(Results(tmp_path, "vqvae-mel", (3,), (language,), None)))

    return made


def records(**last):
    losses = ({"step": step, "reconstruction": 1 / step, "perplexity": 9.0, "skipped": 0.0} for step in (20, 40))
    return [*losses, {"step": 60, "reconstruction": 0.01, "perplexity": 9.0, "skipped": 0.0} | last]


def test_a_training_without_faults_says_nothing_of_them(text):
    page = text(*records())
    assert "reconstruction over steps, klingon" in page
    assert "collapsed" not in page
    assert "skipped" not in page
    assert "left an update out" not in page


def test_a_collapsed_codebook_is_told_with_the_step_of_its_alarm(text):
    page = text(*records(collapsed=1.0))
    assert "klingon, seed 3: a codebook collapsed (alarm from step 60 on)" in page


def test_updates_left_out_are_told(text):
    assert "klingon, seed 3: 4 steps left an update out" in text(*records(skipped=4.0))


def test_what_a_probe_finds_of_the_speaker_is_no_loss_but_has_a_curve(text):
    page = text(*records(speaker_accuracy=0.4))
    assert page.count("speaker_accuracy over steps, klingon") == 1
    assert "it should fall towards 1 / speakers" in page


def test_what_is_not_trained_on_has_curves_beside_the_losses(text):
    page = text({"step": 10, "dev_loss": 2.0, "dev_abx": 30.0, "dev_reconstruction": 1.5}, *records(dev_loss=1.0))
    assert "dev_loss over steps, klingon" in page
    assert "dev_abx over steps, klingon" in page
    assert "dev_reconstruction over steps" not in page
    assert "dev_perplexity" not in page


def test_gradients_of_the_parts_are_no_losses_and_have_a_picture_of_their_own(text):
    page = text(*records(gradient_encoder=0.5, gradient_decoder=20.0))
    assert page.count("gradient over steps, klingon") == 1
    assert "gradient_encoder" not in page
    assert all(f"<title>{part}</title>" in page for part in ("encoder", "decoder"))


def test_a_log_without_gradients_says_so(text):
    assert "the first run has none in its training log" in text(*records())
