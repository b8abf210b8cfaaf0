"""HiFi-GAN: sizes, lengths, field, pieces, first weights, critics, and what both sides minimise."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils import parametrize

from unitvoice.features.kinds import HOP_SPECTRUM
from unitvoice.features.spectral import mel_filters
from unitvoice.nn.gan_losses import LEAST_SQUARES, Judgement
from unitvoice.nn.hifigan import Generator, ResidualBlock
from unitvoice.nn.initialisation import normal, weight_normed
from unitvoice.nn.mel_spectrum import MelSpectrum
from unitvoice.nn.pieces import in_pieces
from unitvoice.nn.wave_critics import PeriodCritic, ScaleCritic, WaveCritics


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_sizes():
    with torch.device("meta"):
        generators = [Generator(384), Generator(384, ratios=(5, 4, 2, 2, 2))]
        critics = WaveCritics()
    assert [round(size(generator) / 1e6, 2) for generator in generators] == [14.18, 14.14]
    assert round(size(critics.by_period) / 1e6, 1) == 41.1
    assert round(size(critics.by_scale) / 1e6, 1) == 29.6


@given(st.lists(st.sampled_from([2, 3, 4, 5, 8]), min_size=1, max_size=3), st.integers(1, 9), st.integers(1, 2))
def test_a_wave_has_as_many_samples_per_vector_as_the_ratios_say(ratios, length, rows):
    generator = Generator(3, channels=8, ratios=ratios, kernels=(3,), dilations=(1,))
    wave = generator(torch.randn(rows, 3, length))
    assert wave.shape == (rows, length * math.prod(ratios))
    assert bool((wave.abs() <= 1).all())


@pytest.mark.parametrize(("ratios", "hop", "reach"), [((5, 4, 4, 2, 2), 320, 21), ((5, 4, 2, 2, 2), 160, 22)])
def test_a_sample_amid_a_vector_hears_20_vectors_on_each_side_and_none_more_than_the_stated_reach(ratios, hop, reach):
    torch.manual_seed(0)
    generator = Generator(2, channels=32, ratios=ratios).double()
    assert (generator.hop, generator.reach) == (hop, reach)
    x = torch.randn(1, 2, 53, dtype=torch.float64, requires_grad=True)
    wave = generator(x)
    fields = []
    for place in (0, 1, hop // 2, hop - 2, hop - 1):
        (gradient,) = torch.autograd.grad(wave[0, 26 * hop + place], x, retain_graph=True)
        heard = gradient.abs().sum(dim=(0, 1)).nonzero().flatten() - 26
        fields.append((-int(heard[0]), int(heard[-1])))
    assert max(map(max, fields)) == reach
    if hop == 320:
        assert fields[2] == (20, 20)


def test_pieces_fit_together_as_the_reach_is_told():
    torch.manual_seed(0)
    generator = Generator(3, channels=32).double()
    x = torch.randn(1, 3, 90, dtype=torch.float64)
    whole = generator(x)
    torch.testing.assert_close(in_pieces(generator, x, hop=320, reach=generator.reach, size=30), whole)
    short = in_pieces(generator, x, hop=320, reach=generator.reach - 1, size=45)
    assert not torch.equal(short, whole)


def test_without_normalisation_nothing_changes():
    torch.manual_seed(0)
    generator, x = Generator(3, channels=8, ratios=(5, 2)), torch.randn(1, 3, 7)
    before = generator(x)
    layers = [part for part in generator.modules() if hasattr(part, "kernel_size")]
    assert all(parametrize.is_parametrized(part, "weight") for part in layers)
    assert len(layers) == 2 + 2 * (1 + 3 * 3 * 2)
    for part in layers:
        parametrize.remove_parametrizations(part, "weight")
    torch.testing.assert_close(generator(x), before)


def test_the_first_weights_that_were_asked_for_are_those_that_are_used():
    torch.manual_seed(0)
    made = Generator(64, channels=64, ratios=(4, 2), deviation=0.01)
    assert made.first.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert made.stages[0].raised.weight.std().item() == pytest.approx(0.01, rel=0.1)
    default = Generator(64, channels=64, ratios=(4, 2))
    assert default.first.weight.std().item() == pytest.approx((64 * 7 * 3) ** -0.5, rel=0.05)


def test_drawing_weights_after_their_normalisation_changes_them_too():
    torch.manual_seed(0)
    convolution = torch.nn.Conv1d(64, 64, 3)
    weight_normed(convolution)
    normal(convolution, 0.3)
    assert convolution.weight.std().item() == pytest.approx(0.3, rel=0.05)


def test_the_result_of_a_stage_is_the_mean_of_its_blocks():
    torch.manual_seed(0)
    one, several = (Generator(2, channels=4, ratios=(2,), kernels=kernels) for kernels in ((3,), (3, 3)))
    several.load_state_dict(
        {name: one.state_dict()[name.replace("blocks.1", "blocks.0")] for name in several.state_dict()}
    )
    x = torch.randn(1, 2, 9)
    torch.testing.assert_close(several(x), one(x))


def test_a_block_has_the_published_slopes_and_dilations():
    block = ResidualBlock(1, 3, (1, 5))
    for part in [*block.dilated, *block.plain]:
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
        part.weight.data[..., 1] = 1.0
    assert [part.dilation for part in block.dilated] == [(1,), (5,)]
    x = torch.tensor([[[1.0, -1.0]]])
    torch.testing.assert_close(block(x), torch.tensor([[[4.0, -((1 + 0.01) ** 2)]]]))


def test_the_last_rectifier_has_the_slope_of_a_hundredth():
    generator = Generator(1, channels=2, ratios=(2,))
    kept = []
    generator.last.register_forward_pre_hook(lambda _, arguments: kept.append(arguments[0]))
    generator.stages.register_forward_hook(lambda _, __, out: kept.append(out))
    generator(torch.randn(1, 1, 50))
    before, after = kept
    torch.testing.assert_close(after, torch.where(before > 0, before, 0.01 * before))


def test_channels_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match="20 channels cannot be halved 5 times"):
        Generator(4, channels=20)


def test_the_shapes_of_critics_on_the_published_crop():
    judged = WaveCritics(period_channels=1, scale_channels=4, widest=32)(torch.randn(1, 8960))
    assert len(judged) == 8
    assert [len(one.features) for one in judged] == [6] * 5 + [8] * 3
    assert [tuple(one.features[0].shape[2:]) for one in judged[:5]] == [
        (1494, 2),
        (996, 3),
        (598, 5),
        (427, 7),
        (272, 11),
    ]
    assert [one.shape[-1] for one in judged[5].features] == [8960, 4480, 2240, 560, 140, 140, 140, 140]
    assert [judgement.features[0].shape[-1] for judgement in judged[5:]] == [8960, 4481, 2241]
    assert all(torch.equal(one.features[-1], one.score) for one in judged)


def test_the_published_layers_of_critics():
    by_scale = [
        (part.in_channels, part.out_channels, part.kernel_size[0], part.stride[0], part.groups)
        for part in ScaleCritic().layers
    ]
    assert by_scale == [
        (1, 128, 15, 1, 1),
        (128, 128, 41, 2, 4),
        (128, 256, 41, 2, 16),
        (256, 512, 41, 4, 16),
        (512, 1024, 41, 4, 16),
        (1024, 1024, 41, 1, 16),
        (1024, 1024, 5, 1, 1),
        (1024, 1, 3, 1, 1),
    ]
    by_period = [(part.out_channels, part.kernel_size, part.stride) for part in PeriodCritic(2).layers]
    lowering = [(width, (5, 1), (3, 1)) for width in (32, 128, 512, 1024)]
    assert by_period == [*lowering, (1024, (5, 1), (1, 1)), (1, (3, 1), (1, 1))]


def test_a_critic_of_a_period_hears_each_column_for_itself():
    torch.manual_seed(0)
    critic = PeriodCritic(3, channels=2, widest=4)
    wave = torch.randn(1, 300)
    other = wave.clone()
    other[0, 1::3] += 1
    changed = (critic(wave).score != critic(other).score).flatten(0, -2).any(dim=0)
    assert changed.tolist() == [False, True, False]


def test_only_the_critic_of_the_wave_itself_is_normalised_by_its_spectrum():
    torch.manual_seed(0)
    first, second = WaveCritics((), 2, scale_channels=16).by_scale
    for _ in range(30):
        first(torch.randn(1, 512))  # in training the estimate of the singular value sharpens
    largest = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in first.layers]
    assert largest == pytest.approx([1.0] * 8, rel=0.05)
    assert torch.linalg.matrix_norm(second.layers[1].weight.flatten(1), 2).item() != pytest.approx(1.0, rel=0.05)


def judgement(score, *features):
    return Judgement([torch.full((1, 2, 3), one) for one in features], torch.full((1, 1, 3), score))


def test_both_sides_minimise_squares():
    def critics(real, spoken, count=1):
        return LEAST_SQUARES.critics([judgement(real)] * count, [judgement(spoken)] * count).item()

    assert critics(1.0, 0.0) == 0
    assert critics(0.5, 0.0) == pytest.approx(0.25)
    assert critics(3.0, -2.0) == pytest.approx(4 + 4)
    assert critics(0.0, 1.0, 8) == pytest.approx(16.0)
    assert LEAST_SQUARES.generator([judgement(1.0), judgement(-1.0)]).item() == pytest.approx(4.0)


def test_distances_of_features_are_summed_over_layers_and_critics():
    real, spoken = ([judgement(0.0, value, 2 * value)] * 3 for value in (0.0, 1.0))
    assert LEAST_SQUARES.features(real, spoken).item() == pytest.approx(3 * (1 + 2))


def test_log_mel_frames_of_the_published_crop_have_the_natural_logarithm_and_the_published_floors():
    filters = torch.from_numpy(mel_filters(HOP_SPECTRUM))
    spectrum = MelSpectrum(filters, 256, power=1e-9, natural=True)
    wave = torch.randn(1, 8960, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.1
    frames = spectrum(wave.float())
    assert frames.shape == (1, 35, 80)
    part = torch.nn.functional.pad(wave[:, None], (384, 384), mode="reflect")[0, 0, 10 * 256 : 10 * 256 + 1024]
    spectral = torch.fft.rfft(part * torch.hann_window(1024, dtype=torch.float64))
    expected = (filters.double() @ (spectral.abs().square() + 1e-9).sqrt()).clamp(min=1e-5).log()
    torch.testing.assert_close(frames[0, 10].double(), expected, rtol=1e-4, atol=1e-4)
    silence = spectrum(torch.zeros(1, 8960))
    assert float(silence.min()) >= math.log(1e-5) - 1e-6
