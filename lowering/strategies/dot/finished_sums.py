"""What becomes of the sums of a dot tile in the end."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType
from xdsl.ir import SSAValue

from lowbit_dialect.ops.dot_tile import DotTileOp
from lowering.loops.emit import Emit
from lowering.strategies.dot.level_sum import level_sum

Sums = Sequence[SSAValue]


def with_lowest(op: DotTileOp, emit: Emit, total: Sums) -> Sums:
    """The sums of products with the values of w, from those with its levels."""
    fields, wide = op.fields, total[0].type
    assert isinstance(wide, VectorType)
    if fields.step == 2:
        total = added(emit, total, total)
    if fields.lowest == 0:
        return total
    lowest = emit.constant(fields.lowest, wide)
    sums = [level_sum(op, emit, m, wide) for m in range(op.pixels.value.data)]
    offsets = [emit.binary(arith.MuliOp, s, lowest) for s in sums]
    return added(emit, total, [o for o in offsets for _ in range(op.vectors.value.data)])


def finished(op: DotTileOp, emit: Emit, total: Sums) -> Sums:
    """The sums of products with numbers of x, from those with its levels and scaled values of w."""
    exponent = op.product.exponent - (op.product.step == 2)
    if exponent < 0:
        return added(emit, total, total)
    return shifted(emit, total, exponent)


def shifted(emit: Emit, sums: Sums, bits: int) -> Sums:
    """The sums divided by a power of two that divides them."""
    if not bits:
        return sums
    shift = emit.constant(bits, sums[0].type)
    return [emit.binary(arith.ShRSIOp, a, shift) for a in sums]


def added(emit: Emit, a: Sums, b: Sums) -> Sums:
    """Sums one by one."""
    return [emit.binary(arith.AddiOp, x, y) for x, y in zip(a, b, strict=True)]
