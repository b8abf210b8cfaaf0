"""The recurrent vocoder, against its own generation one sample at a time."""

import pytest
import torch

from unitvoice.nn.gru_vocoder import GruVocoder

SIZES = {"speaker_width": 4, "conditioning": 6, "sample_width": 8, "hidden": 12, "head": 10}


def small(**changes):
    torch.manual_seed(0)
    return GruVocoder(5, 3, **(SIZES | {"levels": 16, "hop": 10} | changes))


def inputs(samples=60, vectors=3):
    draws = torch.Generator().manual_seed(0)
    codes = torch.randint(16, (2, samples), generator=draws)
    return torch.randn(2, vectors, 5, generator=draws), torch.tensor([2, 0]), codes


@pytest.mark.parametrize(("speakers", "parameters"), [(102, 4_652_160), (113, 4_652_864)])
def test_it_has_the_published_number_of_parameters(speakers, parameters):
    assert sum(p.numel() for p in GruVocoder(64, speakers).parameters()) == parameters


def test_parts_have_their_published_sizes():
    vocoder = GruVocoder(64, 102)
    sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in vocoder.named_children()}
    assert sizes == {
        "speaker_table": 6_528,
        "conditioning": 494_592,
        "sample_table": 65_536,
        "recurrence": 3_790_080,
        "head": 229_632 + 65_792,
    }
    assert (vocoder.start, vocoder.hop, vocoder.upsample) == (128, 160, 2)


@torch.no_grad()
def test_teacher_forcing_is_generation_with_the_samples_given():
    vocoder = small()
    vectors, speakers, codes = inputs()
    logits = vocoder(vectors, speakers, codes)
    condition = vocoder.condition(vectors, speakers)
    assert condition.shape == (2, 6, 12)
    hidden, before = torch.zeros(1, 2, 12), torch.full((2,), 8)
    for time in range(60):
        step = torch.cat([vocoder.sample_table(before), condition[:, time // 10]], dim=-1)[:, None]
        output, hidden = vocoder.recurrence(step, hidden)
        torch.testing.assert_close(vocoder.head(output[:, 0]), logits[:, time], atol=1e-5, rtol=1e-5)
        before = codes[:, time]


@torch.no_grad()
def test_a_sample_is_predicted_from_those_before_it_alone():
    vocoder = small()
    vectors, speakers, codes = inputs()
    logits = vocoder(vectors, speakers, codes)
    other = codes.clone()
    other[:, 20] = (other[:, 20] + 1) % 16
    changed = (vocoder(vectors, speakers, other) != logits).any(dim=-1).any(dim=0)
    assert changed.nonzero()[0] == 21


@torch.no_grad()
def test_the_voice_and_every_vector_matter_from_the_first_sample_on():
    vocoder = small()
    vectors, speakers, codes = inputs()
    logits = vocoder(vectors, speakers, codes)
    assert (vocoder(vectors, speakers.flip(0), codes)[:, 0] != logits[:, 0]).any()
    vectors[:, 2] += 1
    assert (vocoder(vectors, speakers, codes)[:, 0] != logits[:, 0]).any()


@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 17, 59])
def test_fewer_samples_than_the_vectors_last_for_are_the_first_of_all(samples):
    vocoder = small()
    vectors, speakers, codes = inputs()
    expected = vocoder(vectors, speakers, codes)[:, :samples]
    torch.testing.assert_close(vocoder(vectors, speakers, codes[:, :samples]), expected)


def test_more_samples_than_the_vectors_last_for_are_told():
    vectors, speakers, codes = inputs(61)
    with pytest.raises(ValueError, match="the vectors last for 60 samples, not for 61"):
        small()(vectors, speakers, codes)


@torch.no_grad()
def test_samples_from_the_middle_on_are_those_of_their_conditions_and_a_fresh_start():
    vocoder = small()
    vectors, speakers, codes = inputs()
    condition = vocoder.condition(vectors, speakers)
    vocoder.condition = lambda *_: condition[:, 4:]
    expected = vocoder(vectors, speakers, codes[:, :15])
    vocoder.condition = lambda *_: condition
    torch.testing.assert_close(vocoder(vectors, speakers, codes[:, :15], first=4), expected)
    with pytest.raises(ValueError, match="last for 20 samples, not for 21"):
        vocoder(vectors, speakers, codes[:, :21], first=4)


def test_every_parameter_and_the_vectors_get_gradient():
    vocoder = small()
    vectors, _, codes = inputs(60)
    vectors.requires_grad_()
    speakers = torch.tensor([0, 1])
    logits = vocoder(vectors, speakers, codes)
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), codes.flatten()).backward()
    assert (vectors.grad != 0).all()
    for name, parameter in vocoder.named_parameters():
        assert (parameter.grad != 0).any(), name
    assert (vocoder.speaker_table.weight.grad[2] == 0).all()
