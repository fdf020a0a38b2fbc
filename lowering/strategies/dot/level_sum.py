"""The sum of the activation levels that a dot product of bytes reads, for one pixel of a tile."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import IntegerType, VectorType
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.sums.dot import BYTES_PER_WORD
from lowbit_dialect.sums.level_fields import BYTE_ONES
from lowering.loops.emit import Emit, Index

CHAINS = 4
"""Accumulators, so that no step waits for the one before."""


def level_sum(op: DotTileOp, emit: Emit, pixel: int, type_: VectorType) -> SSAValue:
    """The sum of the levels of all taps of a pixel, in every lane of `type_`.

    Products with bytes of 1 add four levels to a lane: whole vectors of neighbouring words first,
    whose lanes are added in the end, then single words in all lanes at once, of which the upper
    bytes of a lane repeat those of less than four bytes.
    """
    image, row, col, word = op.indices[:4]
    size = op.word_bytes
    lanes = type_.get_shape()[0] * BYTES_PER_WORD // size
    zero, ones = emit.constant(0, type_), emit.constant(BYTE_ONES, type_)
    one_word = emit.constant(BYTE_ONES & (1 << 8 * size) - 1, type_)
    words = VectorType(IntegerType(8 * size), [lanes])
    kh, kw = op.taps
    step, (row_dilation, col_dilation) = op.step.value.data, op.dilation.get_values()
    whole = op.words // lanes
    chains = min(CHAINS, max(1, whole))

    def as_lanes(value: SSAValue) -> SSAValue:
        return value if words == type_ else emit.op(vector.BitcastOp(value, type_))

    def over_taps(y: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
        at_row = emit.add(row, emit.mul(y, row_dilation))

        def over_words(x: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
            at_col = emit.add(emit.add(col, emit.mul(x, col_dilation)), pixel * step)

            def some(count: int, c: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
                new = list(acc)
                for chain in range(count):
                    where = (image, at_row, at_col, emit.add(emit.add(word, c), chain * lanes))
                    levels = as_lanes(emit.load_vector(op.x, where, words))
                    new[chain] = emit.op(simd.DotAccOp(new[chain], levels, ones, True))
                return new

            def single(c: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
                where = [emit.value(i) for i in (image, at_row, at_col, emit.add(word, c))]
                levels = as_lanes(emit.op(simd.BroadcastLoadOp(op.x, where, words)))
                return [*acc[:-1], emit.op(simd.DotAccOp(acc[-1], levels, one_word, True))]

            groups = whole // chains * chains * lanes
            acc = emit.for_(0, groups, acc, lambda c, a: some(chains, c, a), chains * lanes)
            acc = emit.for_(groups, whole * lanes, acc, lambda c, a: some(1, c, a), lanes)
            return emit.for_(whole * lanes, op.words, acc, single)

        return emit.for_(0, kw, acc, over_words)

    *vectors, even = emit.for_(0, kh, [zero] * (chains + 1), over_taps)
    total = vectors[0]
    for more in vectors[1:]:
        total = emit.binary(arith.AddiOp, total, more)
    splat = emit.op(vector.BroadcastOp(emit.op(simd.ReduceAddOp(total)), type_))
    return emit.binary(arith.AddiOp, splat, even)
