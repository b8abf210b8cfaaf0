"""Triphones of sentences, and which of them make an ABX task."""

from hypothesis import given
from hypothesis import strategies as st

from unitvoice.corpora.clips import Triphone, triphones, with_triplets
from unitvoice.corpora.speakers import Segment


def sentence(*lengths_and_phones):
    """Segments one after the other; the phone ``_`` is a pause."""
    time, segments = 0.0, []
    for length, phone in lengths_and_phones:
        if phone != "_":
            segments.append(Segment(time, time + length, phone))
        time += length
    return segments


def labels(segments):
    return [(t.previous, t.phone, t.following) for t in triphones("S1_1", "S1", segments)]


def test_a_triphone_spans_its_neighbours():
    (found,) = triphones("S1_1", "S1", sentence((0.05, "a"), (0.06, "b"), (0.07, "c")))
    assert (found.previous, found.phone, found.following) == ("a", "b", "c")
    assert (found.start, round(found.stop, 6)) == (0.0, 0.18)


def test_no_triphone_crosses_a_pause():
    segments = sentence((0.1, "a"), (0.1, "b"), (0.2, "_"), (0.1, "c"), (0.1, "d"), (0.1, "e"))
    assert labels(segments) == [("c", "d", "e")]


def test_triphones_with_a_phone_of_less_than_20_ms_are_dropped():
    segments = sentence((0.1, "a"), (0.019, "l"), (0.1, "b"), (0.1, "c"), (0.1, "d"))
    assert labels(segments) == [("b", "c", "d")]


def test_triphones_shorter_than_the_real_clips_are_dropped():
    assert labels(sentence((0.025, "a"), (0.025, "b"), (0.025, "c"))) == []


triphone = st.builds(
    Triphone,
    utterance=st.just("u"),
    speaker=st.sampled_from("123"),
    start=st.floats(0, 1),
    stop=st.just(2.0),
    phone=st.sampled_from("abc"),
    previous=st.sampled_from("pt"),
    following=st.just("k"),
)


def context_has_triplet(items, context):
    """By brute force over all (A, B, X)."""
    inside = [item for item in items if (item.previous, item.following) == context]
    return any(
        a.phone == x.phone != b.phone and a.speaker == b.speaker != x.speaker
        for a in inside
        for b in inside
        for x in inside
    )


@given(st.lists(triphone, max_size=12))
def test_exactly_the_contexts_with_a_triplet_across_speakers_are_kept(items):
    expected = [i for i in items if context_has_triplet(items, (i.previous, i.following))]
    assert sorted(with_triplets(items, most=len(items) + 1)) == sorted(expected)


@given(st.lists(triphone, max_size=12), st.integers(1, 2))
def test_no_speaker_gives_more_tokens_of_a_triphone_than_asked_for(items, most):
    kept = with_triplets(items, most)
    keys = [(i.speaker, i.phone, i.previous, i.following) for i in kept]
    assert all(keys.count(key) <= most for key in keys)
    assert {(i.previous, i.following) for i in kept} == {
        (i.previous, i.following) for i in items if context_has_triplet(items, (i.previous, i.following))
    }
