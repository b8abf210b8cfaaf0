"""Log-mel frames with a gradient."""

import numpy as np
import pytest
import torch

from unitvoice.features.kinds import HOP_SPECTRUM
from unitvoice.features.spectral import hop_mel, mel_filters
from unitvoice.nn.mel_spectrum import MelSpectrum

SPECTRUM = MelSpectrum(torch.from_numpy(mel_filters(HOP_SPECTRUM)), HOP_SPECTRUM.hop)


@pytest.mark.parametrize("samples", [512, 1024, 4321, 16_000])
def test_it_is_the_analysis_that_systems_read(samples):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, samples).astype(np.float32)
    wave[samples // 2 :] *= 1e-4
    found = SPECTRUM(torch.from_numpy(wave)[None])[0]
    assert len(found) == samples // 256
    np.testing.assert_allclose(found.numpy(), hop_mel(wave, HOP_SPECTRUM), atol=2e-3)


def test_silence_has_a_finite_gradient():
    wave = torch.zeros(1, 2048, requires_grad=True)
    SPECTRUM(wave).sum().backward()
    assert bool(wave.grad.isfinite().all())


def test_a_louder_wave_pulls_the_frames_up():
    wave = (0.1 * torch.randn(1, 2048, generator=torch.Generator().manual_seed(0))).requires_grad_()
    SPECTRUM(wave).sum().backward()
    assert float((wave.grad * wave).sum()) > 0


def test_autocast_does_not_make_it_coarse():
    wave = torch.randn(1, 2048, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        found = SPECTRUM(wave.bfloat16().float())
    assert found.dtype == torch.float32
    assert torch.equal(found, SPECTRUM(wave.bfloat16().float()))


def test_it_is_not_part_of_a_model():
    assert SPECTRUM.state_dict() == {}
