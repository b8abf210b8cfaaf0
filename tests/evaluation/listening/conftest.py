"""Some synthetic sentences for judges to hear."""

import pytest

from unitvoice import audio
from unitvoice.corpora import demo, zerospeech2019
from unitvoice.evaluation.listening.catalogue import read_transcripts
from unitvoice.evaluation.listening.sanity import Recording
from unitvoice.manifest import write_manifest


@pytest.fixture(scope="session")
def spoken_corpus(once):
    """Root of a corpus of seconds that espeak said, with transcripts and references."""
    settings = {"languages": ["english"], "size": "tiny", "references": True}
    return once("spoken", lambda folder: demo.generate(folder, **settings))


@pytest.fixture(scope="session")
def spoken_extra(spoken_corpus):
    """Folder of its transcripts and references."""
    return spoken_corpus / "2019" / "english" / "extra"


@pytest.fixture(scope="session")
def texts(spoken_extra):
    """Its transcripts."""
    return read_transcripts(spoken_extra / "transcripts.txt")


@pytest.fixture(scope="session")
def spoken(spoken_corpus):
    """Its manifest."""
    return zerospeech2019.manifest(spoken_corpus, "english")


@pytest.fixture(scope="session")
def spoken_manifest(once, spoken):
    """The folder of its manifest."""
    return once("spoken-manifest", lambda folder: write_manifest(spoken, folder))


@pytest.fixture(scope="session")
def recordings(spoken, texts):
    """Two and a half seconds of three speakers."""
    found = {}
    for one in spoken.subset("test"):
        if one.seconds > 2:
            found.setdefault(one.speaker, one)
    return [
        Recording(one.utterance, audio.read(spoken.path(one), stop=2.5), texts[one.utterance])
        for one in found.values()
    ]
