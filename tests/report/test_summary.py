"""The summary as text."""

import json
import shutil

from unitvoice.report.summary import main


def run(capsys, folder, options):
    main([str(folder), *options])
    return capsys.readouterr().out


def test_the_table_shows_figures_and_verdicts(make_results, options, capsys):
    lines = {line[:29].strip(): line[29:].split("  ") for line in run(capsys, make_results(), options).splitlines()}
    cells = {label: [cell for cell in found if cell] for label, found in lines.items()}
    met = "0.625 (0.500 to 0.750) met"
    assert cells["trained / MFCC39"] == [met, met, "at most 0.75"]
    assert cells["trials nearer to target (%)"] == ["97.5 met", "97.5 met", "at least 95"]
    assert cells["submission"] == ["valid (0 official findings, 0 of ours)"]


def test_reasons_of_missing_figures_are_told_once(make_results, options, capsys):
    folder = make_results()
    shutil.rmtree(folder / "english" / "fake-system" / "seed-1")
    text = run(capsys, folder, options)
    assert text.count("english: seed-1 was not scored") == 1
    assert "surprise: seed-1" not in text


def test_an_invalid_submission_is_told(make_results, options, capsys, tmp_path):
    finding = {"file": "a", "message": "is wrong", "cure": "mend it", "official": True}
    verdict = tmp_path / "verdict.json"
    verdict.write_text(json.dumps({"valid": False, "findings": [finding], "unchecked": []}))
    text = run(capsys, make_results(), [*options, "--submission", str(verdict)])
    assert "not valid (1 official findings, 0 of ours)" in text


def test_variants_stand_below_each_other_with_the_figures_of_their_own_seeds(make_results, options, capsys):
    folder = make_results()
    for language in ("english", "surprise"):
        shutil.copytree(folder / language / "fake-system" / "seed-1", folder / language / "other" / "seed-1")
    text = run(capsys, folder, [*options, "--beside", "other=1", "gone=0"])
    table = text[text.index("english, by variant") :].split("\n\n")[0].splitlines()
    cells = {line.split()[0]: [cell.strip() for cell in line.split("  ")[1:] if cell] for line in table[1:]}
    head = [cell.strip() for cell in table[0].split("  ") if cell]
    assert head[1:] == ["ABX (%)", "bitrate (bit/s)", "codes in use", "perplexity", "nearer to target (%)"]
    assert cells["fake-system"][0] == "15.00 (12.00 to 18.00)"
    assert cells["fake-system"][-1] == "97.5"
    assert cells["other"][:2] == ["18.00", "118.0"]
    codes, evenness = map(float, cells["other"][2:4])
    assert 1 < evenness <= codes <= 8
    assert cells["other"][-1] == "-"
    assert cells["gone"] == ["-"] * 5
    assert "surprise, by variant" in text


def test_without_variants_there_is_no_comparison(make_results, options, capsys):
    assert "by variant" not in run(capsys, make_results(), options)


def test_no_line_ends_in_blanks(make_results, options, capsys):
    assert all(line == line.rstrip() for line in run(capsys, make_results(), options).splitlines())
