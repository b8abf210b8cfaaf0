"""Any folder of recordings, with a rule that says who speaks."""

from pathlib import Path

from unitvoice.corpora.collection import Settings
from unitvoice.corpora.recordings import Recording, sound_files
from unitvoice.corpora.speaker_rules import speakers

__all__ = ["recordings"]


def recordings(root: Path, settings: Settings) -> list[Recording]:
    """All recordings below ``root`` with their speakers; InputError when there are none or one has no speaker."""
    paths = sound_files(root)
    found = zip(paths, speakers(paths, root, settings.speaker), strict=True)
    return [Recording(path, speaker) for path, speaker in found]
