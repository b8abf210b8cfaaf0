"""The encoder of the WaveNet auto-encoders: its sizes, lengths, place in time and normalisation."""

import pytest
import torch

from unitvoice.nn.content_encoder import ContentEncoder
from unitvoice.nn.instance_norm import AdaptiveNorm, instance_norm
from unitvoice.nn.speaker_encoder import SpeakerEncoder


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def small(**changes):
    torch.manual_seed(0)
    return ContentEncoder(5, 6, 3, **({"stride": 4} | changes)).eval()


@pytest.mark.parametrize("width", [64, 128])
def test_at_25_hz_it_has_the_published_number_of_parameters(width):
    published = ContentEncoder(39, 768, width, stride=4, weighted=False)
    assert parameters(published) == 10_121_472 + 769 * width


def test_at_50_hz_and_in_the_last_revision_too():
    assert parameters(ContentEncoder(39, 768, 64, stride=2, weighted=False)) == 6_040_384
    assert parameters(ContentEncoder(39, 256, 64, stride=4, kernel=5, padding="zeros")) == 1_556_288


def test_the_speaker_encoder_has_the_published_number_of_parameters():
    assert parameters(SpeakerEncoder(39, 64)) == 486_208


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize("normalised", [True, False])
def test_any_number_of_frames_gives_as_many_units_as_it_fills(stride, kernel, padding, normalised):
    encoder = small(stride=stride, kernel=kernel, padding=padding, normalised=normalised)
    for frames in [*range(1, 20), 199, 200]:
        encoded = encoder(torch.randn(1, 5, frames))
        assert encoded.shape == (1, 3, -(-frames // stride))
        assert encoded.isfinite().all()


@pytest.mark.parametrize("stride", [2, 4])
def test_a_unit_stands_amid_its_own_frames(stride):
    frames = torch.randn(1, 5, 80, requires_grad=True)
    unit = 40 // stride
    encoder = small(stride=stride)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.abs_()
    encoder(frames.abs())[..., unit].sum().backward()
    seen = frames.grad[0].any(dim=0).nonzero().flatten()
    assert seen[0] + seen[-1] == 2 * 40 + stride - 1


def test_layers_without_weights_multiply_what_is_rectified_by_16():
    with_layers, without = small(weighted=False), small(weighted=False)
    without.layers, without.added = without.layers[:6], without.added[:6]
    with torch.no_grad():
        with_layers.last.bias.zero_()
        without.last.bias.zero_()
    frames = torch.randn(1, 5, 16)
    torch.testing.assert_close(with_layers(frames), 16 * without(frames))


def test_with_weights_every_layer_learns():
    encoder = small(normalised=True)
    encoder(torch.randn(2, 5, 40)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for name, parameter in encoder.named_parameters() if "weight" in name)


def test_what_is_constant_in_an_utterance_is_taken_out_after_each_second_layer():
    encoder, frames = small(normalised=True), torch.randn(2, 5, 40)
    seen = {}
    for number, layer in enumerate([*encoder.layers, encoder.last], 1):
        layer.register_forward_pre_hook(lambda _, given, number=number: seen.update({number: given[0]}))
    encoder(frames)
    steps = {3: slice(1, -2), 5: slice(1, -1), 7: slice(None), 9: slice(None), 11: slice(None)}  # without padding
    for number, inner in steps.items():
        values = seen[number][..., inner]
        torch.testing.assert_close(values.mean(-1), torch.zeros(2, 6), atol=1e-4, rtol=0)
        silent = values.std(-1) < 1e-3  # channels that are never above zero
        assert (values.var(-1, correction=0)[~silent] - 1).abs().max() < 0.1


def test_instance_normalisation_is_torchs_and_takes_a_single_frame_too():
    x = torch.randn(2, 3, 7)
    torch.testing.assert_close(instance_norm(x), torch.nn.functional.instance_norm(x))
    assert not instance_norm(x[..., :1]).any()


def test_two_adaptive_norms_with_nothing_between_are_one_but_for_signs():
    torch.manual_seed(0)
    first, second = AdaptiveNorm(4, 3), AdaptiveNorm(4, 3)
    x, voice = torch.randn(2, 4, 50), torch.randn(2, 3)
    sign = first.statistics(voice)[:, 4:, None].sign()
    mean, scale = second.statistics(voice)[..., None].chunk(2, dim=1)
    torch.testing.assert_close(
        second(first(x, voice), voice), instance_norm(x) * sign * scale + mean, atol=1e-2, rtol=0
    )
