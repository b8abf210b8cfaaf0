"""Frames of self-supervised encoders: HuBERT, wav2vec 2.0, WavLM and CPC, at any of their layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveInt
from torchaudio.models import Wav2Vec2Model

from unitvoice.audio import Wave
from unitvoice.errors import InputError
from unitvoice.features.kinds import FeatureKind
from unitvoice.features.ssl_encoders import CpcFrames, FrameEncoder, TransformerFrames
from unitvoice.features.ssl_weights import CPC, fingerprint, read_bundle, read_cpc, read_transformers
from unitvoice.settings import build

__all__ = ["SslSettings", "load_encoder", "ssl_kind"]


@dataclass(frozen=True)
class SslSettings:
    """Which encoder, and which of its layers."""

    layer: PositiveInt  # from 1: the output of so many transformer layers, or layers of LSTM
    model: str = ""  # a network of torchaudio, such as HUBERT_BASE, or cpc; empty where a folder of transformers tells
    path: Path | None = None  # its file of weights, or a folder of transformers; None: what torchaudio downloads


def load_encoder(settings: SslSettings) -> FrameEncoder:
    """An encoder in evaluation mode, cut off after its layer.

    Raises:
        InputError: there are no such weights, they do not fit, or the encoder has fewer layers.
    """
    model, path = settings.model, settings.path
    if model == CPC:
        if path is None:
            raise InputError("the weights of cpc are not downloaded; give their file as path")
        return CpcFrames(read_cpc(path, settings.layer)).eval()
    network = _transformer(model, path)
    if settings.layer > (depth := len(network.encoder.transformer.layers)):
        raise InputError(f"{model or path} has {depth} layers; there is no layer {settings.layer}")
    return TransformerFrames(network, settings.layer).eval()


def _transformer(model: str, path: Path | None) -> Wav2Vec2Model:
    if path is None or not path.is_dir():
        if not model:
            raise InputError(f"the weights {path or 'of an encoder'} do not tell its model; name it, e.g. HUBERT_BASE")
        return read_bundle(model, path)
    if model:
        raise InputError(f"{path} is a folder, which tells its model itself; leave out the model {model}")
    return read_transformers(path)


def ssl_kind(values: Mapping[str, Any], place: str, device: torch.device | None = None) -> FeatureKind:
    """A kind of frames, in half precision; what it tells of itself names the weights by their hash.

    Args:
        values: the fields of :class:`SslSettings`.
        place: where they come from, for messages.
        device: where to compute; the CPU, when not given.

    Raises:
        InputError: a value is wrong, or the encoder cannot be loaded.
    """
    settings = build(SslSettings, values, place)
    encoder = load_encoder(settings)
    facts = {"model": settings.model or "transformers", "layer": settings.layer, "weights": fingerprint(encoder)}
    encoder.to(device or torch.device("cpu")).requires_grad_(requires_grad=False)

    def compute(wave: Wave) -> NDArray[np.float16]:
        return encoder.compute(wave).astype(np.float16)

    return FeatureKind(compute, encoder.rate, "float16", facts, first=encoder.first)
