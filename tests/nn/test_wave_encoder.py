"""The encoder of raw waves: its size, and which samples a vector sees."""

import pytest
import torch

from unitvoice.nn.wave_encoder import WaveEncoder

PAPER = (2, 2, 2, 1, 2, 1, 2, 1, 2, 1)


def test_it_has_the_published_number_of_parameters():
    assert sum(parameter.numel() for parameter in WaveEncoder(128, 128, PAPER).parameters()) == 1_381_376


@pytest.mark.parametrize(
    ("strides", "stride", "field"),
    [(PAPER, 64, 550), ((*PAPER, 2, 2), 256, 1126), ((*PAPER, 2, 2, 2), 512, 1894), ((4, 1), 4, 16), ((1,), 1, 4)],
)
def test_stride_and_field_follow_from_the_strides(strides, stride, field):
    torch.manual_seed(0)
    made = WaveEncoder(8, 2, strides)
    assert (made.stride, made.field) == (stride, field)
    wave = torch.randn(1, field + 2 * stride, requires_grad=True)
    encoded = made(wave)
    assert encoded.shape == (1, 3, 2)
    (gradient,) = torch.autograd.grad(encoded[0, 1].sum(), wave)
    seen = gradient[0].nonzero().flatten()
    assert seen.min() >= stride
    assert seen.max() < stride + field
    assert made(wave[:, : field + stride - 1]).shape[1] == 1


def test_every_sample_of_the_field_of_the_published_strides_is_seen():
    torch.manual_seed(0)
    made = WaveEncoder(6, 2, PAPER).double()
    wave = torch.randn(1, 550, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(made(wave).sum(), wave)
    assert bool((gradient != 0).all())


def test_so_many_samples_give_the_published_number_of_vectors():
    made = WaveEncoder(2, 2, PAPER)
    for samples in (550, 613, 614, 1100, 7740):
        assert made(torch.zeros(1, samples)).shape[1] == (samples - 486) // 64


def test_what_is_added_to_a_layer_is_the_newest_sample_that_it_sees():
    made = WaveEncoder(2, 2, (2, 2, 1))
    made.last = torch.nn.Identity()
    for mix in made.mixes[1:]:
        torch.nn.init.zeros_(mix.weight)
    wave = torch.randn(1, 40)
    first = made.mixes[0](made.layers[0](wave[:, None]))
    expected = torch.stack([first[..., 2 * (place + 3) + 3] for place in range(5)], dim=-1)
    torch.testing.assert_close(made(wave).mT, expected)


def test_biases_begin_at_zero_but_for_the_last_without_which_a_vector_might_have_no_direction():
    torch.manual_seed(0)
    made = WaveEncoder(4, 4, (2, 2))
    biases = {name: bias for name, bias in made.named_parameters() if name.endswith("bias")}
    assert {name for name, bias in biases.items() if bool(bias.any())} == {"last.2.bias"}
    weights = made.layers[1].convolution.weight
    assert 0.9 * 2.967 / 4 < weights.abs().max() < 2.967 / 4  # four taps of four channels


def test_gates_are_a_tanh_of_the_first_half_times_a_sigmoid_of_the_second():
    layer = WaveEncoder(3, 2, (2,)).layers[0]
    wave = torch.randn(1, 1, 10)
    signal, gate = layer.convolution(wave).split(3, dim=1)
    torch.testing.assert_close(layer(wave), signal.tanh() * gate.sigmoid())
    assert layer(wave).abs().max() < 1


def test_normalised_vectors_are_of_unit_scale_in_training():
    torch.manual_seed(0)
    made = WaveEncoder(6, 3, (2, 2), normalised=True)
    encoded = made(torch.randn(8, 200)).flatten(0, 1)
    torch.testing.assert_close(encoded.mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(encoded.std(dim=0), torch.ones(3), atol=0.01, rtol=0)
