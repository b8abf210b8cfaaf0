"""The judges by the names that a configuration gives them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from unitvoice.corpora.demo import MARK
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.judge import Judge
from unitvoice.evaluation.listening.measures import CepstralDistortion, Duration
from unitvoice.evaluation.listening.melody import Melody
from unitvoice.evaluation.listening.naturalness import Dnsmos
from unitvoice.evaluation.listening.sphinx import PhoneLoop, Words
from unitvoice.manifest import Manifest

__all__ = ["DEFAULT", "create_judge", "read_transcripts", "references_of", "texts_of"]

DEFAULT = ("dnsmos", "phones", "f0", "mcd", "duration")  # those whose weights ship, and that need no text
SIMPLE: Mapping[str, type[Judge]] = {
    "dnsmos": Dnsmos,
    "phones": PhoneLoop,
    "f0": Melody,
    "mcd": CepstralDistortion,
    "duration": Duration,
}
FORMS = "dnsmos, phones, words, f0, mcd, duration, ctc:MODEL, ctc:MODEL=FILE, whisper:MODEL, utmos:PLACE"


def create_judge(name: str, texts: Mapping[str, str], judged: Iterable[str] = ()) -> Judge:
    """A judge, with its weights.

    Args:
        name: dnsmos, phones (a loop of phones), words (needs transcripts), f0, mcd, duration, or one that has to
            be downloaded: ctc:MODEL of torchaudio, with =FILE for weights that are there; whisper:MODEL of the hub or
            of a folder; or utmos:PLACE, a repository of torch's hub or a folder.
        texts: transcripts by utterance; there may be none.
        judged: utterances whose transcripts must not shape a judge.

    Raises:
        UnsuitedError: the judge cannot judge this corpus.
        InputError: there is no such judge, or it cannot be used here.
    """
    kind, _, model = name.partition(":")
    if name in SIMPLE:
        return SIMPLE[name]()
    if name == "words":
        return Words(texts, judged)
    if kind == "ctc" and model:
        from unitvoice.evaluation.listening.ctc import Ctc  # noqa: PLC0415 - slow to import

        network, _, path = model.partition("=")
        return Ctc(network, Path(path) if path else None)
    if kind == "whisper" and model:
        from unitvoice.evaluation.listening.whisper import Whisper  # noqa: PLC0415 - slow to import

        return Whisper(model)
    if kind == "utmos" and model:
        from unitvoice.evaluation.listening.utmos import Utmos  # noqa: PLC0415 - slow to import

        return Utmos(model)
    raise InputError(f"there is no judge {name!r}; there are {FORMS}")


def texts_of(manifest: Manifest, path: Path | None) -> dict[str, str]:
    """Transcripts by utterance: of a file, or those that the demo corpus has; empty where there are none."""
    own = _extra(manifest, "transcripts.txt")
    found = path or own
    return read_transcripts(found) if found else {}


def references_of(manifest: Manifest, folder: Path | None) -> Path | None:
    """Folder of ``<trial name>.wav``, said by the targets: as given, or that of the demo corpus."""
    return folder or _extra(manifest, "references")


def _extra(manifest: Manifest, name: str) -> Path | None:
    """Something that the demo corpus has beside what the challenge has."""
    place = manifest.root / "2019" / manifest.language / "extra" / name
    return place if (manifest.root / MARK).is_file() and place.exists() else None


def read_transcripts(path: Path) -> dict[str, str]:
    """Read lines ``<utterance> <words>``; InputError when the file is not of this form."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8; give lines '<utterance> <words>'") from None
    rows = [re.split(r"\s+", line.strip(), maxsplit=1) for line in lines if line.strip()]
    if not rows or any(len(row) == 1 for row in rows):
        raise InputError(f"{path} must have lines '<utterance> <words>'; correct it or leave it out")
    return {row[0]: row[1] for row in rows}
