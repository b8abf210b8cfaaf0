"""A stage in training: schedules, averages, updates left out, the alarm, and a state that says it all."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from training.duel import SETTINGS, Duel, copied, differing, noise

from unitvoice.errors import InputError
from unitvoice.systems.recipe import StageSettings
from unitvoice.training.distributed import Place
from unitvoice.training.run import Run, learning_rate


def duel(**changes):
    torch.manual_seed(0)
    return Run(Duel(), "duel", replace(SETTINGS, **changes), 0, Place())


def test_learning_rate_warms_up_steps_down_and_ends_at_zero():
    constant = StageSettings(steps=100, batch=1, crop=1, learning_rate=1.0, warmup=10, decay_at=(50, 80), decay=0.5)
    assert [learning_rate(constant, step) for step in (0, 9, 49, 50, 80)] == [0.1, 1.0, 1.0, 0.5, 0.25]
    cosine = replace(constant, decay_at=(), cosine=True)
    assert learning_rate(cosine, 55) == pytest.approx(0.5)
    assert learning_rate(cosine, 99) == pytest.approx(0.0, abs=0.001)


def test_the_learning_rate_falls_with_each_epoch():
    epochs = StageSettings(steps=4000, batch=1, crop=1, learning_rate=2e-4, decay=0.999, decay_every=700)
    rates = [learning_rate(epochs, step) for step in (0, 699, 700, 2800)]
    assert rates == pytest.approx([2e-4, 2e-4, 2e-4 * 0.999, 2e-4 * 0.999**4], rel=1e-12)


def test_a_player_can_have_a_learning_rate_of_its_own():
    settings = replace(SETTINGS, learning_rates={"critic": 0.5})
    assert learning_rate(settings, 0, "critic") == 0.5
    assert learning_rate(settings, 0, "generator") == SETTINGS.learning_rate


def test_both_players_move_in_every_step():
    run = duel()
    before = copied(run.system.state_dict())
    run.step(noise(0))
    assert {"quantiser.codebook", "norm.weight", "critic.weight"} <= differing(before, run.system.state_dict())
    assert run.counts.step == 1


def test_the_average_moves_with_its_decay_and_is_the_result():
    run = duel(average=0.75)
    seen = []
    for step in range(4):
        run.step(noise(step))
        seen.append(run.system.critic.weight.detach().clone())
    wanted = seen[0]
    for weight in seen[1:]:
        wanted = 0.75 * wanted + 0.25 * weight
    torch.testing.assert_close(run.result.critic.weight, wanted)
    assert not torch.equal(run.result.critic.weight, run.system.critic.weight)
    assert torch.equal(run.result.norm.running_mean, run.system.norm.running_mean)


def test_without_an_average_the_system_is_the_result():
    run = duel()
    assert run.result is run.system


def test_updates_left_out_are_counted_and_leave_the_average_alone():
    run = duel(average=0.5, skips=3)
    run.step(noise(0))
    before = copied(run.result.state_dict())
    run.step(noise(1, scale=float("nan")))
    run.step(noise(2, scale=float("nan")))
    assert run.figures().keys() == {"skipped", "pleasing"}  # terms that are no number are in no log
    assert run.figures()["skipped"] == 2.0
    assert differing(before, run.result.state_dict()) == set()
    run.step(noise(3))
    assert run.figures().keys() == {"skipped", "pleasing", "codebook", "critic"}


def test_too_many_updates_left_out_in_a_row_end_the_stage_and_name_the_utterances():
    run = duel(skips=3)
    for step in range(10):  # never three in a row
        run.step(noise(step, scale=1.0 if step % 3 == 0 else float("inf")))
    run.step(noise(10, scale=float("inf")))
    run.step(noise(11, scale=float("inf")))
    with pytest.raises(InputError, match=r"stage duel: .* in 3 steps up to 13; .*: u12_0, u12_1, u12_2, u12_3$"):
        run.step(noise(12, scale=float("inf")))


def test_the_terms_of_the_log_are_those_of_the_last_step():
    run = duel()
    run.step(noise(0))
    first = run.figures()
    run.step(noise(1))
    assert run.figures()["codebook"] != first["codebook"]


def test_the_gradients_of_the_log_are_those_of_the_last_step_by_part():
    run = duel()
    assert run.gradients() == {}
    run.step(noise(0))
    found = run.gradients()
    expected = {
        f"gradient_{name}": torch.cat([one.grad.flatten() for one in part.parameters() if one.grad is not None]).norm()
        for name, part in run.system.named_children()
        if any(one.grad is not None for one in part.parameters())
    }
    assert found == pytest.approx({name: float(norm) for name, norm in expected.items()})
    run.step(noise(1))
    assert run.gradients() != found


def test_a_part_that_learns_no_more_has_no_gradient_in_the_log(monkeypatch):
    monkeypatch.setattr(Duel, "players", lambda self, _: {"generator": (self.quantiser, self.norm)})
    run = duel()
    run.system.critic.weight.grad = torch.ones_like(run.system.critic.weight)  # of an earlier stage
    run.step(noise(0))
    assert run.gradients().keys() == {"gradient_quantiser", "gradient_norm"}


def test_a_codebook_that_collapses_raises_one_alarm_until_it_recovers(caplog):
    run = duel(collapse=0.5)
    book = run.system.quantiser
    marks = []
    for line in range(9):
        run.step(noise(line))
        book.used.copy_(torch.tensor([100, 0, 0, 0] if line < 7 else [25, 25, 25, 25]))
        marks.append(run.figures().get("collapsed", 0.0))
    assert marks == [0, 0, 0, 0, 1, 1, 1, 0, 0]
    assert caplog.text.count("a codebook collapses") == 1


def test_the_alarm_can_be_switched_off_and_a_codebook_out_of_use_raises_none():
    for run in (duel(collapse=0.0), duel(collapse=0.5)):
        for line in range(8):
            run.step(noise(line))
            run.system.quantiser.used.copy_(torch.tensor([100 * (run.settings.collapse == 0), 0, 0, 0]))
            assert "collapsed" not in run.figures()


def test_patience_ends_after_so_many_looks_without_a_best():
    run = duel(patience=2)
    ended = []
    for value in (3.0, 2.0, 2.5, 1.0, float("nan"), 1.0):
        run.selection.look(value)
        ended.append(run.patience_ended)
    assert ended == [False, False, False, False, False, True]


def test_a_state_brings_another_run_to_the_same_place():
    run = duel(average=0.5)
    for step in range(3):
        run.step(noise(step, scale=float("nan") if step == 1 else 1.0))
    run.selection.look(0.5)
    other = duel(average=0.5)
    other.load_state(deepcopy(run.state()))
    for one in (run, other):
        one.step(noise(3))
    assert differing(run.system.state_dict(), other.system.state_dict()) == set()
    assert differing(run.result.state_dict(), other.result.state_dict()) == set()
    assert (run.counts, run.selection) == (other.counts, other.selection)
    assert run.counts.skipped == 1
