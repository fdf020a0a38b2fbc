"""The layouts that the kernels read.

For bit-serial kernels activations lie in rows of words,
[batch][row][plane][channel word][column]: the pixels of a register tile are neighbours. Weights lie
in blocks of output channels, [oc block][plane][kh][kw][channel word][lane]: one vector load brings
a word of every lane.

For dot kernels a word is four channels as bytes, or two or one (`level_product`): activations
[batch][row][column][channel word], weights [oc block][kh][kw][channel word][lane]. Weights of few
bits may stay in the bits of levels, 8, 16 or 32 channels a word.

Kernels of products read activations as dot kernels do, and weights as levels shifted by the bits of
an activation, so that the two joined by OR index a table.

Kernels of partial sums read activations in words of 64 bits as bit-serial kernels do, and weights
cut into table indices: [oc block][plane][kh][kw][index][lane].
"""

from __future__ import annotations

from collections.abc import Sequence

from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.sums.lut import TABLE_WORD

DOT_WORD = 32
"""Bits of a word of four bytes."""


def conv_frame(layout: str, padding: Sequence[int]) -> list[int]:
    """Frame of conv activations of this padding (top, bottom, left, right)."""
    _, h, w, _ = LAYOUTS[layout]
    frame = [0] * 8
    frame[2 * h : 2 * h + 2] = padding[:2]
    frame[2 * w : 2 * w + 2] = padding[2:]
    return frame


def activation_layout(
    layout: str, word_bits: int, padding: Sequence[int] = (0, 0, 0, 0), groups: int = 1
) -> PackedAttr:
    """Layout of conv activations; `padding` (top, bottom, left, right) becomes the frame."""
    n, h, w, c = LAYOUTS[layout]
    frame = conv_frame(layout, padding)
    return PackedAttr.get(c, word_bits, [n, h, PLANE, c, w], frame, groups=groups)


def weight_layout(layout: str, word_bits: int, lanes: int, groups: int = 1) -> PackedAttr:
    """Layout of conv weights in blocks of `lanes` output channels."""
    oc, kh, kw, ic = WEIGHT_LAYOUTS[layout]
    return PackedAttr.get(ic, word_bits, [oc, PLANE, kh, kw, ic], lanes=[oc, lanes], groups=groups)


def index_weight_layout(
    layout: str, lanes: int, index: Sequence[int], groups: int = 1
) -> PackedAttr:
    """Layout of conv weights as table indices; `index` is (bits, bytes of a register)."""
    oc, kh, kw, ic = WEIGHT_LAYOUTS[layout]
    order = [oc, PLANE, kh, kw, ic]
    return PackedAttr.get(ic, TABLE_WORD, order, lanes=[oc, lanes], groups=groups, index=index)


def matmul_lhs_layout(word_bits: int) -> PackedAttr:
    """Layout of the (M, K) operand: [plane][k word][m]."""
    return PackedAttr.get(1, word_bits, [PLANE, 1, 0])


def matmul_rows_layout(word_bits: int) -> PackedAttr:
    """Layout of the (M, K) operand in rows: [plane][m][k word].

    What a register tile reads of it are a few runs of words. Words of one k and many m would lie M
    words apart, which where that is a power of two is few places of the cache.
    """
    return PackedAttr.get(1, word_bits, [PLANE, 0, 1])


def matmul_rhs_layout(word_bits: int, lanes: int) -> PackedAttr:
    """Layout of the (K, N) operand: [n block][plane][k word][lane]."""
    return PackedAttr.get(0, word_bits, [1, PLANE, 0], lanes=[1, lanes])


def index_matmul_rhs_layout(lanes: int, index: Sequence[int]) -> PackedAttr:
    """Layout of the (K, N) operand as table indices: [n block][plane][index][lane]."""
    return PackedAttr.get(0, TABLE_WORD, [1, PLANE, 0], lanes=[1, lanes], index=index)


