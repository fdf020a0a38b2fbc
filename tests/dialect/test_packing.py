"""Packing against a loop over elements that places one bit at a time."""

import numpy as np
import pytest
from dialect_strategies import Packing, codebooks, packings
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects.builtin import IndexType, TensorType, f32, i1, i32, i64
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import SignedType, UnipolarType
from lowbit_dialect.interpreters import PackedArray
from lowbit_dialect.layouts.images import foreign_bytes
from lowbit_dialect.layouts.packed import PackedAttr, byte_count, packed_layout, storage_type
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.layouts.packing import occupied, pack, unpack, word_dtype
from tests.dialect.packing_loop import Loop


@st.composite
def packed_patterns(draw: st.DrawFn) -> tuple[Packing, NDArray[np.uint8]]:
    packing = draw(packings())
    seed = draw(st.integers(0, 2**32 - 1))
    everything = draw(st.booleans())
    top = (1 << packing.bits) - 1
    if everything:
        return packing, np.full(packing.shape, top, np.uint8)
    return packing, np.random.default_rng(seed).integers(
        0, top, packing.shape, np.uint8, endpoint=True
    )


@given(packed_patterns())
def test_pack_is_the_loop(case: tuple[Packing, NDArray[np.uint8]]):
    packing, patterns = case
    loop = Loop(packing)
    words = pack(patterns, packing.code, packing.layout)
    shape = packing.layout.physical_shape(packing.shape, packing.bits)
    assert shape == loop.physical_shape()
    assert words.shape == shape
    assert words.dtype == word_dtype(packing.layout)
    assert words.flags.c_contiguous
    expected = np.zeros(shape, object)
    for where, word in loop.pack(patterns).items():
        expected[where] = word
    np.testing.assert_array_equal(words.astype(object), expected)


@given(packed_patterns())
def test_unpack_is_the_inverse(case: tuple[Packing, NDArray[np.uint8]]):
    packing, patterns = case
    words = pack(patterns, packing.code, packing.layout)
    back = unpack(words, packing.shape, packing.code, packing.layout)
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, patterns)


@given(packed_patterns())
def test_unpack_ignores_what_belongs_to_no_element(case: tuple[Packing, NDArray[np.uint8]]):
    packing, patterns = case
    words = pack(patterns, packing.code, packing.layout)
    every = occupied(packing.shape, packing.code, packing.layout)
    back = unpack(words | ~every, packing.shape, packing.code, packing.layout)
    np.testing.assert_array_equal(back, patterns)


@given(packed_patterns(), st.data())
def test_foreign_bytes_are_those_that_packing_does_not_make(
    case: tuple[Packing, NDArray[np.uint8]], data: st.DataObject
):
    packing, patterns = case
    code, layout = packing.code, packing.layout
    type_ = TensorType(code, packing.shape, layout)
    words = pack(patterns, code, layout)
    image = words.reshape(-1).view(np.uint8)
    assert not foreign_bytes(image, type_).any()
    place = data.draw(st.integers(0, len(image) - 1))
    image[place] = data.draw(st.sampled_from(range(256)))
    back = unpack(words, packing.shape, code, layout)
    made = pack(back, code, layout).reshape(-1).view(np.uint8)
    assert foreign_bytes(image, type_).any() == (made != image).any()


@given(packed_patterns())
def test_pack_reads_only_its_bits(case: tuple[Packing, NDArray[np.uint8]]):
    # A signed byte has the sign in the bits above the code's width.
    packing, patterns = case
    dirty = patterns.astype(np.int64) | -(1 << packing.bits)
    words = pack(dirty, packing.code, packing.layout)
    np.testing.assert_array_equal(words, pack(patterns, packing.code, packing.layout))


