"""Vector quantisers: frames in, codes, code vectors and losses out."""

from unitvoice.nn.vq.ema import EmaQuantiser
from unitvoice.nn.vq.quantiser import Quantised, Quantiser
from unitvoice.nn.vq.time_jitter import jitter

__all__ = ["EmaQuantiser", "Quantised", "Quantiser", "jitter"]
