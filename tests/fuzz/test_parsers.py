"""Whatever stands in a file, reading it gives a value or one sentence: nothing hangs, runs, fills the memory or leaks.

``--hypothesis-profile=wide`` looks for an hour.
"""

import ast
import re
import resource
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest
import torchaudio
from features.ssl_making import bundle
from fuzz.mutations import HOSTILE, damaged
from fuzz.parsers import PARSERS
from hypothesis import given, settings
from hypothesis import strategies as st

import unitvoice
from unitvoice.errors import InputError
from unitvoice.provenance import SEAL

PACKAGE = Path(unitvoice.__file__).parent
READER = re.compile("(read|load|open|parse|unpack|extract|restore|recordings|manifest)(_|$)")
MEMORY = 1 << 30  # bytes beyond those in use
SECONDS = 10  # of the processor
EXCUSED = {
    "api.load": "conversion.direct.load_coder for callers from Python",
    "api.read": "audio.read for callers from Python",
    "conversion.direct.recordings": "finds sound files, audio.read reads them",
    "conversion.vocoding.load_vocoder": "models.load_model for one kind of system",
    "corpora.librispeech.recordings": "finds sound files by the names of folders",
    "corpora.ljspeech.recordings": "finds sound files by the names of folders",
    "corpora.unpack.unpack": "corpora.archives.extract for several archives",
    "corpora.vctk.recordings": "finds sound files by the names of folders",
    "evaluation.unit_statistics.read_corpus": "reads a store of a manifest",
    "features.extract.extract": "computes frames",
    "files.parse_json": "the text of files.read_json",
    "files.read_text": "for all readers of texts",
    "features.ssl.load_encoder": "features.ssl_weights by the kind of weights",
    "settings.parse_yaml": "the text of settings.read_yaml",
    "report.summary.read_chosen": "report.results.read_results by a command's options",
    "variants.read_variants": "part of workflow.Plan",
    "variants.read_vocoder": "part of workflow.Plan",
}


@contextmanager
def bounded():
    """A block that may take so much memory and time of the processor, and no more."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    handler = signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _late(_number, _frame):
    raise TimeoutError(f"it takes more than {SECONDS} s")


def others(place):
    """All below a place but what is written where it may be."""
    return {path for path in place.rglob("*") if "out" not in path.relative_to(place).parts}


def survives(parser, place, content):
    """Read some content and look at all that it must not do."""
    path = place / parser.file
    path.write_bytes(content)
    before = others(place)
    said = None
    with bounded():
        try:
            parser.read(place)
        except InputError as error:
            said = str(error)
    if said is not None:
        assert said.isprintable()
        assert any(name in said for name in (str(place), path.name, parser.known_as)), said
    assert others(place) == before
    out = place / "out"
    assert all(found.resolve().is_relative_to(out) for found in out.rglob("*"))
    shutil.rmtree(out, ignore_errors=True)


@pytest.fixture(autouse=True)
def known_to_torchaudio(monkeypatch):
    monkeypatch.setattr(torchaudio.pipelines, "TINY", bundle(), raising=False)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_any_content_gives_a_value_or_one_sentence(parser, tmp_path, monkeypatch):
    parser.make(tmp_path)
    for seal in set(tmp_path.rglob(f"*{SEAL}")) - {tmp_path / parser.file}:
        seal.unlink()  # else it would keep all harm from the reader
    valid = (tmp_path / parser.file).read_bytes()
    part = parser.unseal(valid)
    parser.read(tmp_path)
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for content in HOSTILE:
        survives(parser, tmp_path, content)

    @settings(max_examples=max(4, settings().max_examples // (2 * parser.cost)))
    @given(harmed=damaged(part) | st.binary(max_size=1000))
    def harm(harmed):
        survives(parser, tmp_path, parser.seal(harmed, valid))

    harm()


def readers():
    """Public functions of the package that read something, by their names in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef) and READER.match(node.name):
                yield f"{module}.{node.name}"


def test_every_reader_of_the_package_is_tried_or_excused():
    covered = {name for parser in PARSERS for name in parser.covers.split()}
    assert sorted(set(readers()) - covered - EXCUSED.keys()) == []
    assert EXCUSED.keys() <= set(readers())
