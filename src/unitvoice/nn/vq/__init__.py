"""Vector quantisers: frames in, codes, code vectors and losses out."""

from unitvoice.nn.vq.ema import EmaQuantiser
from unitvoice.nn.vq.gradient import GradientQuantiser
from unitvoice.nn.vq.gumbel import GumbelQuantiser
from unitvoice.nn.vq.kmeans import KMeansQuantiser
from unitvoice.nn.vq.quantiser import Quantised, Quantiser
from unitvoice.nn.vq.sliced import SlicedQuantiser
from unitvoice.nn.vq.sphere import SphereQuantiser, encoder_weight
from unitvoice.nn.vq.time_jitter import jitter

__all__ = [
    "EmaQuantiser",
    "GradientQuantiser",
    "GumbelQuantiser",
    "KMeansQuantiser",
    "Quantised",
    "Quantiser",
    "SlicedQuantiser",
    "SphereQuantiser",
    "encoder_weight",
    "jitter",
]