def byte_activation_layout(
    layout: str,
    padding: Sequence[int] = (0, 0, 0, 0),
    groups: int = 1,
    word_bits: int = DOT_WORD,
) -> PackedAttr:
    """Layout of conv activations as level bytes; `padding` as for `activation_layout`."""
    n, h, w, c = LAYOUTS[layout]
    frame = conv_frame(layout, padding)
    return PackedAttr.get(c, word_bits, [n, h, w, c], frame, groups=groups, bytes="levels")


def byte_weight_layout(
    layout: str,
    lanes: int,
    groups: int = 1,
    bits: int = 8,
    word_bits: int = DOT_WORD,
    holds: str = "values",
) -> PackedAttr:
    """Layout of conv weights in blocks of `lanes` output channels.

    They are bytes of a kind (`PackedAttr.bytes`), or levels of fewer than 8 `bits`.
    """
    oc, kh, kw, ic = WEIGHT_LAYOUTS[layout]
    holds = holds if bits == 8 else "levels"
    order = [oc, kh, kw, ic]
    return PackedAttr.get(ic, word_bits, order, (), [oc, lanes], groups, holds, bits)


def column_activation_layout(
    padding: Sequence[int] = (0, 0, 0, 0), taps: int = DOT_WORD // 8
) -> PackedAttr:
    """Layout of nhwc images of one channel as level bytes, whose columns make the words.

    The frame is that of `activation_layout`, with room on the right for the last word of as many
    columns of taps, which may reach beyond them.
    """
    n, h, w, c = LAYOUTS["nhwc"]
    frame = conv_frame("nhwc", padding)
    frame[2 * w + 1] += -taps % (DOT_WORD // 8)
    return PackedAttr.get(c, 8, [n, h, w, c], frame, bytes="levels")


def column_weight_layout(lanes: int) -> PackedAttr:
    """Layout of weights of one input channel: [oc block][kh][word of columns][lane]."""
    oc, kh, kw, ic = WEIGHT_LAYOUTS["nhwc"]
    return PackedAttr.get(kw, DOT_WORD, [oc, kh, kw, ic], lanes=[oc, lanes], bytes="values")


def product_weight_layout(layout: str, lanes: int, x_bits: int, groups: int = 1) -> PackedAttr:
    """Layout of conv weights as halves of table indices; activations have `x_bits` bits."""
    oc, kh, kw, ic = WEIGHT_LAYOUTS[layout]
    return PackedAttr.get(
        *(ic, DOT_WORD, [oc, kh, kw, ic]),
        lanes=[oc, lanes],
        groups=groups,
        bytes="levels",
        shift=x_bits,
    )


def byte_matmul_lhs_layout(word_bits: int = DOT_WORD) -> PackedAttr:
    """Layout of the (M, K) operand as level bytes: [m][k word]."""
    return PackedAttr.get(1, word_bits, [0, 1], bytes="levels")


def byte_matmul_rhs_layout(
    lanes: int, bits: int = 8, word_bits: int = DOT_WORD, holds: str = "values"
) -> PackedAttr:
    """Layout of the (K, N) operand, [n block][k word][lane], as `byte_weight_layout`."""
    holds = holds if bits == 8 else "levels"
    return PackedAttr.get(0, word_bits, [1, 0], lanes=[1, lanes], bytes=holds, bits=bits)


def product_matmul_rhs_layout(lanes: int, x_bits: int) -> PackedAttr:
    """Layout of the (K, N) operand as halves of table indices: [n block][k word][lane]."""
    return PackedAttr.get(0, DOT_WORD, [1, 0], lanes=[1, lanes], bytes="levels", shift=x_bits)


def result_layouts(layout: str | None, word_bits: int, groups: int) -> list[PackedAttr]:
    """The layouts, frames aside, that kernels can store their results in.

    `layout` is that of a convolution, None of a matrix product.
    """
    word_of_bytes = word_bits if word_bits <= DOT_WORD else DOT_WORD
    if layout is None:
        rows = matmul_rows_layout(word_bits)
        return [matmul_lhs_layout(word_bits), rows, byte_matmul_lhs_layout(word_of_bytes)]
    return [
        activation_layout(layout, word_bits, groups=groups),
        byte_activation_layout(layout, groups=groups, word_bits=word_of_bytes),
    ]