@given(packings(), st.integers(0, 2**32 - 1))
def test_logical_words(packing: Packing, seed: int):
    """The interpreter's view of the words is that of the same layout without order and lanes."""
    layout = packing.layout
    groups = layout.groups.data if not len(layout.lanes) else 1
    plain = PackedAttr.get(
        layout.axis.data,
        layout.word_bits.data,
        range(0 if layout.bytes.data else PLANE, layout.rank),
        [f.data for f in layout.frame],
        groups=groups,
        bytes=layout.bytes.data,
        bits=layout.bits.data,
        shift=layout.shift.data,
    )
    patterns = np.random.default_rng(seed).integers(0, 1 << packing.bits, packing.shape)
    code = packing.code
    array = PackedArray(
        pack(patterns, packing.code, layout), TensorType(code, packing.shape, layout)
    )
    expected = pack(patterns, packing.code, plain)
    np.testing.assert_array_equal(
        array.logical_words, expected[None] if layout.bytes.data else expected
    )
    np.testing.assert_array_equal(array.values, code.decode(patterns))


def test_indices():
    """Words of 8 bits as indices of 3: whole words make three, the last one a rest of its own."""
    layout = PackedAttr.get(1, 8, [0, PLANE, 1], lanes=[0, 4], index=[3, 4])
    patterns = np.zeros((3, 12), np.uint8)
    patterns[0], patterns[2, [0, 4, 8, 11]] = 1, 1
    words = pack(patterns, UnipolarType(1), layout)
    assert words.shape == (1, 1, 5, 4)
    assert words[0, 0].tolist() == [
        [7, 0, 1, 0],
        [7, 0, 2, 0],
        [3, 0, 0, 0],
        [7, 0, 1, 0],
        [1, 0, 1, 0],
    ]


def test_the_order_of_channels_in_a_register_of_indices():
    layout = PackedAttr.get(1, 8, [0, PLANE, 1], lanes=[0, 16], index=[8, 8])
    patterns = np.zeros((16, 8), np.uint8)
    patterns[:, :4] = np.arange(16)[:, None] >> np.arange(4) & 1
    words = pack(patterns, UnipolarType(1), layout)[0, 0, 0]
    assert words.tolist() == [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15]


@pytest.mark.parametrize("word", [8, 16, 32, 64])
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("bit_axis", range(4))
def test_bitpack_of_tvm(word: int, axis: int, bit_axis: int):
    """TVM's bitpack: any pack axis, the bit axis at any place of the packed tensor."""
    shape = (3, 5, 9)
    order = [0, 1, 2]
    order.insert(bit_axis, PLANE)
    packing = Packing(PackedAttr.get(axis, word, order), shape, 2)
    patterns = np.random.default_rng(word).integers(0, 4, shape)
    words = pack(patterns, packing.code, packing.layout)
    assert words.shape[bit_axis] == 2
    for where, value in Loop(packing).pack(patterns).items():
        assert int(words[where]) == value


@given(packings())
def test_byte_count(packing: Packing):
    type_ = TensorType(UnipolarType(packing.bits), packing.shape, packing.layout)
    patterns = np.zeros(packing.shape, np.uint8)
    assert byte_count(type_) == pack(patterns, packing.code, packing.layout).nbytes
    assert storage_type(type_).get_shape() == packing.layout.physical_shape(
        packing.shape, packing.bits
    )
    assert packed_layout(type_) == packing.layout


def test_byte_count_of_other_tensors():
    assert byte_count(TensorType(UnipolarType(2), [3, 5])) == 15
    assert byte_count(TensorType(SignedType(8), [])) == 1
    assert byte_count(TensorType(i32, [3, 5])) == 60
    assert byte_count(TensorType(f32, [3])) == 12
    assert byte_count(TensorType(i64, [3])) == 24
    assert byte_count(TensorType(i1, [3])) == 3
    assert byte_count(TensorType(IndexType(), [3])) == 24


@given(codebooks())
def test_a_codebook_takes_a_byte(code: UnipolarType):
    assert byte_count(TensorType(code, [4, 4])) == 16


def test_exact_extents_beyond_floats():
    layout = PackedAttr.get(0, 8, [PLANE, 0])
    assert layout.physical_shape([10**30], 1) == (1, 125 * 10**27)
    assert layout.physical_shape([2**60 + 1], 1) == (1, 2**57 + 1)


