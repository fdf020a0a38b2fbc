"""What an epilogue compares, as far as constants say it: the range of the sums, the thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i32

from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowering.loops.epilogue.channel_table import ChannelTable, block_lanes_of
from lowering.loops.epilogue.glue_levels import GLUE_LEVELS
from lowering.loops.epilogue.narrow_thresholds import Narrowing, holds
from lowering.loops.stage import shape_of


@dataclass(frozen=True)
class SumVectors:
    """The sums of a pixel and a block of channels: `count` vectors of `lanes` of `bits` bits."""

    bits: int
    lanes: int
    count: int

    @staticmethod
    def of(op: KernelOp, vector_bits: int) -> SumVectors:
        """What the glue of a kernel gets, on a target with vectors of `vector_bits` bits."""
        type_, block = op.sum_vectors[0], block_lanes_of(op)
        element, (lanes,) = type_.element_type, type_.get_shape()
        assert isinstance(element, IntegerType), "sums are integers"
        bits = element.width.data
        if bits < i32.width.data and corrects_wide(op, bits):
            bits, lanes = i32.width.data, min(lanes, max(1, vector_bits // i32.width.data))
        return SumVectors(bits, lanes, block // lanes)

    def why_not(self, bits: int, max_lanes: int) -> str | None:
        """Why they do not become vectors of lanes of `bits` bits, `max_lanes` at most, or None."""
        factor = self.bits // bits
        if factor < 1 or self.count % factor or self.lanes * factor > max_lanes:
            return f"{self.count} vectors of {self.lanes} sums of i{self.bits} make none of i{bits}"
        return None


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a kernel's glue: `sum ^ sign >= comparand`.

    `comparands` are (thresholds, lanes), `signs` 0 or -1 (lanes), `sum_range` the least and the
    largest sum.
    """

    comparands: NDArray[np.int64]
    signs: NDArray[np.int64]
    sum_range: tuple[int, int]

    @staticmethod
    def of(op: KernelOp) -> Comparisons | None:
        """The comparisons of a kernel, or None where they depend on what is no constant."""
        glue, sums = op.glue, sum_range(op)
        if glue is None or glue.form.data != "threshold" or sums is None:
            return None
        tables = known_parameters(op, glue)
        if tables is None:
            return None
        comparands, *flips = tables
        signs = flips[0][0] if flips else np.zeros(comparands.shape[1], np.int64)
        return Comparisons(comparands, signs, sums)

    def narrowing(self, bits: int, sum_bits: int) -> Narrowing | None:
        """Lanes of `bits` bits that decide every comparison of sums of `sum_bits`, or None."""
        return Narrowing.of(bits, self.sum_range, self.comparands, self.signs, sum_bits)


def max_lanes(op: KernelOp) -> int:
    """Lanes that a vector of narrow sums may have: a block, and no more than a word of planes."""
    lanes, words = block_lanes_of(op), plane_words(op)
    return lanes if words is None else min(lanes, words)


def plane_words(op: KernelOp) -> int | None:
    """Bits of the words that the epilogue packs planes in, or None where it packs none."""
    layout = packed_layout(op.results[0].type) if op.pack is not None else None
    return layout.word_bits.data if layout is not None and not layout.bytes.data else None


def known_parameters(op: KernelOp, glue: FusedGlueOp) -> list[NDArray[np.int64]] | None:
    """What tables of the glue's parameters hold, (entries, lanes) each; None if not constant."""
    form, tables = GLUE_LEVELS[glue.form.data], []
    for value, fill in zip(glue.parameters, form.FILLS, strict=False):
        channels_first = len(shape_of(value)) == 2
        table = ChannelTable.known(value, op, fill, channels_first)
        if table is None:
            return None
        assert table.values is not None, "it is known"
        tables.append(table.values)
    return form.constants(tables)


def sum_range(op: KernelOp) -> tuple[int, int] | None:
    """The least and the largest sum, corrected; None where the correction is not known."""
    low, high = op.kernel_sums.raw_range(op.geometry.taps)
    if len(op.operands) < 3:
        return low, high
    table = ChannelTable.known(op.operands[2], op, fill=0)
    if table is None:
        return None
    assert table.values is not None, "it is known"
    return low + int(table.values.min()), high + int(table.values.max())


def corrects_wide(op: KernelOp, bits: int) -> bool:
    """Whether a correction needs lanes of more than `bits` bits, in which the sums come."""
    if len(op.operands) < 3:
        return False
    sums = sum_range(op)
    return sums is None or not holds(sums, bits)
