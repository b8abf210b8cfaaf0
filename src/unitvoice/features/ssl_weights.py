"""Weights of pretrained encoders: found, checked and told apart; nothing in them is ever run."""

import argparse
import errno
import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
import torchaudio
from torch import Tensor, nn
from torchaudio.models import Wav2Vec2Model
from torchaudio.models.wav2vec2.utils import import_huggingface_model

from unitvoice.errors import InputError, listed
from unitvoice.files import read_json
from unitvoice.nn.cpc_encoder import CpcEncoder

__all__ = ["CPC", "bundles", "fingerprint", "read_bundle", "read_cpc", "read_transformers"]

CPC = "cpc"  # as a model's name
CPC_NAMES = (
    (r"gEncoder\.conv(\d)\.", r"convolutions.\1."),
    (r"gEncoder\.batchNorm(\d)\.", r"norms.\1."),
    (r"gAR\.baseNet\.", "lstm."),
)
CLASSES = {"hubert": "HubertModel", "wav2vec2": "Wav2Vec2Model", "wavlm": "WavLMModel"}
UNUSED = {"masked_spec_embed"}  # weights that only training needs


def bundles() -> dict[str, Any]:
    """The pretrained networks of torchaudio by name, such as ``HUBERT_BASE``."""
    found = {name: getattr(torchaudio.pipelines, name) for name in dir(torchaudio.pipelines)}
    return {name: one for name, one in found.items() if isinstance(one, torchaudio.pipelines.Wav2Vec2Bundle)}


def read_bundle(name: str, path: Path | None = None) -> Wav2Vec2Model:
    """A network of torchaudio, with the weights of a file, or with those that torchaudio downloads and keeps.

    Raises:
        InputError: there is no such network or file, it cannot be downloaded, or it has the weights of something else.
    """
    if name not in (known := bundles()):
        raise InputError(f"unknown model {name!r}; known are {CPC}, {listed(known, 40)}")
    if path is not None:
        _check_file(path)
    place = {"model_dir": str(path.parent), "file_name": path.name} if path else {}
    options = place | {"weights_only": True, "map_location": "cpu", "progress": False}
    try:
        network = _fitting(lambda: known[name].get_model(dl_kwargs=options), path or f"the download of {name}", name)
    except URLError as error:
        raise InputError(
            f"the weights of {name} cannot be downloaded ({error.reason}); run python -c 'import torchaudio; "
            f"torchaudio.pipelines.{name}.get_model()' where there is a network, copy what it leaves in "
            f"{Path(torch.hub.get_dir()) / 'checkpoints'} and give the file as path"
        ) from None
    inner: Wav2Vec2Model = getattr(network, "model", network)  # without torchaudio's own normalisation of recordings
    return inner


def read_transformers(folder: Path) -> Wav2Vec2Model:
    """A network from a folder of the library transformers: ``config.json`` and ``model.safetensors``.

    Raises:
        InputError: transformers is not installed, the folder holds something else, or weights are missing.
    """
    try:
        import transformers  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise InputError(f"reading {folder} needs the extra ssl; run pip install 'unitvoice[ssl]'") from None
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} has no config.json; give a folder that transformers saved, or a file of weights")
    config = read_json(folder / "config.json")
    kind = config.get("model_type") if isinstance(config, dict) else None
    if not isinstance(kind, str) or kind not in CLASSES:
        raise InputError(f"{folder} holds a model of the type {kind!r}; known are {listed(CLASSES)}")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    logging.getLogger(import_huggingface_model.__module__).setLevel(logging.ERROR)
    read = getattr(transformers, CLASSES[kind]).from_pretrained
    options = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    try:
        network, report = _fitting(lambda: read(folder, dtype=torch.float32, **options), folder, kind)
    except OSError:
        raise InputError(
            f"{folder} has no model.safetensors; let transformers load the model and save it with save_pretrained"
        ) from None
    if lost := sorted(set(report["missing_keys"]) - UNUSED):
        raise InputError(f"{folder} lacks the weights {listed(lost, 3)} of a {kind} model; save it again, complete")
    imported: Wav2Vec2Model = import_huggingface_model(network)
    return imported


def read_cpc(path: Path, layer: int) -> CpcEncoder:
    """A CPC encoder up to a layer of its LSTM, from the state dict of the modified CPC, alone or as ``weights``.

    Raises:
        InputError: there is no such file, it holds something else, or the LSTM has fewer layers.
    """
    _check_file(path)
    with torch.serialization.safe_globals([argparse.Namespace]):  # how published files keep their options: plain data
        content = _fitting(lambda: torch.load(path, map_location="cpu", weights_only=True), path, CPC)
    content = content.get("weights", content) if isinstance(content, Mapping) else {}
    weights = {_cpc_name(name): value for name, value in content.items() if isinstance(value, Tensor)}
    try:
        channels, width = len(weights["convolutions.0.weight"]), weights["lstm.weight_hh_l0"].shape[1]
    except KeyError as error:
        raise InputError(f"{path} does not hold the weights of a CPC encoder: there is no {error}") from None
    depth = sum(name.startswith("lstm.weight_hh_l") for name in weights)
    if layer > depth:
        raise InputError(f"{path} has {depth} layers of LSTM; there is no layer {layer}")
    network = CpcEncoder(channels, width, layer)
    known = {name: weights[name] for name in network.state_dict() if name in weights}
    _fitting(lambda: network.load_state_dict(known), path, CPC)
    return network


def fingerprint(network: nn.Module) -> str:
    """Hexadecimal SHA-256 of a network's weights with their names, whatever file they came from."""
    found = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.cpu().contiguous().numpy())
    return found.hexdigest()


def _cpc_name(name: str) -> str:
    """A name of ours for one of the modified CPC; others stay."""
    for theirs, ours in CPC_NAMES:
        name = re.sub(f"^{theirs}", ours, name)
    return name


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"there is no file of weights {path}; correct the path")


def _fitting[T](read: Callable[[], T], place: Path | str, model: str) -> T:
    """What ``read`` returns, with one sentence where weights are damaged, or not those of the model."""
    try:
        return read()
    except Exception as error:
        # a crafted file can end in any exception, and one that leads to an impossible place in EINVAL
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = " ".join(lines[:2]) or type(error).__name__
        raise InputError(f"{place} does not hold the weights of {model} ({reason}); take the right file") from None
