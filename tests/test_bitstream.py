"""Bit streams: nothing of the codes is lost, published rates come out, and what is no stream is told."""

import math
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unitvoice.bitstream import HEADER, Stream, fixed_rate, pack, unpack
from unitvoice.errors import InputError

MODEL = b"12345678"


def stream(codes, sizes, rate=50.0, samples=16_000, level=0.1):
    return Stream(MODEL, rate, np.asarray(codes, np.int64).reshape(-1, len(sizes)), tuple(sizes), samples, level)


@st.composite
def streams(draw):
    """Codes of several codebooks, some of which change at a lower rate only."""
    units = draw(st.integers(0, 70))
    sizes = draw(st.lists(st.integers(1, 70_000), min_size=1, max_size=3))
    columns = []
    for size in sizes:
        shared = draw(st.sampled_from([1, 2, 4, 7]))
        few = draw(st.lists(st.integers(0, size - 1), min_size=units, max_size=units))
        columns.append(np.repeat(np.array(few, np.int64), shared)[:units])
    level = draw(st.one_of(st.just(0.0), st.floats(1e-6, 1)))
    return stream(np.stack(columns, axis=1), sizes, samples=draw(st.integers(1, 1 << 30)), level=level)


@given(streams())
def test_what_is_packed_comes_back(packed):
    found = unpack(pack(packed), "x.uv")
    np.testing.assert_array_equal(found.codes, packed.codes)
    assert (found.model, found.rate, found.samples) == (MODEL, packed.rate, packed.samples)
    assert all(
        packed <= size < 2 * packed or packed == 1 for packed, size in zip(packed.sizes, found.sizes, strict=True)
    )
    if packed.level:
        assert abs(20 * math.log10(found.level / packed.level)) <= 0.2501
    else:
        assert found.level == 0


@given(streams())
def test_a_stream_is_no_longer_than_its_codes_need(packed):
    bits = sum(
        -(-len(packed.codes) // shared) * max(1, math.ceil(math.log2(size)))
        for shared, size in zip(packed.shared, packed.sizes, strict=True)
    )
    assert len(pack(packed)) == 27 + 2 * len(packed.sizes) + math.ceil(bits / 8) + 4


def test_a_codebook_of_a_lower_rate_is_stored_at_its_rate():
    slow = np.repeat(np.arange(13) % 20, 4)
    both = stream(np.stack([np.arange(52) % 100, slow], axis=1), [100, 20])
    assert both.shared == (1, 4)
    assert both.fixed_rate == 350 + 65
    alone = stream(np.arange(52) % 100, [100])
    assert len(pack(both)) == len(pack(alone)) + 2 + math.ceil((52 * 7 + 13 * 5) / 8) - math.ceil(52 * 7 / 8)


@pytest.mark.parametrize(
    ("streams", "bits"),
    [
        ([(50, 100)], 350),
        ([(100, 100)], 700),
        ([(100, 256)], 800),
        ([(50, 50), (12.5, 20)], 365),
        ([(50, 100), (12.5, 20)], 415),
        ([(100, 100), (12.5, 20)], 765),
        ([(100, 256), (12.5, 20)], 865),
    ],
)
def test_fixed_rates_are_the_published_ones(streams, bits):
    assert fixed_rate(*streams) == bits


@given(streams(), st.data())
def test_a_damaged_stream_is_told(packed, data):
    content = bytearray(pack(packed))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InputError, match=r"^x\.uv is (damaged|no bit stream|a bit stream of another version)"):
        unpack(bytes(content), "x.uv")


@given(streams(), st.data())
def test_a_stream_that_is_cut_or_goes_on_is_told(packed, data):
    content = pack(packed)
    cut = data.draw(st.integers(0, len(content) - 1))
    for wrong in (content[:cut], content + data.draw(st.binary(min_size=1, max_size=9))):
        with pytest.raises(InputError, match=r"x\.uv is (damaged|no bit stream)"):
            unpack(wrong, "x.uv")


WILD = st.tuples(
    st.floats(width=32),
    st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 255),
    st.one_of(st.integers(0, 3), st.integers(0, 255)),
)


@given(WILD, st.binary(max_size=40))
def test_whatever_the_numbers_a_file_with_a_right_sum_is_a_stream_or_damaged(numbers, rest):
    body = HEADER.pack(b"UVBS", 1, MODEL, *numbers) + rest
    with suppress(InputError):  # and nothing else, nor a table larger than the file could hold
        found = unpack(body + struct.pack("!I", zlib.crc32(body)), "x.uv")
        assert (found.codes < np.array(found.sizes)).all()
        assert len(found.codes) <= 8 * len(rest) * 255


@given(st.binary(max_size=80))
def test_a_file_of_something_else_is_told(content):
    with pytest.raises(InputError, match=r"x\.uv is no bit stream of units; make one with"):
        unpack(b"RIFF" + content, "x.uv")


def test_a_stream_of_another_version_is_told():
    with pytest.raises(InputError, match="of another version"):
        unpack(b"UVBS\x02" + bytes(40), "x.uv")


@pytest.mark.parametrize(("codes", "sizes"), [([5], [5]), ([-1], [5]), ([[1, 2]], [5])])
def test_codes_of_another_model_cannot_be_packed(codes, sizes):
    with pytest.raises(InputError, match="codes"):
        pack(Stream(MODEL, 50.0, np.array(codes, np.int64).reshape(1, -1), tuple(sizes), 100, 0.1))
