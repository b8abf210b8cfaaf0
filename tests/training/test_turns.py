"""A player's turn: who learns, and what is left alone when there is nothing to learn from."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException
from torch._dynamo.utils import counters
from training.duel import SETTINGS, Duel, copied, differing, noise

from unitvoice.nn.vq import KMeansQuantiser
from unitvoice.systems.base import System
from unitvoice.training import turns
from unitvoice.training.turns import Turn

CPU = torch.device("cpu")
GENERATOR = {"quantiser.codebook", "norm.weight", "norm.bias"}
CRITIC = {"critic.weight", "critic.bias"}


def duel(player, **changes):
    torch.manual_seed(0)
    system = Duel()
    return system, Turn(system, "duel", player, replace(SETTINGS, **changes), CPU)


class Line(System):
    """A straight line without noise or statistics."""

    input = "noise"

    def __init__(self):
        super().__init__(["A"])
        self.layer = nn.Linear(3, 2)

    def losses(self, stage, batch, step, player):
        """Means over the batch."""
        return {"square": self.layer(batch.frames["noise"]).square().mean()}


def line(**changes):
    torch.manual_seed(0)
    system = Line()
    return system, Turn(system, "line", "system", replace(SETTINGS, **changes), CPU)


@pytest.mark.parametrize(("player", "own"), [("generator", GENERATOR), ("critic", CRITIC)])
def test_a_player_changes_its_own_parameters_and_no_others(player, own):
    system, turn = duel(player)
    before = copied(system.state_dict())
    terms, made = turn.play(noise(0), 0, 0.01)
    parameters = {name for name, _ in system.named_parameters()}
    assert made
    assert all(term.isfinite() and not term.requires_grad for term in terms.values())
    assert differing(before, system.state_dict()) & parameters == own


def test_in_a_turn_only_the_player_is_in_training_mode():
    system, turn = duel("generator")
    other = Turn(system, "duel", "critic", SETTINGS, CPU)
    for step in range(2):
        turn.play(noise(step), step, 0.01)
        other.play(noise(step), step, 0.01)
    generator, critic = ("generator", True, True, False), ("critic", False, False, True)
    assert system.modes == [generator, critic, generator, critic]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_turn_without_finite_losses_leaves_everything_as_it_was(bad):
    system, turn = duel("generator")
    for step in range(3):
        turn.play(noise(step), step, 0.01)
    state, moments = copied(system.state_dict()), turn.optimiser.state_dict()["state"]
    moments = {number: copied(entry) for number, entry in moments.items()}
    _, made = turn.play(noise(3, scale=bad), 3, 0.01)
    assert not made
    assert differing(state, system.state_dict()) == set()
    after = turn.optimiser.state_dict()["state"]
    assert all(differing(moments[number], after[number]) == set() for number in moments)
    assert turn.play(noise(4), 4, 0.01)[1]


def test_a_turn_whose_gradient_alone_is_not_finite_is_left_out_too():
    system, turn = line()
    system.layer.weight.register_hook(lambda gradient: gradient / 0)
    before = copied(system.state_dict())
    terms, made = turn.play(noise(0), 0, 0.01)
    assert terms["square"].isfinite()
    assert not made
    assert differing(before, system.state_dict()) == set()


def test_parts_of_a_batch_give_the_gradient_of_the_whole():
    gradients = []
    for parts in (1, 2, 4):
        system, turn = line(accumulate=parts)
        terms, _ = turn.play(noise(0), 0, 0.0)
        gradients.append((system.layer.weight.grad, terms["square"]))
    for found in gradients[1:]:
        torch.testing.assert_close(found, gradients[0])


def test_the_gradient_is_clipped_to_a_norm():
    system, turn = line(clip=0.001)
    turn.play(noise(0), 0, 0.01)
    total = torch.nn.utils.get_total_norm([parameter.grad for parameter in system.parameters()])
    assert total.item() == pytest.approx(0.001, rel=1e-3)


def test_the_learning_rate_and_what_adam_has_are_those_asked_for():
    system, turn = line(betas=(0.5, 0.7), weight_decay=0.1, amsgrad=True)
    twin, _ = line()
    reference = torch.optim.AdamW(twin.parameters(), 0.03, (0.5, 0.7), weight_decay=0.1, amsgrad=True)
    for step in range(3):
        turn.play(noise(step), step, 0.03)
        reference.zero_grad()
        twin.losses("line", noise(step), step, "system")["square"].backward()
        reference.step()
    assert differing(system.state_dict(), twin.state_dict()) == set()


def test_bf16_rounds_the_products_but_not_the_weights():
    _, exact = line()
    system, rounded = line(precision="bf16")
    precise, coarse = (turn.play(noise(0), 0, 0.01)[0]["square"].item() for turn in (exact, rounded))
    assert precise != coarse
    assert coarse == pytest.approx(precise, rel=0.02)
    assert system.layer.weight.dtype == torch.float32


@pytest.fixture
def quick_compiler(monkeypatch):
    """Torch's graphs without the machine code, which takes a minute to make."""
    turns._can_compile.cache_clear()
    monkeypatch.setattr(turns, "COMPILER", "eager")
    yield
    turns._can_compile.cache_clear()


