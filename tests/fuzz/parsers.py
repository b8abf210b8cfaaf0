"""All that the package reads: a valid input of each kind, the file in it that is harmed, and what reads it."""

import csv
import gzip
import hashlib
import io
import json
import pickle
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import joblib
import numpy as np
import py7zr
import soundfile
import torch
import yaml
from corpora.making import sound, wave
from corpora.zip_making import Made, make_zip
from features.ssl_making import cpc_weights, network
from sklearn.cluster import KMeans

from unitvoice import audio, bitstream
from unitvoice.codec import codebook_sizes, read_stream
from unitvoice.commands.units import _read_joined
from unitvoice.conversion.direct import load_coder
from unitvoice.corpora import huggingface, zerospeech2017, zerospeech2019
from unitvoice.corpora.alignments import read_alignments
from unitvoice.corpora.archives import extract
from unitvoice.corpora.checks import check
from unitvoice.corpora.collection import Settings
from unitvoice.corpora.lock_file import locked_sha256
from unitvoice.corpora.manifest import read_corpus
from unitvoice.corpora.official_lists import with_lists
from unitvoice.corpora.passwords import Password
from unitvoice.corpora.transfer import Part
from unitvoice.corpora.trial_lists import Trials, trials
from unitvoice.evaluation.alignment import read_gold
from unitvoice.evaluation.bitrate import read_durations
from unitvoice.evaluation.frames import read_features
from unitvoice.evaluation.listening.catalogue import read_transcripts
from unitvoice.evaluation.task import read_task
from unitvoice.evaluation.track2 import read_classes
from unitvoice.features.clusters import Clusters, read_clusters, write_clusters
from unitvoice.features.f0_statistics import read_f0_statistics
from unitvoice.features.ssl_weights import read_bundle, read_cpc, read_transformers
from unitvoice.files import sha256, write_json
from unitvoice.manifest import Manifest, Phone, Trial, Utterance, read_manifest, write_manifest
from unitvoice.models import load_model, save_model
from unitvoice.provenance import SEAL, verified
from unitvoice.report.results import read_results
from unitvoice.settings import build, read_yaml
from unitvoice.store import Store, create_store
from unitvoice.submission.lists import read_lists
from unitvoice.submission.metadata import read_metadata
from unitvoice.submission.validation import validate
from unitvoice.systems.catalogue import create_system
from unitvoice.systems.recipe import Recipe, load_recipe, read_recipe
from unitvoice.training import checkpoint
from unitvoice.units.exchange_lines import Form, read_lines
from unitvoice.units.exchange_models import read_scikit_learn
from unitvoice.workflow import Plan

__all__ = ["PARSERS", "Parser"]

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
SECRET = "open sesame"  # noqa: S105 - of archives that are made here
MODEL = {"channels": 4, "layers": 1, "codes": 8, "width": 4, "speaker_width": 2}
STAGE = {"steps": 1, "batch": 1, "crop": 0.2, "learning_rate": 0.001}
RECIPE = {"system": "vqvae-mel", "description": "tiny", "features": ["logmel"], "model": MODEL}
RECIPE |= {"stages": {"vqvae": STAGE}}

Unseal = Callable[[bytes], bytes]
Seal = Callable[[bytes, bytes], bytes]


class Parser(NamedTuple):
    """One kind of input."""

    name: str
    covers: str  # functions of the package, without its name, that this reads with
    make: Callable[[Path], object]  # writes a valid input into a folder
    file: str  # of it, that is harmed
    read: Callable[[Path], object]  # reads the folder
    unseal: Unseal = bytes  # the part of the file that is harmed
    seal: Seal = lambda harmed, _valid: harmed  # the file with that part harmed, its checksums right again
    cost: int = 1  # so many times fewer examples
    known_as: str = str(ROOT)  # what messages may call the input instead of its file


def text(name: str, content: str) -> Callable[[Path], object]:
    """Makes a text file."""
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


# --- sounds ---


def make_sound(suffix: str, **options: str) -> Callable[[Path], object]:
    return lambda folder: soundfile.write(folder / f"a{suffix}", wave(0.05), audio.RATE, **options)


def read_sound(suffix: str, folder: Path) -> object:
    audio.info(folder / f"a{suffix}")
    return audio.read(folder / f"a{suffix}", rate=8000)


# --- tables ---


