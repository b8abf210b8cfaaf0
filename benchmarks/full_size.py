"""Files per second and peak memory of every stage on a corpus with the real counts and tiny recordings.

    python benchmarks/full_size.py [--scale 0.1] [--folder /tmp/full-size]

The counts are those of the ZeroSpeech 2019 data (13,529 + 10,189 test files, 5,941 + 15,340 for training, and the
voices). All recordings are 0.1 s of one noise, so what is measured is the cost per file. Stages run as commands, each
in a process of its own; two scales tell whether time is linear and memory bounded.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unitvoice import audio
from unitvoice.corpora.published import COUNTS, TRIALS
from unitvoice.files import write_text

ROOT = Path(__file__).parent.parent
FOLDERS = {"unit": "train/unit", "voice": "train/voice", "test": "test"}
PREFIXES = {"unit": "S", "voice": "V", "test": "S"}
SECONDS = 0.1  # of a recording
CONFIG = """corpus: {corpus}
languages: [english, surprise]
system: vqvae-mel
size: demo
seeds: [0]
submission: {{author: nobody, affiliation: nowhere, open_source: false}}
"""


def write_corpus(folder: Path, scale: float) -> int:
    """Write both languages in the layout of 2020; returns the number of recordings."""
    wave = np.random.default_rng(0).uniform(-0.1, 0.1, round(SECONDS * audio.RATE)).astype(np.float32)
    audio.write(folder / "noise.wav", wave)
    content = (folder / "noise.wav").read_bytes()
    (folder / "noise.wav").unlink()
    number = 0
    for language, trials in TRIALS.items():
        place = folder / "2019" / language
        for subset, count in COUNTS["zerospeech2020", language].items():
            (place / FOLDERS[subset]).mkdir(parents=True)
            for _ in range(max(2, round(scale * count))):
                speaker = 1 + number % (100 if subset == "unit" else 1 if subset == "voice" else 24)
                name = f"{PREFIXES[subset]}{speaker:03d}_{number:010d}.wav"
                (place / FOLDERS[subset] / name).write_bytes(content)
                number += 1
        sources = sorted((place / "test").iterdir())[: max(2, round(scale * trials))]
        write_text(place / "synthesis.txt", "".join(f"test/{path.stem} V001\n" for path in sources))
    return number


def timed(stage: str, files: int, *command: object) -> None:
    """Run a command and print what it took."""
    start = time.monotonic()
    process = os.posix_spawn(sys.executable, [sys.executable, *map(str, command)], os.environ, file_actions=_quiet())
    _, status, usage = os.wait4(process, 0)
    seconds = time.monotonic() - start
    rate = f"{files / seconds:10,.0f}" if files else " " * 10
    print(f"{stage:<28} {files or '':>7} {seconds:8.1f} {rate} {usage.ru_maxrss / 1024:9.0f}", flush=True)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{stage} failed; its messages are in {_log()}")


def _log() -> Path:
    return Path(tempfile.gettempdir()) / "full-size.log"


def _quiet() -> list[tuple[object, ...]]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return [(os.POSIX_SPAWN_OPEN, 1, str(_log()), flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]


def run_stages(work: Path, corpus: Path) -> None:
    """All stages of both languages, then the submission and the DAG."""
    out, languages, parts = work / "results", list(TRIALS), []
    timed("recipe", 0, "-m", "unitvoice.systems.recipe", ROOT / "workflow/systems/vqvae-mel.yaml", out / "recipe.json",
          "--size", "demo")  # fmt: skip
    for language in languages:
        place = out / language
        manifest, features, units = place / "manifest", place / "logmel", place / "units"
        files = sum(1 for _ in (corpus / "2019" / language).rglob("*.wav"))
        test = sorted((corpus / "2019" / language / "test").iterdir())
        timed(f"{language}: manifest", files, "-m", "unitvoice.corpora.manifest", corpus, manifest,
              "--language", language, "--kind", "zerospeech2020")  # fmt: skip
        timed(f"{language}: checks", files, "-m", "unitvoice.corpora.checks", manifest, place / "checks.json",
              "--jobs", 2, "--tolerate", "count")  # fmt: skip
        timed(f"{language}: features", files, "-m", "unitvoice.features.extract", manifest, "logmel", features,
              "--jobs", 2)  # fmt: skip
        timed(f"{language}: untrained model", 0, "-m", "unitvoice.training.train", out / "recipe.json", manifest,
              place / "model", "--features", features, "--state", place / "training", "--steps", 0)  # fmt: skip
        timed(f"{language}: units", len(test), "-m", "unitvoice.units.encode", place / "model", manifest, features,
              units)  # fmt: skip
        write_converted(corpus / "2019" / language / "synthesis.txt", test[0], place / "converted")
        parts += ["--language", language, manifest, units / "vectors", place / "converted"]
    total = sum(1 for _ in corpus.glob("2019/*/test/*.wav"))
    named = [part for name in languages for part in ("--manifest", name, out / name / "manifest")]
    timed("file lists", total, "-m", "unitvoice.submission.lists", out / "lists", *named)
    timed("metadata", 0, "-m", "unitvoice.submission.describe", out / "recipe.json", out / "metadata.yaml",
          "--author", "nobody", "--affiliation", "nowhere")  # fmt: skip
    timed("submission layout", total, "-m", "unitvoice.submission.layout", out / "submission", "--metadata",
          out / "metadata.yaml", *parts)  # fmt: skip
    timed("submission validation", total, "-m", "unitvoice.submission.validation", out / "submission", "--lists",
          out / "lists", "--strict")  # fmt: skip
    timed("submission packing", total, "-m", "unitvoice.submission.packaging", out / "submission",
          out / "submission.zip")  # fmt: skip
    write_text(work / "config.yaml", CONFIG.format(corpus=corpus))
    timed("the DAG (snakemake -n)", 0, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", work, "-n")


def write_converted(synthesis: Path, wav: Path, folder: Path) -> None:
    """What conversion would write: a recording per trial."""
    folder.mkdir(parents=True)
    for line in synthesis.read_text(encoding="utf-8").splitlines():
        source, target = line.split()
        (folder / f"{target}_{source.rpartition('_')[2]}.wav").write_bytes(wav.read_bytes())


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="of the real counts")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    options = parser.parse_args(argv)
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        corpus = Path(scratch) / "2020"
        corpus.mkdir()
        count = write_corpus(corpus, options.scale)
        print(f"{count:,} recordings of {SECONDS} s\n")
        print(f"{'stage':<28} {'files':>7} {'seconds':>8} {'files/s':>10} {'peak MiB':>9}")
        run_stages(Path(scratch), corpus)


if __name__ == "__main__":
    main()
