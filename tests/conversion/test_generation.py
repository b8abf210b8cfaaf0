"""Many utterances at once: each as if it were alone, all of them, in full length."""

import copy

import pytest
import torch

from unitvoice.conversion import generation
from unitvoice.conversion.generation import Utterance, divergence, generate, seed_of
from unitvoice.nn.gru_stepper import GruStepper
from unitvoice.nn.gru_vocoder import GruVocoder

HOP = 5


@pytest.fixture(scope="module")
def vocoder():
    torch.manual_seed(0)
    sizes = {"speaker_width": 3, "conditioning": 5, "sample_width": 7, "hidden": 24, "head": 12, "hop": HOP}
    return GruVocoder(6, speakers=3, **sizes).eval().requires_grad_(requires_grad=False)


def utterance(vocoder, name, samples):
    def conditions():
        units = torch.randn(1, 1 + samples // (2 * HOP), 6, generator=torch.Generator().manual_seed(samples))
        return GruStepper(vocoder, 1).fold(vocoder.condition(units, torch.tensor([samples % 3]))[0])

    return Utterance(name, samples, seed_of(0, name), conditions)


@pytest.fixture(scope="module")
def utterances(vocoder):
    return [utterance(vocoder, f"u{samples}", samples) for samples in (1, 4, 5, 6, 33, 40, 41, 77)]


def spoken(vocoder, rows, utterances, precision="float32"):
    made = generate(GruStepper(vocoder, rows, precision), utterances)
    return {utterance.name: samples.tolist() for utterance, samples in made}


@pytest.mark.parametrize("rows", [1, 3, 8, 11])
def test_every_utterance_is_spoken_in_its_length(vocoder, utterances, rows):
    made = spoken(vocoder, rows, utterances)
    assert {name: len(samples) for name, samples in made.items()} == {u.name: u.samples for u in utterances}


@pytest.mark.parametrize("precision", ["float32", "bf16", "int8"])
def test_an_utterance_is_the_same_in_any_company_order_and_shard(vocoder, utterances, precision):
    made = spoken(vocoder, 3, utterances, precision)
    assert spoken(vocoder, 3, utterances[::-1], precision) == made
    apart = [spoken(vocoder, 3, utterances[first::3], precision) for first in range(3)]
    assert {name: samples for shard in apart for name, samples in shard.items()} == made


def test_it_speaks_what_the_network_predicts(vocoder):
    """Each drawn sample is the one that the teacher-forced network and the same noise would give."""
    asked = utterance(vocoder, "u", 40)
    ((_, samples),) = generate(GruStepper(vocoder, 1), [asked])
    units = torch.randn(1, 1 + 40 // (2 * HOP), 6, generator=torch.Generator().manual_seed(40))
    logits = vocoder(units, torch.tensor([40 % 3]), samples[None])[0].double()
    draw = torch.Generator().manual_seed(asked.seed)
    noise = torch.cat([torch.rand(HOP, 1, generator=draw)[:, 0] for _ in range(8)])
    cumulated = torch.softmax(logits, dim=1).cumsum(dim=1)
    assert torch.searchsorted(cumulated, noise.double()[:, None])[:, 0].tolist() == samples.tolist()


def test_names_and_seeds_give_different_sounds(vocoder):
    long = utterance(vocoder, "a", 77)
    other = Utterance("b", 77, seed_of(0, "b"), long.conditions)
    made = spoken(vocoder, 2, [long, other])
    assert made["a"] != made["b"]


def test_nothing_to_speak_is_nothing(vocoder):
    assert spoken(vocoder, 2, []) == {}


def test_the_divergence_of_a_network_from_itself_is_none_and_of_a_coarser_one_small(vocoder):
    asked = utterance(vocoder, "a", 77)
    ((_, samples),) = generate(GruStepper(vocoder, 1), [asked])
    exact = GruStepper(vocoder, 1)
    assert divergence(exact, GruStepper(vocoder, 1), asked.conditions(), samples) == 0
    assert 0 < divergence(exact, GruStepper(vocoder, 1, "int8"), asked.conditions(), samples) < 1e-4


def test_the_divergence_is_that_of_the_definition(vocoder):
    torch.manual_seed(1)
    other = GruVocoder(6, speakers=3, speaker_width=3, conditioning=5, sample_width=7, hidden=24, head=12, hop=HOP)
    other = other.eval().requires_grad_(requires_grad=False)
    units, samples = torch.randn(1, 3, 6), torch.randint(0, 256, (25,))
    steppers = [GruStepper(network, 1) for network in (vocoder, other)]
    conditions = vocoder.condition(units, torch.tensor([1]))
    # the other network speaks under its own folding of the same conditions: fold by the exact one's weights
    other.recurrence.weight_ih_l0[:, 7:] = vocoder.recurrence.weight_ih_l0[:, 7:]
    other.recurrence.bias_ih_l0[:] = vocoder.recurrence.bias_ih_l0
    steppers[1] = GruStepper(other, 1)
    found = divergence(*steppers, steppers[0].fold(conditions[0]), samples)
    true, near = (
        torch.log_softmax(
            network.head(
                network.recurrence(
                    torch.cat(
                        [
                            network.sample_table(torch.cat([torch.tensor([128]), samples[:-1]]))[None],
                            conditions.repeat_interleave(HOP, dim=1)[:, :25],
                        ],
                        dim=-1,
                    )
                )[0]
            ),
            dim=-1,
        )
        for network in (vocoder, other)
    )
    assert found == pytest.approx(float((true.exp() * (true - near)).sum(dim=-1).mean()), rel=1e-4)
    assert found > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_on_a_gpu_the_captured_graph_speaks_what_single_steps_do(vocoder, utterances, precision, monkeypatch):
    on_gpu = copy.deepcopy(vocoder).to("cuda")
    captured = spoken(on_gpu, 3, utterances, precision)
    monkeypatch.setattr(generation, "_captured", lambda _stepper, speak_frame: speak_frame)
    assert spoken(on_gpu, 3, utterances, precision) == captured
