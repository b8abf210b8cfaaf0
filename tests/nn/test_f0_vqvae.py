"""The VQ-VAE of F0 contours: its published size and rates, its losses, and a codebook that survives a restart."""

import copy

import pytest
import torch
from torch.nn import functional as F

from unitvoice.nn.f0_vqvae import F0Vqvae


def parameters(module):
    return sum(value.numel() for value in module.parameters())


@pytest.fixture
def model():
    torch.manual_seed(0)
    return F0Vqvae()


@pytest.fixture
def contours():
    return torch.randn(16, 208, 1, generator=torch.Generator().manual_seed(1))


def trained(model, contours, steps, optimiser=None):
    optimiser = optimiser or torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        sum(model(contours)[2].values()).backward()
        optimiser.step()
    return model


def test_its_sizes_are_the_published_ones(model):
    assert parameters(model) == 199_681
    assert parameters(model.encoder) == 91_520
    assert parameters(model.decoder) == 108_161
    assert model.quantiser.codebook.shape == (20, 128)


def test_a_crop_of_208_frames_has_13_codes(model, contours):
    decoded, codes, _ = model(contours)
    assert codes.shape == (16, 13, 1)
    assert decoded.shape == contours.shape


@pytest.mark.parametrize("frames", [1, 15, 16, 17, 40])
def test_contours_of_any_length_have_codes_to_their_last_frame(model, frames):
    contour = torch.randn(1, frames, 1)
    codes = model.eval().encode(contour)
    assert codes.shape == (1, -(-frames // 16), 1)
    assert model.decode(codes, frames).shape == contour.shape
    held = torch.cat([contour, contour[:, -1:].expand(-1, -frames % 16, -1)], dim=1)
    assert torch.equal(model.encode(held), codes)


def test_encoding_and_decoding_are_what_training_reconstructs(model, contours):
    trained(model, contours, 2).eval()
    decoded, codes, losses = model(contours)
    assert torch.equal(model.encode(contours), codes)
    torch.testing.assert_close(model.decode(codes, 208), decoded)
    torch.testing.assert_close(losses["reconstruction"], F.mse_loss(decoded, contours))
    encoded = model.encoder(contours.mT).mT
    distance = (encoded - model.quantiser.lookup(codes)).square().mean()
    torch.testing.assert_close(losses["commitment"], 0.02 * distance)


def test_the_first_batch_draws_all_codes_and_evaluation_changes_none(model, contours):
    before = model.quantiser.codebook.clone()
    model(contours)
    drawn = model.quantiser.codebook.clone()
    assert ((drawn - before).abs().sum(dim=1) > 0).all()
    model.eval()
    model(10 * contours)
    assert torch.equal(model.quantiser.codebook, drawn)


def test_a_code_without_frames_is_drawn_anew(model, contours):
    trained(model, contours, 2)
    model.quantiser.counts[3] = 0.5
    model.quantiser.codebook[3] = 1e6
    model(contours)
    assert model.quantiser.codebook[3].abs().max() < 1e3
    assert model.quantiser.counts[3] > 0.5


def test_training_goes_on_exactly_from_its_saved_state(model, contours):
    whole = trained(copy.deepcopy(model), contours, 6)
    half = trained(model, contours, 3)
    torch.manual_seed(99)
    other = F0Vqvae()
    other.load_state_dict(half.state_dict())
    for name, value in trained(other, contours, 3).state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name


def test_it_learns_contours():
    """Slow movements of a few shapes; the mean alone would leave their whole variance of 1."""
    torch.manual_seed(0)
    time = torch.linspace(0, 2 * torch.pi, 208)
    contours = torch.stack([2**0.5 * torch.sin(time * (1 + n % 4) / 2) for n in range(8)])[..., None]
    model = F0Vqvae()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.8, 0.99))
    trained(model, contours, 30, optimiser)
    assert model.eval()(contours)[2]["reconstruction"] < 0.5 * contours.var()


def test_voicing_can_be_a_value_beside_the_pitch():
    decoded, codes, losses = F0Vqvae(values=2)(torch.randn(4, 32, 2))
    assert decoded.shape == (4, 32, 2)
    assert codes.shape == (4, 2, 1)
    assert torch.isfinite(sum(losses.values()))
