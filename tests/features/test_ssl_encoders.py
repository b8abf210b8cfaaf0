"""Pretrained encoders over recordings of any length."""

import numpy as np
import pytest
import torch
from features.ssl_making import SIZES, cpc_weights, network
from hypothesis import given, settings
from hypothesis import strategies as st
from torchaudio.pipelines import HUBERT_BASE, HUBERT_LARGE, WAV2VEC2_XLSR53, WAVLM_BASE_PLUS, WAVLM_LARGE

from unitvoice.features import ssl_encoders
from unitvoice.features.ssl_encoders import CpcFrames, TransformerFrames
from unitvoice.features.ssl_weights import read_cpc

every_size = pytest.mark.parametrize("size", SIZES)


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples) + 0.02).astype(np.float32)


def cpc(tmp_path, layer=2):
    torch.save(cpc_weights(), tmp_path / "cpc.pt")
    return CpcFrames(read_cpc(tmp_path / "cpc.pt", layer)).eval()


@pytest.mark.parametrize("wavlm", [False, True])
@every_size
def test_frames_are_those_of_the_whole_network_on_a_padded_recording(size, wavlm):
    wave = noise(16_000)
    whole = network(size, wavlm=wavlm)
    samples = torch.tensor(wave)
    if size == "large":
        samples = torch.nn.functional.layer_norm(samples, samples.shape)
    with torch.inference_mode():
        layers, _ = whole.extract_features(torch.nn.functional.pad(samples, (40, 40))[None])
    for layer in (1, 2, 3):
        found = TransformerFrames(network(size, wavlm=wavlm), layer).eval().compute(wave)
        np.testing.assert_allclose(found, layers[layer - 1][0], rtol=1e-3, atol=1e-4)


