"""The strided encoder and the decoder of transposed convolutions: sizes, lengths, and where things stand in time."""

import pytest
import torch

from unitvoice.nn.deconvolution import DeconvolutionDecoder, PreactivatedStack, StridedEncoder


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_encoder_has_the_published_size_but_for_blocks_of_their_own():
    shared = StridedEncoder(39, 768, blocks=1)
    assert size(shared) == 10_120_704
    assert size(StridedEncoder(39, 768, blocks=2)) == 10_120_704 + size(shared.stack)


def test_the_decoder_has_the_published_size_but_for_blocks_of_their_own():
    assert size(DeconvolutionDecoder(64, 768, 39, blocks=1)) == 6_107_943
    assert size(DeconvolutionDecoder(64, 768, 39, blocks=2)) == 6_107_943 + 2_359_296


@pytest.mark.parametrize("frames", range(1, 201))
def test_latents_are_half_as_many_and_decode_to_the_very_frames(frames):
    latents = StridedEncoder(3, 4, blocks=1)(torch.zeros(2, 3, frames))
    assert latents.shape == (2, 4, frames // 2 + 1)
    assert DeconvolutionDecoder(4, 4, 5, blocks=1)(latents, frames).shape == (2, 5, frames)


def reach(output, given):
    """First and last step of the input, (1, C, T), that an output depends on."""
    (gradient,) = torch.autograd.grad(output.sum(), given, retain_graph=True)
    seen = gradient[0].abs().sum(dim=0).nonzero().flatten().tolist()
    return seen[0], seen[-1]


def test_a_latent_stands_between_two_frames():
    torch.manual_seed(0)
    frames = torch.randn(1, 3, 80, requires_grad=True)
    latents = StridedEncoder(3, 16, blocks=2)(frames)
    for number in (15, 20, 24):
        first, last = reach(latents[..., number], frames)
        assert (first + last) / 2 == 2 * number - 0.5


def test_a_decoded_frame_stands_where_its_latents_do():
    torch.manual_seed(0)
    latents = torch.randn(1, 4, 40, requires_grad=True)
    decoded = DeconvolutionDecoder(4, 32, 3, blocks=2)(latents, 79)
    for frame in (36, 37, 40, 41):
        first, last = reach(decoded[..., frame], latents)
        middle = 2 * (first + last) / 2 - 0.5  # in frames, see the test above
        assert abs(middle - frame) <= 1


def test_a_block_adds_to_its_input_as_it_is():
    stack = PreactivatedStack(4, blocks=2)
    for part in stack.parameters():
        torch.nn.init.zeros_(part)
    x = torch.randn(1, 4, 6)
    # rectified once, at the end: a block that rectifies in place would lose what is negative before it is added to
    torch.testing.assert_close(stack(x), x.relu())
    stack.blocks[0][3].weight.data.fill_(1.0)
    stack.blocks[0][1].weight.data[:, :, 1] = torch.eye(4)
    torch.testing.assert_close(stack(x), (x + x.relu().sum(dim=1, keepdim=True)).relu())