LANES = {"lanes": [0, 16]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"axis": 2}, "axis 2 is not one of the 2 dimensions"),
        ({"axis": -1}, "axis -1 is not one of"),
        ({"word_bits": 24}, "word of 24 bits: 8, 16, 32, 64 are allowed"),
        ({"order": [0, 1]}, "order must name p and each of the 1 dimensions once"),
        ({"order": [PLANE, 0, 0]}, "order must name p"),
        ({"order": []}, "order must name p"),
        ({"order": [PLANE, PLANE, 0]}, "order must name p"),
        ({"frame": [1]}, "frame needs 4 numbers >= 0"),
        ({"frame": [1, -1, 0, 0]}, "frame needs 4 numbers >= 0"),
        ({"frame": [0, 0, 0, 1]}, "dimension 1 is packed or split in lanes"),
        ({"lanes": [0, 4], "frame": [1, 0, 0, 0]}, "dimension 0 is packed or split in lanes"),
        ({"lanes": [1, 4]}, "needs a dimension below 2 other than the packed axis 1"),
        ({"lanes": [0, 0]}, "a positive count"),
        ({"lanes": [7, 4]}, "needs a dimension below 2"),
        ({"lanes": [0]}, "lanes is [dimension, count]"),
        ({"bytes": "bits"}, "bytes = bits: levels, values and digits are allowed"),
        ({"bytes": "levels"}, "order must name each of the 3 dimensions once"),
        ({"bytes": "values", "order": [0, 0]}, "order must name each of the 2 dimensions once"),
        ({"groups": 0}, "groups = 0 is not positive"),
        ({"index": [6]} | LANES, "index is [bits, register], for words of bits in lanes"),
        ({"index": [6, 16]}, "index is [bits, register], for words of bits in lanes"),
        (
            {"index": [6, 16], "bytes": "levels", "order": [0, 1]} | LANES,
            "index is [bits, register], for words of bits in lanes",
        ),
        ({"index": [0, 16]} | LANES, "index = [0, 16] needs 1 to 8 bits"),
        ({"index": [9, 16]} | LANES, "index = [9, 16] needs 1 to 8 bits"),
        ({"index": [6, 0]} | LANES, "a register of a multiple of 4 bytes that divides the 16"),
        ({"index": [6, 2]} | LANES, "a register of a multiple of 4 bytes that divides the 16"),
        ({"index": [6, 6]} | LANES, "a register of a multiple of 4 bytes that divides the 16"),
        ({"index": [6, 32]} | LANES, "a register of a multiple of 4 bytes that divides the 16"),
        ({"bits": 3}, "bits = 3: 1, 2, 4 and 8 are allowed"),
        ({"bits": 4}, "bits = 4: only levels take less than a byte"),
        ({"bits": 4, "bytes": "values", "order": [0, 1]}, "only levels take less than a byte"),
    ],
)
def test_bad_layouts(fields: dict, message: str):
    good = {"axis": 1, "word_bits": 8, "order": [PLANE, 0, 1]}
    with pytest.raises(VerifyException) as error:
        PackedAttr.get(**good | fields)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ({}, [4], "for 2 dimensions on a tensor of 1"),
        ({"groups": 3}, [4, 16], "extent 16 of dimension 1 cannot be cut into 3 equal groups"),
        ({"groups": 3, "lanes": [0, 2]}, [4, 15], "extent 4 of dimension 0 cannot be cut"),
    ],
)
def test_layouts_that_do_not_fit(fields: dict, shape: list[int], message: str):
    layout = PackedAttr.get(**{"axis": 1, "word_bits": 8, "order": [PLANE, 0, 1]} | fields)
    with pytest.raises(VerifyException) as error:
        layout.physical_shape(shape, 1)
    assert message in str(error.value)


def test_packed_array_checks_its_words():
    type_ = TensorType(UnipolarType(1), [9], PackedAttr.get(0, 8, [PLANE, 0]))
    assert PackedArray(np.array([[255, 1]], np.uint8), type_).values.tolist() == [1] * 9
    with pytest.raises(ValueError, match="holds uint8 words of shape"):
        PackedArray(np.array([[255, 1]], np.uint16), type_)
    with pytest.raises(ValueError, match="of shape"):
        PackedArray(np.array([255, 1], np.uint8), type_)
    with pytest.raises(ValueError, match="needs a packed type"):
        PackedArray(np.zeros(9, np.uint8), TensorType(UnipolarType(1), [9]))