def make_manifest(folder: Path) -> None:
    (folder / "test.item").write_text("#file onset offset #phone prev-phone next-phone speaker\n")
    said = [("a1", "a", "unit"), ("b1", "b", "voice"), ("c1", "c", "test")]
    utterances = tuple(Utterance(name, who, part, f"{name}.wav", None, 0.5, 0.5) for name, who, part in said)
    tasks, phones = {"test": folder / "test.item"}, (Phone("c1", 0.0, 0.1, "p"),)
    trial, bitrate = (Trial("c1", "b", "b_c1"),), (("c1", 0.5),)
    write_manifest(Manifest("own", "english", folder, utterances, trial, bitrate, tasks, phones), folder / "manifest")


def make_store(folder: Path) -> None:
    with create_store(folder / "store", kind="logmel", rate=100.0) as writer:
        writer.append("c1", np.eye(3, 2, dtype=np.float32))
        writer.append("b1", np.eye(2, dtype=np.float32))


def use_store(folder: Path) -> object:
    store = Store(folder / "store")
    return [(store.rate, store.width, store[name].sum()) for name in store]


def npy_header(content: bytes) -> bytes:
    return content[10 : 10 + int.from_bytes(content[8:10], "little")]


def with_npy_header(harmed: bytes, valid: bytes) -> bytes:
    rest = valid[10 + int.from_bytes(valid[8:10], "little") :]
    return valid[:8] + struct.pack("<H", min(len(harmed), 0xFFFF)) + harmed[:0xFFFF] + rest


def make_2019(folder: Path) -> None:
    for place in ("train/unit/S1_1", "train/voice/V1_1", "test/S2_1", "test/S2_2"):
        sound(folder / "english" / f"{place}.wav", 0.05)
    (folder / "english" / "synthesis.txt").write_text("test/S2_1 V1\n")
    (folder / "english" / "bitrate_filelist.txt").write_text("S2_1.txt 0.05\nS2_2.txt 0.05\n")
    (folder / "english" / "vads.txt").write_text("S2_1 0.0 0.05\nS2_2 0.01 0.02\n")
    (folder / "english" / "extra").mkdir()
    (folder / "english" / "extra" / "phones.csv").write_text("utterance,start,stop,phone\nS2_1,0,0.02,p\n")
    (folder / "ABXTasks").mkdir()
    make_items(folder / "ABXTasks", "byCtxt_acSpkr.item")


def use_2019(folder: Path) -> object:
    made = zerospeech2019.manifest(folder, "english")
    return check(made)


def make_2017(folder: Path) -> None:
    for place in ("train/s01", "test/10s/000"):
        sound(folder / "2017" / "english" / f"{place}.wav", 0.05)
    (folder / "english_VAD.csv").write_text("file,start,stop\ns01,0.0,0.02\ns01,0.03,0.05\n")


def make_official_lists(folder: Path) -> None:
    make_manifest(folder)
    place = folder / "lists" / "2019" / "english"
    place.mkdir(parents=True)
    (place / "bitrate_filelist.txt").write_text("c1.txt 0.5\n")
    (place / "required_filelist.txt").write_text("english/test/c1.txt\nenglish/test/b_c1.wav\n")


def use_official_lists(folder: Path) -> object:
    return with_lists(read_manifest(folder / "manifest"), folder / "lists")


