"""Duration-penalised segmentation: the optimum, and units of the form that every later stage reads."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.errors import InputError
from unitvoice.models import load_model
from unitvoice.store import Store
from unitvoice.units import encode
from unitvoice.units.segmentation import Segmenter, main, run_starts, segment, squared_distances


def price(distances, codes, penalty):
    """The objective, written out."""
    changes = sum(one != other for one, other in pairwise(codes))
    return sum(distances[t][k] for t, k in enumerate(codes)) + penalty * (1 + changes)


@given(st.integers(1, 6), st.integers(1, 4), st.floats(0, 3), st.integers(0, 2**32 - 1))
def test_no_other_codes_are_cheaper(frames, codes, penalty, seed):
    distances = np.random.default_rng(seed).random((frames, codes))
    cheapest = min(price(distances, path, penalty) for path in product(range(codes), repeat=frames))
    assert price(distances, segment(distances, penalty).tolist(), penalty) == pytest.approx(cheapest, abs=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_without_a_penalty_each_frame_has_its_nearest_code_and_the_lowest_of_equal_ones(seed):
    distances = np.random.default_rng(seed).integers(0, 3, (20, 5)).astype(float)
    np.testing.assert_array_equal(segment(distances, 0.0), distances.argmin(axis=1))


def test_a_penalty_above_all_distances_leaves_one_segment_of_the_best_code():
    distances = np.random.default_rng(0).random((30, 4))
    assert set(segment(distances, 30.0)) == {distances.sum(axis=0).argmin()}


def test_no_frames_have_no_codes():
    assert segment(np.zeros((0, 3)), 1.0).shape == (0,)


@pytest.mark.parametrize("penalty", [-1.0, float("nan"), float("inf")])
def test_an_impossible_penalty_is_refused(penalty):
    with pytest.raises(InputError, match="choose 0 or a positive number"):
        segment(np.zeros((2, 2)), penalty)


def test_distances_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    frames, table = rng.random((5, 3)), rng.random((4, 3))
    expected = [[sum((x - c) ** 2 for x, c in zip(f, row, strict=True)) for row in table] for f in frames]
    np.testing.assert_allclose(squared_distances(frames, table), expected, atol=1e-12)


def test_runs_begin_where_any_codebook_changes():
    assert run_starts(np.array([[1, 1], [1, 1], [1, 2], [3, 2], [3, 2]])).tolist() == [0, 2, 3]
    assert run_starts(np.zeros((0, 1))).tolist() == []


@pytest.fixture
def units(tmp_path, tiny_model, tiny_manifest, tiny_features):
    encode.encode(load_model(tiny_model), tiny_manifest.subset("test")[:6], tiny_features, tmp_path / "units")
    return tmp_path / "units"


def test_the_command_writes_units_with_fewer_segments_in_the_same_form(units, tiny_model, tmp_path):
    main([str(tiny_model), str(units), str(tmp_path / "zero"), "--penalty", "0"])
    for part in ("indices", "vectors", "continuous"):
        before, after = Store(units / part), Store(tmp_path / "zero" / part)
        assert (list(before), before.rate, before.meta["first"]) == (list(after), after.rate, after.meta["first"])
        np.testing.assert_array_equal(before.frames, after.frames)
    main([str(tiny_model), str(units), str(tmp_path / "some"), "--penalty", "4"])
    before, after = (Store(folder / "indices") for folder in (units, tmp_path / "some"))
    runs = [sum(len(run_starts(store[name])) for name in store) for store in (before, after)]
    assert runs[1] < runs[0]
    assert len(before.frames) == len(after.frames)
    table = load_model(tiny_model).quantiser.codebook.numpy()
    np.testing.assert_array_equal(Store(tmp_path / "some" / "vectors").frames, table[after.frames[:, 0]])


def test_the_penalty_is_in_multiples_of_the_mean_distortion(units, tiny_model):
    system = load_model(tiny_model)
    segmenter, name = Segmenter(system, units), next(iter(Store(units / "indices")))
    distances = squared_distances(Store(units / "continuous")[name], system.quantiser.codebook.numpy())
    all_distances = squared_distances(Store(units / "continuous").frames, system.quantiser.codebook.numpy())
    expected = segment(distances, 2.0 * all_distances.min(axis=1).mean())
    np.testing.assert_array_equal(segmenter(name, 2.0).indices[:, 0], expected)


def test_units_of_another_model_are_refused(units, tiny_model):
    system = load_model(tiny_model)
    system.quantiser.codebook.copy_(system.quantiser.codebook.flip(0))
    with pytest.raises(InputError, match="have the nearest code"):
        Segmenter(system, units)


def test_a_system_without_codes_is_refused(units, tiny_model):
    system = load_model(tiny_model)
    system.quantiser = None
    with pytest.raises(InputError, match="no codebook"):
        Segmenter(system, units)