@settings(max_examples=10)
@given(samples=st.integers(1, 1500))
def test_every_sample_is_in_a_frame_and_whole_hops_give_no_frame_more(samples):
    encoder = TransformerFrames(network(), 1).eval()
    assert encoder.compute(noise(samples)).shape == (-(-samples // 320), 16)
    assert (encoder.rate, encoder.first) == (50.0, 0.01)


def test_a_click_is_in_the_frame_that_stands_where_it_is():
    encoder = TransformerFrames(network("large"), 1).eval()
    wave = noise(320 * 40)
    clicked = wave.copy()
    clicked[320 * 20 + 160] += 5
    with torch.inference_mode():
        before, after = (
            encoder._convolved(torch.nn.functional.pad(torch.tensor(x), (40, 40))) for x in (wave, clicked)
        )
    assert (before - after).abs().amax(dim=1).nonzero().flatten().tolist() == [20]


@every_size
def test_pieces_of_the_convolutions_leave_no_trace(size, monkeypatch):
    encoder = TransformerFrames(network(size), 2).eval()
    wave = noise(320 * 50 + 123)
    whole = encoder.compute(wave)
    for piece in (1, 7, 50):
        monkeypatch.setattr(ssl_encoders, "PIECE", piece)
        np.testing.assert_allclose(encoder.compute(wave), whole, rtol=1e-3, atol=1e-4)


@every_size
def test_windows_of_the_transformer_hardly_show(size, monkeypatch):
    encoder = TransformerFrames(network(size), 3).eval()
    wave = noise(320 * 1000)
    whole = encoder.compute(wave)
    monkeypatch.setattr(ssl_encoders, "WINDOW", 300)
    monkeypatch.setattr(ssl_encoders, "CONTEXT", 50)
    found = encoder.compute(wave)
    assert found.shape == whole.shape
    assert not np.array_equal(found, whole)
    assert np.abs(found - whole).mean() < 0.05 * whole.std()
    steps, usual = np.abs(np.diff(found, axis=0)).mean(axis=1), np.abs(np.diff(whole, axis=0)).mean(axis=1)
    seams = [249, 449, 649]
    np.testing.assert_allclose(steps[seams], usual[seams], rtol=0.1)


@given(frames=st.integers(1, 9000))
def test_windows_cover_every_frame_once_with_its_context(frames):
    kept, last = [], None
    for low, high, part in ssl_encoders._windows(frames):
        assert 0 <= low < high <= frames
        assert high - low == min(frames, ssl_encoders.WINDOW)
        rows = range(low, high)[part]
        assert low == 0 or rows[0] - low >= ssl_encoders.CONTEXT
        assert high == frames or high - rows[-1] > ssl_encoders.CONTEXT
        kept.extend(rows)
        last = high
    assert kept == list(range(frames))
    assert last == frames


def test_what_is_long_needs_no_more_memory_for_attention(monkeypatch):
    encoder = TransformerFrames(network(), 1).eval()
    seen = []
    inner = encoder.encoder.extract_features
    monkeypatch.setattr(encoder.encoder, "extract_features", lambda x: seen.append(x.shape[1]) or inner(x))
    monkeypatch.setattr(ssl_encoders, "WINDOW", 100)
    monkeypatch.setattr(ssl_encoders, "CONTEXT", 20)
    encoder.compute(noise(320 * 333))
    assert set(seen) == {100}


def test_only_layers_that_are_needed_are_kept():
    assert len(TransformerFrames(network(), 2).encoder.transformer.layers) == 2


@pytest.mark.parametrize("bundle", [HUBERT_BASE, HUBERT_LARGE, WAV2VEC2_XLSR53, WAVLM_BASE_PLUS, WAVLM_LARGE])
def test_recordings_are_normalised_for_those_networks_that_were_trained_so(bundle):
    size = {"group_norm": "base", "layer_norm": "large"}[bundle._params["extractor_mode"]]
    assert TransformerFrames(network(size), 1).normalises == bundle._normalize_waveform


def test_loudness_is_nothing_to_a_network_that_normalises():
    encoder = TransformerFrames(network("large"), 2).eval()
    wave = noise(8000)
    np.testing.assert_allclose(encoder.compute(30 * wave), encoder.compute(20 * wave + 0.5), rtol=1e-2, atol=1e-3)


class CpcOracle:
    """Convolutions, channel norm and LSTM, written out frame by frame."""

    def __init__(self, weights):
        self.weights = {name: value.double().numpy() for name, value in weights.items()}

    def __call__(self, wave, layers=2):
        x = wave[None].astype(float)
        for number, (kernel, stride, padding) in enumerate([(10, 5, 3), (8, 4, 2), (4, 2, 1), (4, 2, 1), (4, 2, 1)]):
            x = self.convolution(number, np.pad(x, ((0, 0), (padding, padding))), kernel, stride)
        frames = x.T
        for number in range(layers):
            frames = self.lstm(number, frames)
        return frames

    def convolution(self, number, x, kernel, stride):
        weight, bias = (self.weights[f"gEncoder.conv{number}.{part}"] for part in ("weight", "bias"))
        scale, shift = (self.weights[f"gEncoder.batchNorm{number}.{part}"][0, :, 0] for part in ("weight", "bias"))
        columns = []
        for start in range(0, x.shape[1] - kernel + 1, stride):
            value = np.einsum("oik,ik->o", weight, x[:, start : start + kernel]) + bias
            value = (value - value.mean()) / np.sqrt(value.var(ddof=1) + 1e-5) * scale + shift
            columns.append(np.maximum(value, 0))
        return np.array(columns).T

    def lstm(self, number, frames):
        w, u, b, c = (
            self.weights[f"gAR.baseNet.{part}_l{number}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        hidden = cell = np.zeros(u.shape[1])
        outputs = []
        for frame in frames:
            entry, forget, new, out = np.split(w @ frame + b + u @ hidden + c, 4)
            cell = cell / (1 + np.exp(-forget)) + np.tanh(new) / (1 + np.exp(-entry))
            hidden = np.tanh(cell) / (1 + np.exp(-out))
            outputs.append(hidden)
        return np.array(outputs)


@pytest.mark.parametrize("layer", [1, 2])
def test_cpc_is_that_of_a_loop_over_frames(tmp_path, layer):
    wave = noise(160 * 20)
    expected = CpcOracle(cpc_weights())(wave, layer)
    np.testing.assert_allclose(cpc(tmp_path, layer).compute(wave), expected, rtol=1e-3, atol=1e-5)


def test_cpc_has_no_seams_and_loses_no_sample(tmp_path, monkeypatch):
    encoder = cpc(tmp_path)
    wave = noise(160 * 30 + 1)
    whole = encoder.compute(wave)
    assert whole.shape == (31, 5)
    assert (encoder.rate, encoder.first) == (100.0, 0.005)
    for piece in (1, 4, 31):
        monkeypatch.setattr(ssl_encoders, "PIECE", piece)
        np.testing.assert_allclose(encoder.compute(wave), whole, rtol=1e-4, atol=1e-6)