def make_huggingface(folder: Path) -> None:
    sound(folder / "data" / "train" / "a.wav", 0.05)
    with (folder / "data" / "train" / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file_name", "speaker_id", "text"], ["a.wav", "7", 'said "so",\nand went']])
    row = {"file_name": "a.wav", "speaker_id": 7, "split": "test"}
    (folder / "data" / "train" / "metadata.jsonl").write_text(json.dumps(row) + "\n")


def use_huggingface(folder: Path) -> object:
    return huggingface.recordings(folder / "data", Settings())


def make_collection(folder: Path) -> None:
    for name in ("a/a1", "a/a2", "b/b1", "b/b2"):
        sound(folder / "corpus" / f"{name}.wav", 0.05)
    (folder / "corpus" / "speakers.csv").write_text("file,speaker\na1,x\na2,x\nb1,y\nb2,y\n")
    (folder / "corpus" / "trials.csv").write_text("source,target,name\nb1,x,x_b1\na1,x,\n")
    (folder / "corpus" / "phones.ctm").write_text("".join(f"{n} 1 0.01 0.02 p\n" for n in ("a1", "a2", "b1", "b2")))


def use_collection(folder: Path) -> object:
    options = {"speaker": {"rule": "table", "table": "speakers.csv"}, "split": {"test": 0.4, "dev": 0.0, "voices": 1}}
    options |= {"alignments": {"path": "phones.ctm"}}
    made = read_corpus("folder", folder / "corpus", "english", options, folder)
    trials(made.utterances, folder / "corpus", Trials("trials.csv"))
    write_manifest(made, folder / "out")
    return read_manifest(folder / "out")


TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 0.3
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 0.3
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 0.1
            text = "a"
        intervals [2]:
            xmin = 0.1
            xmax = 0.3
            text = "b ""c"" d"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 0.3
        points: size = 1
        points [1]:
            number = 0.1
            mark = "x"
"""
ALIGNMENTS = {
    "a.TextGrid": TEXTGRID,
    "a.phn": "0 800 h#\n800 1600 aa\n0.1 0.2 b\n",
    "a.lab": "0 800000 sil\n800000 1600000 aa\n",
    "b.lab": "signal a\nnfields 1\n#\n0.1 100 pau\n0.25 100 aa\n",
}


def use_alignments(folder: Path) -> object:
    return read_alignments(folder, "", lambda _: audio.RATE)


# --- evaluation ---


def make_items(folder: Path, name: str = "task.item") -> None:
    rows = ["S2_1 0 0.5 a p q s", "S2_1 0.5 1 b p q s", "S2_2 0 1 a p q t"]
    (folder / name).write_text("\n".join(["#file onset offset #phone prev-phone next-phone speaker", *rows, ""]))


def make_abx(folder: Path) -> None:
    with h5py.File(folder / "task.abx", "w") as file:
        by = "('p', 'q')"
        file["bys"] = np.array([by.encode()])
        file["triplets/data"] = np.array([[0, 1, 2]], dtype=np.int8)
        file["triplets/by_index"] = np.array([[0, 1]])
        kind = np.dtype([("index", "i8"), ("values_block_0", "S4", (1,)), ("values_block_1", "f8", (2,))])
        rows = np.array([(i, [b"u%d" % i], [0.0, 1.0]) for i in range(3)], dtype=kind)
        table = file.create_dataset(f"feat_dbs/{by}/table", data=rows)
        table.attrs["values_block_0_kind"] = b"(lp0\nVfile\np1\na."
        table.attrs["values_block_1_kind"] = b"(lp0\nVonset\np1\naVoffset\np2\na."
        group = file.create_group(f"regressors/{by}")
        names = ["phone_1", "speaker_1", "phone_2", "speaker_2"]
        group["indexed_datasets"] = np.array([name.encode() for name in names])
        group["indexed_data"] = np.array([[0, 0, 1, 1]], dtype=np.uint8)
        for name in names:
            group[f"indexes/{name}"] = np.array([b"a", b"b"] if "phone" in name else [b"s", b"t"])


def use_task(name: str, folder: Path) -> object:
    task = read_task(folder / name)
    return task.utterances, [task.triplets(index) for index in range(len(task.contexts))]


def make_embeddings(folder: Path) -> None:
    for name, content in (("c1", "0.1 1 0\n0.2 0.5 2e-1\n"), ("b1", "0.1 0 1\n")):
        (folder / f"{name}.txt").write_text(content)


def use_embeddings(folder: Path, **options: object) -> object:
    found = read_features(folder, **options)  # type: ignore[arg-type]
    return [frames.sum() for frames in found.frames.values()]


# --- models ---


@cache
def tiny_system() -> object:
    torch.manual_seed(0)
    return create_system(build(Recipe, RECIPE, "the tests"), ["a", "b"])


def make_model(folder: Path, **facts: object) -> None:
    save_model(folder / "model", tiny_system(), build(Recipe, RECIPE, "the tests"), **facts)


@cache
def coder_of(folder: Path) -> object:
    return load_coder(folder / "model")


def make_stream(folder: Path) -> None:
    make_model(folder)
    sizes = codebook_sizes(tiny_system())
    codes = np.random.default_rng(0).integers(0, min(sizes), (40, len(sizes)))
    model = bytes.fromhex(sha256(folder / "model" / "weights.safetensors"))[:8]
    (folder / "a.uvbs").write_bytes(bitstream.pack(bitstream.Stream(model, 50.0, codes, sizes, 12800, 0.1)))


def with_crc(harmed: bytes, _valid: bytes) -> bytes:
    return harmed + struct.pack("!I", zlib.crc32(harmed))


def tensors_header(content: bytes) -> bytes:
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def with_tensors_header(harmed: bytes, valid: bytes) -> bytes:
    return struct.pack("<Q", len(harmed)) + harmed + valid[8 + int.from_bytes(valid[:8], "little") :]


def make_checkpoint(folder: Path) -> None:
    state = {"weights": torch.eye(3), "step": 3, "random": [torch.get_rng_state()[:8], (1, "x")]}
    checkpoint.save(folder / "state", 3, state)


def with_digest(harmed: bytes, _valid: bytes) -> bytes:
    return hashlib.sha256(harmed).digest() + harmed


def make_log(folder: Path) -> None:
    (folder / "log.jsonl").write_text('{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n')


def make_cpc(folder: Path) -> None:
    torch.save({"weights": cpc_weights()}, folder / "cpc.pt")


def make_bundle(folder: Path) -> None:
    torch.save(network().state_dict(), folder / "tiny.pth")


def make_transformers(folder: Path) -> None:
    from features.ssl_making import transformers_folder  # noqa: PLC0415 - it takes seconds

    transformers_folder("hubert", "base", folder / "hubert")


# --- units ---


@cache
def kmeans() -> KMeans:
    frames = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    return KMeans(3, n_init=1, random_state=0).fit(frames)


def make_clusters(folder: Path) -> None:
    frames = {"kind": "logmel", "rate": 100.0, "first": 0.0, "parameters": {}}
    write_clusters(Clusters(np.eye(3, 2, dtype=np.float32), frames, {"seed": 0}), folder / "centres.npz")


def make_units(folder: Path) -> None:
    (folder / "a.km").write_text("1 2 3\n4 5\n")
    (folder / "a.tsv").write_text("/data\na/a.wav\t3200\nb.wav\t1600\n")
    (folder / "a.named").write_text("a|1 2 3\nb|4 5\n")
    (folder / "a.tabbed").write_text("a\t1,2,3\nb\t4,5\n")
    lines = ['{"audio": "a", "units": [1, 2], "durations": [3, 4]}', "{'name': 'b', 'hubert': '7 8'}"]
    (folder / "a.jsonl").write_text("\n".join([*lines, ""]))
    (folder / "a.joined").write_text("a|1,2 3,4\nb|0,0\n")


def read_form(form: Form, folder: Path) -> object:
    return read_lines(folder / f"a.{form}", form)


# --- archives ---

MEMBERS = [Made("en/", attributes=0o40755 << 16), Made("en/a.txt", b"one " * 300), Made("en/\u00e9.txt", b"two", 0)]


TARS = {".tar": "w", ".tgz": "w:gz", ".tbz2": "w:bz2", ".txz": "w:xz"}


def make_tar(suffix: str) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        with tarfile.open(folder / f"made{suffix}", TARS[suffix]) as tar:
            for kind, name, content, target in (
                (tarfile.DIRTYPE, "en", b"", ""),
                (tarfile.REGTYPE, "en/a.txt", b"one " * 300, ""),
                (tarfile.SYMTYPE, "en/link", b"", "a.txt"),
                (tarfile.LNKTYPE, "en/hard", b"", "en/a.txt"),
                (tarfile.REGTYPE, "en/" + "long" * 40, b"two", ""),
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.size = kind, target, len(content)
                tar.addfile(info, io.BytesIO(content))

    return make


def with_tar_checksums(harmed: bytes, _valid: bytes) -> bytes:
    """The checksums of all blocks that could be headers."""
    blocks = [harmed[place : place + 512] for place in range(0, len(harmed), 512)]
    return b"".join(_with_tar_checksum(block) if block[257:262] == b"ustar" else block for block in blocks)


def zipped_tar(harmed: bytes, valid: bytes) -> bytes:
    return gzip.compress(with_tar_checksums(harmed, valid))


def _with_tar_checksum(block: bytes) -> bytes:
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


def make_seven(folder: Path, **options: object) -> None:
    with py7zr.SevenZipFile(folder / "made.7z", "w", **options) as archive:  # type: ignore[arg-type]
        archive.writestr("one " * 300, "en/a.txt")
        archive.writestr("two", "en/b.txt")


def seven_header(content: bytes) -> bytes:
    place, size = struct.unpack("<QQ", content[12:28])
    return content[32 + place : 32 + place + size]


def with_seven_header(harmed: bytes, valid: bytes) -> bytes:
    place = int.from_bytes(valid[12:20], "little")
    start = struct.pack("<QQL", place, len(harmed), zlib.crc32(harmed))
    return valid[:8] + struct.pack("<L", zlib.crc32(start)) + start + valid[32 : 32 + place] + harmed


def seven_start(content: bytes) -> bytes:
    return content[12:32]


def with_seven_start(harmed: bytes, valid: bytes) -> bytes:
    return valid[:8] + struct.pack("<L", zlib.crc32(harmed[:20])) + harmed + valid[32:]


def unpacked(name: str, folder: Path) -> object:
    return extract(folder / name, folder / "out", ask=lambda: Password(SECRET))


# --- submissions ---


def make_submission(folder: Path) -> None:
    base = json.loads((GOLDEN / "validator" / "cases.json").read_text(encoding="utf-8"))["base_content"]
    root = folder / "submission"
    for name, content in (
        ("metadata.yaml", base["metadata.yaml"]),
        ("2019/metadata.yaml", base["2019/metadata.yaml"]),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    for language in ("english", "surprise"):
        (root / "2019" / language / "test").mkdir(parents=True)
        (root / "2019" / language / "test" / "S2_1.txt").write_text("1 0\n0.5 0.25\n")
        audio.write(root / "2019" / language / "test" / "V1_1.wav", wave(0.05))
        place = folder / "lists" / "2019" / language
        place.mkdir(parents=True)
        (place / "required_filelist.txt").write_text(f"{language}/test/S2_1.txt\n{language}/test/V1_1.wav\n")
        (place / "embedding_filelist.txt").write_text("S2_1.txt 0.05\n")
        (place / "bitrate_filelist.txt").write_text("S2_1.txt 0.05\n")
    (root / "2017" / "track2").mkdir(parents=True)
    (root / "2017" / "metadata.yaml").write_text(base["2017/metadata.yaml"], encoding="utf-8")
    (root / "2017" / "track2" / "english.txt").write_text("Class 0\ns01 0.1 0.2\n\n")
    with zipfile.ZipFile(folder / "submission.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(root))


def use_submission(name: str, folder: Path) -> object:
    report = validate(folder / name, read_lists(folder / "lists"))
    return report.as_text(), report.as_json()


def make_results(folder: Path) -> None:
    make_manifest(folder)
    results = folder / "results"
    shutil.copytree(folder / "manifest", results / "english" / "manifest")
    run = results / "english" / "vqvae-mel" / "seed-0"
    make_model(folder)
    shutil.copytree(folder / "model", run / "model")
    make_log(run / "model")
    scores = {"settings": {"distances": ["cosine"]}, "absent": {"dev": "no task"}}
    found = {"abx": {"test": {"across": {"cosine": 12.5}}}, "bitrate": {"bitrate": 50.0}}
    write_json(run / "abx" / "scores.json", scores | {"representations": {"vectors": found}})
    speakers_json = {"judge": {"name": "j"}, "conversion": {"nearer_target_percent": 90}, "trials": []}
    speakers_json |= {"own_voice": {"cosine_to_own": 0.9}, "corpus": {"absent": "one speaker"}}
    write_json(run / "speakers.json", speakers_json)
    write_json(run / "listening.json", {"judges": {}, "trials": {}})
    write_json(results / "vqvae-mel" / "validation.json", {"valid": True, "findings": [], "unchecked": []})


def use_results(folder: Path) -> object:
    return read_results(folder / "results", ["english"], "vqvae-mel", [0])


def make_f0_statistics(folder: Path) -> None:
    one = {"mean": 4.8, "deviation": 0.2, "frames": 20}
    write_json(folder / "f0.json", {"content": "x", "everyone": one, "speakers": {"a": one}})


def make_config(folder: Path) -> None:
    (folder / "own").mkdir()
    config = {"corpus": {"kind": "folder", "path": str(folder / "own"), "speaker": {"rule": "parent"}}}
    config |= {"languages": ["mine"], "system": "vqvae-mel", "size": "demo", "overrides": {"model": {"codes": 16}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def use_config(folder: Path) -> object:
    plan = Plan.of(read_yaml(folder / "config.yaml"), ROOT)
    return plan.report_options, plan.source.tables(plan.languages), plan.conversion_options


def parsers(
    covers: str, make: Callable[[Path], object], files: Iterable[str], read: Callable[[Path], object], **more: Any
) -> list[Parser]:
    """One for each file of an input."""
    return [Parser(name, covers, make, name, read, **more) for name in files]


RUN = "results/english/vqvae-mel/seed-0"
SOUNDS = {".wav": {"subtype": "PCM_16"}, ".flac": {}, ".ogg": {}, ".mp3": {}, ".aiff": {}, ".w64": {}}
PARSERS = [
    *(
        Parser(suffix, "audio.read audio.info", make_sound(suffix, **form), f"a{suffix}", partial(read_sound, suffix))
        for suffix, form in SOUNDS.items()
    ),
    *parsers(
        "manifest.read_manifest",
        make_manifest,
        [f"manifest/{name}" for name in ("corpus.json", "utterances.csv", "trials.csv", "bitrate.txt", "phones.csv")],
        lambda folder: read_manifest(folder / "manifest"),
        known_as="corpus own, english",
    ),
    *parsers(
        "store.Store", make_store, [f"store/{name}" for name in ("frames.npy", "index.csv", "meta.json")], use_store
    ),
    *parsers("provenance.verified", make_store, [f"store/{SEAL}"], lambda folder: verified(folder / "store")),
    Parser("npy header", "", make_store, "store/frames.npy", use_store, npy_header, with_npy_header),
    *parsers(
        "corpora.zerospeech2019.manifest corpora.zerospeech2020.manifest corpora.checks.check",
        make_2019,
        [
            *(f"english/{name}" for name in ("synthesis.txt", "bitrate_filelist.txt", "extra/phones.csv", "vads.txt")),
            *("ABXTasks/byCtxt_acSpkr.item", "english/test/S2_1.wav"),
        ],
        use_2019,
        cost=2,
    ),
    Parser(
        *("vad of 2017", "corpora.zerospeech2017.manifest", make_2017, "english_VAD.csv"),
        lambda folder: zerospeech2017.manifest(folder, "english"),
    ),
    *parsers(
        "corpora.official_lists.with_lists",
        make_official_lists,
        [f"lists/2019/english/{name}_filelist.txt" for name in ("bitrate", "required")],
        use_official_lists,
    ),
    *parsers(
        "corpora.huggingface.recordings",
        make_huggingface,
        [f"data/train/metadata.{form}" for form in ("csv", "jsonl")],
        use_huggingface,
    ),
    *parsers(
        "corpora.speaker_rules.speakers corpora.trial_lists.trials corpora.alignments.read_alignments "
        "corpora.manifest.read_corpus corpora.folder.recordings",
        make_collection,
        [f"corpus/{name}" for name in ("speakers.csv", "trials.csv", "phones.ctm", "a/a1.wav")],
        use_collection,
        cost=2,
    ),
    *(Parser(name, "", text(name, content), name, use_alignments) for name, content in ALIGNMENTS.items()),
    Parser(
        *("lock file", "corpora.lock_file.locked_sha256"),
        *(text("lock.json", '{"files": {"a.zip": {"sha256": "00", "bytes": 3, "url": "x"}}}'), "lock.json"),
        lambda folder: locked_sha256(folder / "lock.json", "a.zip"),
    ),
    Parser(
        *("note of an unfinished download", "corpora.transfer.Part"),
        *(text("a.part.json", '{"url": "http://x/a", "validator": "", "total": 7}'), "a.part.json"),
        lambda folder: Part(folder / "a").origin,
    ),
    Parser(
        "items",
        "evaluation.task.read_task evaluation.task.read_items",
        make_items,
        "task.item",
        partial(use_task, "task.item"),
    ),
    Parser("abx", "", make_abx, "task.abx", partial(use_task, "task.abx")),
    Parser(
        "embeddings",
        "evaluation.frames.read_features evaluation.texts.parse_text",
        make_embeddings,
        "c1.txt",
        use_embeddings,
    ),
    Parser("embeddings of 2017", "", make_embeddings, "c1.txt", partial(use_embeddings, year=2017)),
    Parser("embeddings, officially", "", make_embeddings, "c1.txt", partial(use_embeddings, official_quirks=True)),
    Parser(
        *("classes", "evaluation.track2.read_classes"),
        *(text("a.txt", "Class 0\ns01 0.1 0.2\ns02 1 2\n\nClass 1\ns01 3 4\n\n"), "a.txt"),
        lambda folder: read_classes(folder / "a.txt"),
    ),
    Parser(
        *("durations", "evaluation.bitrate.read_durations", text("a.txt", "c1.txt 0.5\nb1.txt 1.25\n"), "a.txt"),
        lambda folder: read_durations(folder / "a.txt"),
    ),
    Parser(
        *("gold", "evaluation.alignment.read_gold", text("a.phn", "s01 0.0 0.1 SIL\ns01 0.1 0.2 aa\n"), "a.phn"),
        lambda folder: read_gold(folder / "a.phn", folder / "a.phn"),
    ),
    Parser(
        *("transcripts", "evaluation.listening.catalogue.read_transcripts"),
        *(text("a.txt", "c1 one two\nb1 three\n"), "a.txt"),
        lambda folder: read_transcripts(folder / "a.txt"),
    ),
    *parsers(
        "models.load_model",
        make_model,
        ["model/model.json", "model/weights.safetensors"],
        lambda folder: load_model(folder / "model"),
        cost=2,
    ),
    Parser(
        *("safetensors header", "", make_model, "model/weights.safetensors"),
        lambda folder: load_model(folder / "model"),
        *(tensors_header, with_tensors_header, 2),
    ),
    Parser(
        "model of a coder",
        "conversion.direct.load_coder",
        make_model,
        "model/model.json",
        lambda f: load_coder(f / "model"),
        cost=2,
    ),
    Parser(
        *("bit stream", "bitstream.unpack codec.read_stream", make_stream, "a.uvbs"),
        lambda folder: read_stream(coder_of(folder), folder / "a.uvbs"),
    ),
    Parser(
        *("bit stream with its CRC", "", make_stream, "a.uvbs"),
        lambda folder: read_stream(coder_of(folder), folder / "a.uvbs"),
        *(lambda content: content[:-4], with_crc),
    ),
    Parser(
        *(
            "checkpoint",
            "training.checkpoint.restore training.checkpoint.read",
            make_checkpoint,
            "state/step-000000003.ckpt",
        ),
        lambda folder: checkpoint.restore(folder / "state"),
    ),
    Parser(
        *("checkpoint with its digest", "", make_checkpoint, "state/step-000000003.ckpt"),
        lambda folder: checkpoint.restore(folder / "state"),
        *(lambda content: content[32:], with_digest),
    ),
    Parser("weights of cpc", "features.ssl_weights.read_cpc", make_cpc, "cpc.pt", lambda f: read_cpc(f / "cpc.pt", 1)),
    Parser(
        *("weights of torchaudio", "features.ssl_weights.read_bundle", make_bundle, "tiny.pth"),
        *(lambda folder: read_bundle("TINY", folder / "tiny.pth"), bytes, lambda harmed, _: harmed, 5),
    ),
    *parsers(
        "features.ssl_weights.read_transformers",
        make_transformers,
        ["hubert/config.json", "hubert/model.safetensors"],
        lambda folder: read_transformers(folder / "hubert"),
        cost=5,
    ),
    *parsers(
        "systems.recipe.load_recipe settings.read_yaml",
        text("recipe.yaml", yaml.safe_dump(RECIPE | {"demo": {"model": {"codes": 8}}})),
        ["recipe.yaml"],
        lambda folder: load_recipe(folder / "recipe.yaml", "demo"),
    ),
    *parsers(
        "systems.recipe.read_recipe files.read_json provenance.read_json",
        text("recipe.json", json.dumps(RECIPE)),
        ["recipe.json"],
        lambda folder: read_recipe(folder / "recipe.json"),
    ),
    *parsers("workflow.Plan", make_config, ["config.yaml"], use_config, cost=10, known_as="con"),
    *parsers(
        "features.f0_statistics.read_f0_statistics",
        make_f0_statistics,
        ["f0.json"],
        lambda f: read_f0_statistics(f / "f0.json"),
    ),
    *parsers(
        "report.results.read_results",
        make_results,
        [
            *(f"{RUN}/{name}" for name in ("abx/scores.json", "speakers.json", "listening.json")),
            *(f"{RUN}/model/{name}" for name in ("model.json", "log.jsonl")),
            "results/vqvae-mel/validation.json",
        ],
        use_results,
    ),
    *parsers(
        "features.clusters.read_clusters", make_clusters, ["centres.npz"], lambda f: read_clusters(f / "centres.npz")
    ),
    *(
        Parser(
            f"k-means of {form}",
            "units.exchange_models.read_scikit_learn",
            make,
            "a",
            lambda f: read_scikit_learn(f / "a"),
        )
        for form, make in {
            "joblib": lambda folder: joblib.dump(kmeans(), folder / "a"),
            "pickle": lambda folder: (folder / "a").write_bytes(pickle.dumps(kmeans(), 4)),
            "old pickle": lambda folder: (folder / "a").write_bytes(pickle.dumps(kmeans(), 2)),
        }.items()
    ),
    *(
        Parser(f"units {form}", "units.exchange_lines.read_lines", make_units, f"a.{form}", partial(read_form, form))
        for form in ("named", "tabbed", "jsonl")
    ),
    *parsers("", make_units, ["a.km", "a.tsv"], lambda folder: read_lines(folder / "a.km", "km", folder / "a.tsv")),
    *parsers("", make_units, ["a.joined"], lambda folder: _read_joined(folder / "a.joined", (8, 8))),
    *parsers(
        "submission.lists.read_lists",
        make_submission,
        [f"lists/2019/english/{name}_filelist.txt" for name in ("required", "embedding", "bitrate")],
        partial(use_submission, "submission"),
        cost=2,
    ),
    *parsers(
        "submission.validation.validate submission.metadata.parse submission.text.read_text submission.wavs.check_wav "
        "submission.track2.check_classes submission.tree.open_tree submission.common_checks.read_metadata",
        make_submission,
        [
            *(f"submission/{name}" for name in ("metadata.yaml", "2019/metadata.yaml", "2017/track2/english.txt")),
            *(f"submission/2019/english/test/{name}" for name in ("S2_1.txt", "V1_1.wav")),
        ],
        partial(use_submission, "submission"),
        cost=2,
    ),
    *parsers("", make_submission, ["submission.zip"], partial(use_submission, "submission.zip"), cost=2),
    *parsers(
        "submission.metadata.read_metadata",
        make_submission,
        ["submission/metadata.yaml"],
        lambda folder: read_metadata(folder / "submission" / "metadata.yaml"),
    ),
    *(
        Parser(
            f"{name} archive",
            "corpora.archives.extract corpora.archives.open_archive corpora.zip_directory.read_directory",
            make,
            file,
            partial(unpacked, file),
            cost=2,
        )
        for name, file, make in (
            ("zip", "made.zip", lambda folder: make_zip(folder, MEMBERS)),
            ("streamed zip64", "made.zip", lambda folder: make_zip(folder, MEMBERS, zip64=True, streamed=True)),
            ("zipcrypto", "made.zip", lambda folder: make_zip(folder, MEMBERS, password=SECRET)),
            ("aes", "made.zip", lambda folder: make_zip(folder, MEMBERS, password=SECRET, aes=1)),
            ("last of a split zip", "made.zip", lambda folder: make_zip(folder, MEMBERS, part=200)),
            ("first of a split zip", "made.z01", lambda folder: make_zip(folder, MEMBERS, part=200)),
            ("7z", "made.7z", make_seven),
            ("locked 7z", "made.7z", partial(make_seven, password=SECRET, header_encryption=True)),
            *((suffix, f"made{suffix}", make_tar(suffix)) for suffix in (".tar", ".tgz", ".tbz2", ".txz")),
        )
    ),
    Parser("tar headers", "", make_tar(".tar"), "made.tar", partial(unpacked, "made.tar"), bytes, with_tar_checksums),
    Parser(
        "tar in gzip", "", make_tar(".tgz"), "made.tgz", partial(unpacked, "made.tgz"), gzip.decompress, zipped_tar
    ),
    Parser("7z header", "", make_seven, "made.7z", partial(unpacked, "made.7z"), seven_header, with_seven_header),
    Parser("7z start", "", make_seven, "made.7z", partial(unpacked, "made.7z"), seven_start, with_seven_start),
]