@pytest.mark.usefixtures("quick_compiler")
def test_compiled_losses_train_like_those_that_are_not():
    plain, eager = line()
    fast, compiled = line(compile=True)
    before = counters["stats"]["unique_graphs"]
    for step in range(3):
        wanted, found = (turn.play(noise(step), step, 0.01)[0]["square"] for turn in (eager, compiled))
        torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(fast.state_dict(), plain.state_dict())
    assert counters["stats"]["unique_graphs"] > before


@pytest.mark.usefixtures("quick_compiler")
def test_a_codebook_learns_and_is_revived_in_compiled_losses_as_in_others():
    plain, eager = duel("generator")
    fast, compiled = duel("generator", compile=True)
    for system in (plain, fast):
        system.quantiser.counts.zero_()  # all codes are dead
    for step in range(4):
        for turn in (eager, compiled):
            assert turn.play(noise(step), step, 0.01)[1]
    torch.testing.assert_close(fast.state_dict(), plain.state_dict())
    assert plain.quantiser.revivals().item() > 0


@pytest.mark.usefixtures("quick_compiler")
def test_losses_that_turn_out_not_to_compile_are_computed_without(caplog):
    plain, eager = duel("generator")
    system, turn = duel("generator", compile=True)

    def fails(*_):
        system.quantiser.counts += 5.0  # what ran before the fault
        raise TorchDynamoException("a cache is broken")

    turn._plain._compiled_call_impl = fails
    for step in range(2):
        for one in (eager, turn):
            assert one.play(noise(step), step, 0.01)[1]
    assert differing(plain.state_dict(), system.state_dict()) == set()
    assert caplog.text.count("the losses are compiled no more: a cache is broken") == 1


def test_without_a_compiler_training_goes_on_uncompiled_and_says_so(monkeypatch, caplog):
    def lacks(_, backend):
        def fails(_, wanted=backend):
            raise RuntimeError(f"no compiler found for {wanted}\nand more")

        return fails

    turns._can_compile.cache_clear()
    monkeypatch.setattr(torch, "compile", lacks)
    _, turn = line(compile=True)
    turns._can_compile.cache_clear()
    assert turn.play(noise(0), 0, 0.01)[1]
    assert "the losses are not compiled: no compiler found" in caplog.text


class Census(System):
    """Centres that count what they see, and no parameter."""

    input = "noise"

    def __init__(self):
        super().__init__(["A"])
        self.quantiser = KMeansQuantiser(2, 3)

    def losses(self, stage, batch, step, player):
        """How far the frames are from their centres."""
        return self.quantiser(batch.frames["noise"]).losses


def test_a_player_without_parameters_learns_by_seeing():
    system = Census()
    turn = Turn(system, "census", "system", SETTINGS, CPU)
    before = copied(system.state_dict())
    terms, made = turn.play(noise(0), 0, 0.01)
    assert made
    assert list(terms) == ["distortion"]
    assert "quantiser.centres" in differing(before, system.state_dict())
    seen = copied(system.state_dict())
    assert not turn.play(noise(1, float("nan")), 1, 0.01)[1]
    assert differing(seen, system.state_dict()) == set()
    turn.optimiser.load_state_dict(turn.optimiser.state_dict())
