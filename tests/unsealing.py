"""Taking the seal off an artefact, which then counts as one from elsewhere."""

from pathlib import Path

from unitvoice.provenance import SEAL

__all__ = ["contents", "unsealed"]


def unsealed(folder: Path) -> Path:
    """The folder, without its seal."""
    (folder / SEAL).unlink()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of all files below a folder but those of seals, by their paths in it."""
    inside = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SEAL)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in inside}
