"""The layouts that the bit-serial kernels read.

Activations lie in rows of words, [batch][row][plane][channel word][column]: the pixels of a
register tile are neighbours. Weights lie in blocks of output channels,
[oc block][plane][kh][kw][channel word][lane]: one vector load brings a word of every lane.
"""

from __future__ import annotations

from collections.abc import Sequence

from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS
from lowbit_dialect.layout import PLANE, PackedAttr


def activation_layout(
    layout: str, word_bits: int, padding: Sequence[int] = (0, 0, 0, 0), groups: int = 1
) -> PackedAttr:
    """Layout of conv activations; `padding` (top, bottom, left, right) becomes the frame."""
    n, h, w, c = LAYOUTS[layout]
    frame = [0] * 8
    frame[2 * h : 2 * h + 2] = padding[:2]
    frame[2 * w : 2 * w + 2] = padding[2:]
    return PackedAttr.get(c, word_bits, [n, h, PLANE, c, w], frame, groups=groups)


def weight_layout(layout: str, word_bits: int, lanes: int, groups: int = 1) -> PackedAttr:
    """Layout of conv weights in blocks of `lanes` output channels."""
    oc, kh, kw, ic = WEIGHT_LAYOUTS[layout]
    return PackedAttr.get(ic, word_bits, [oc, PLANE, kh, kw, ic], lanes=[oc, lanes], groups=groups)


def matmul_lhs_layout(word_bits: int) -> PackedAttr:
    """Layout of the (M, K) operand: [plane][k word][m]."""
    return PackedAttr.get(1, word_bits, [PLANE, 1, 0])


def matmul_rhs_layout(word_bits: int, lanes: int) -> PackedAttr:
    """Layout of the (K, N) operand: [n block][plane][k word][lane]."""
    return PackedAttr.get(0, word_bits, [1, PLANE, 0], lanes=[1, lanes])
