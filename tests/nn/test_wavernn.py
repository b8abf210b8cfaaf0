"""WaveRNN: which half knows what."""

import math

import pytest
import torch
from torch.nn import functional as F

from unitvoice.nn.sixteen_bits import split
from unitvoice.nn.wavernn import WaveRnn, surprise


def network(seed=0):
    torch.manual_seed(seed)
    return WaveRnn(3, hidden=8, head=5)


def speech(batch=2, length=7):
    draw = torch.Generator().manual_seed(1)
    samples = torch.randint(-32768, 32768, (batch, length), generator=draw)
    return torch.randn(batch, length - 1, 3, generator=draw), samples


def other_coarse(samples, place):
    changed = samples.clone()
    changed[:, place] = (samples[:, place] + 32768 + 256 * 77) % 65536 - 32768
    assert torch.equal(split(changed)[..., 1], split(samples)[..., 1])
    return changed


def leaks(net):
    """Whether the coarse half of a sample's state depends on its own coarse number; the fine half must."""
    conditions, samples = speech()
    first, second = (net.states(conditions, one) for one in (samples, other_coarse(samples, 4)))
    assert torch.equal(first[:, :3], second[:, :3])
    assert not torch.equal(first[:, 3, 4:], second[:, 3, 4:])
    assert not torch.equal(first[:, 4, :4], second[:, 4, :4])
    return not torch.equal(first[:, 3, :4], second[:, 3, :4])


def test_coarse_logits_do_not_know_their_number_before_the_first_step():
    assert not leaks(network())


def test_nor_after_steps_of_an_optimiser_that_moves_all_weights():
    net = network()
    conditions, samples = speech()
    optimiser = torch.optim.AdamW(net.parameters(), 0.1, weight_decay=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        sum(surprise(net(conditions, samples), samples[:, 1:])).backward()
        optimiser.step()
        assert not leaks(net)


def test_nor_after_reading_weights_of_which_none_is_zero():
    net = network()
    state = {name: torch.ones_like(value) for name, value in network(1).state_dict().items()}
    state |= {name: torch.randn_like(value) for name, value in state.items()}
    net.load_state_dict(state)
    assert "mask" not in state
    assert not leaks(net)


def test_masked_weights_get_no_gradient_and_all_others_do():
    net = network()
    conditions, samples = speech(4, 20)
    sum(surprise(net(conditions, samples), samples[:, 1:])).backward()
    moved = net.recurrence.weight_ih_l0.grad.view(3, 8, 6) != 0
    assert not moved[:, :4, -1].any()
    assert moved[:, 4:, -1].all()
    assert moved[..., :-1].all()


@torch.no_grad()
def test_it_is_a_gru_that_reads_condition_both_last_numbers_and_the_coarse_one_of_now():
    net = network()
    conditions, samples = speech()
    numbers = split(samples).float() / 127.5 - 1
    cell = torch.nn.GRUCell(6, 8)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in net.recurrence.state_dict().items()})
    cell.weight_ih.view(3, 8, 6)[:, :4, -1] = 0
    state = torch.zeros(2, 8)
    for time in range(6):
        now = torch.cat([conditions[:, time], numbers[:, time], numbers[:, time + 1, :1]], dim=-1)
        state = cell(now, state)
        found = net(conditions, samples)[:, time]
        torch.testing.assert_close(found[:, 0], net.heads[0](state[:, :4]))
        torch.testing.assert_close(found[:, 1], net.heads[1](state[:, 4:]))


def test_the_loss_of_each_number_is_its_mean_cross_entropy():
    draw = torch.Generator().manual_seed(0)
    logits, samples = torch.randn(2, 3, 2, 256, generator=draw), torch.tensor([[0, 1, -1], [300, -300, 7]])
    for half, found in enumerate(surprise(logits, samples)):
        wanted = split(samples)[..., half].flatten()
        torch.testing.assert_close(found, F.cross_entropy(logits[..., half, :].flatten(0, 1), wanted))
    even = surprise(torch.zeros(2, 3, 2, 256), samples)
    assert [one.item() for one in even] == pytest.approx([math.log(256)] * 2)
