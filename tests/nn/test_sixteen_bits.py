"""Samples of 16 bits as two numbers."""

import torch

from unitvoice.nn.sixteen_bits import amplitude, combine, scaled, split

ALL = torch.arange(-32768, 32768, dtype=torch.int16)


def test_splitting_and_combining_are_inverse_for_all_samples():
    numbers = split(ALL)
    assert torch.equal(combine(numbers), ALL.long())
    assert numbers.amin(dim=0).tolist() == [0, 0]
    assert numbers.amax(dim=0).tolist() == [255, 255]
    assert len(numbers.unique(dim=0)) == 65_536


def test_coarse_numbers_are_the_high_bits():
    assert split(torch.tensor([-32768, -32513, -32512, -1, 0, 255, 256])).tolist() == [
        [0, 0],
        [0, 255],
        [1, 0],
        [127, 255],
        [128, 0],
        [128, 255],
        [129, 0],
    ]


def test_scales_are_exact_at_both_ends_and_silence_is_not_zero():
    assert scaled(torch.tensor([0, 255])).tolist() == [-1.0, 1.0]
    assert amplitude(torch.tensor([-32768, 32767])).tolist() == [-1.0, 1.0]
    coarse, fine = scaled(split(torch.tensor(0))).tolist()
    assert round(coarse, 4) == 0.0039
    assert fine == -1.0


def test_an_amplitude_is_that_of_its_numbers():
    coarse, fine = split(ALL).unbind(dim=-1)
    torch.testing.assert_close(amplitude(ALL), (256 * coarse + fine) / 32767.5 - 1, atol=1e-6, rtol=0)
