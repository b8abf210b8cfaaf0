"""Units of several systems as one: nearest in time, none outweighs, and what does not fit is told."""

import numpy as np
import pytest

from unitvoice.errors import InputError
from unitvoice.provenance import SEAL
from unitvoice.store import Store, create_store
from unitvoice.units.join import join, main

RANDOM = np.random.default_rng(0)


def units(folder, rate, lengths, *, width=2, first=0.0, scale=1.0, codes=True):
    """A folder of units of utterances ``a``, ``b``... with so many units."""
    for part in ("indices", "vectors", "continuous")[0 if codes else 1 :]:
        with create_store(folder / part, kind=part, rate=rate, first=first) as store:
            for name, length in zip("abc", lengths, strict=False):
                frames = RANDOM.integers(9, size=(length, 1)) if part == "indices" else RANDOM.random((length, width))
                store.append(name, frames * (1 if part == "indices" else scale))
    return folder


def test_two_systems_of_one_rate_stand_side_by_side(tmp_path):
    first, second = units(tmp_path / "1", 50, [4, 7]), units(tmp_path / "2", 50, [4, 7], width=3)
    join([first, second], tmp_path / "both")
    for part, width in (("indices", 2), ("vectors", 5), ("continuous", 5)):
        found = Store(tmp_path / "both" / part)
        assert (found.rate, found.rows("a"), found.rows("b"), found.width) == (50, 4, 7, width)
    codes = [Store(folder / "indices")["b"] for folder in (first, second)]
    assert np.array_equal(Store(tmp_path / "both" / "indices")["b"], np.concatenate(codes, axis=1))


def test_no_system_outweighs_another(tmp_path):
    join([units(tmp_path / "1", 50, [9]), units(tmp_path / "2", 50, [9], scale=1e4)], tmp_path / "both")
    vectors = Store(tmp_path / "both" / "vectors")["a"]
    for part in (vectors[:, :2], vectors[:, 2:]):
        assert np.square(part).sum(axis=1).mean() == pytest.approx(1)


def test_the_slower_system_gives_the_unit_nearest_in_time(tmp_path):
    fast = units(tmp_path / "1", 100, [9], first=0.0)
    slow = units(tmp_path / "2", 25, [2], first=0.015)  # centres at 0.015 and 0.055
    join([slow, fast], tmp_path / "both")
    found = Store(tmp_path / "both" / "indices")
    assert (found.rate, found.meta["first"]) == (100, 0.0)
    expected = Store(slow / "indices")["a"][[0, 0, 0, 0, 1, 1, 1, 1, 1], 0]
    assert found["a"][:, 0].tolist() == expected.tolist()
    assert found["a"][:, 1].tolist() == Store(fast / "indices")["a"][:, 0].tolist()


def test_with_a_system_without_codes_there_are_no_joined_codes(tmp_path):
    join([units(tmp_path / "1", 50, [4]), units(tmp_path / "2", 50, [4], codes=False)], tmp_path / "both")
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == [SEAL, "continuous", "vectors"]


def test_other_utterances_are_told(tmp_path):
    with pytest.raises(InputError, match="are not of the same utterances, as c shows; encode the same subsets"):
        join([units(tmp_path / "1", 50, [4, 4]), units(tmp_path / "2", 50, [4, 4, 4])], tmp_path / "both")


def test_an_utterance_without_units_is_told(tmp_path):
    with pytest.raises(InputError, match="has no unit of b; leave these"):
        join([units(tmp_path / "1", 50, [4, 0]), units(tmp_path / "2", 50, [4, 4])], tmp_path / "both")


def test_one_system_alone_is_told(tmp_path):
    with pytest.raises(InputError, match="two systems or more"):
        main([str(tmp_path / "both"), str(units(tmp_path / "1", 50, [4]))])
