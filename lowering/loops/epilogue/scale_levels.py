"""Glue in scale form, as gemmlowp rounds: the high half of a product, then a rounding shift."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override
from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.constants import constant_values
from lowbit_dialect.ops.glue import FusedGlueOp
from lowering.loops.emit import Emit
from lowering.loops.epilogue.levels import INT32_MAX, INT32_MIN, ShiftedLevels, saturating_add


class ScaleLevels(ShiftedLevels):
    """level = clip(scaled + zero, lo, hi)."""

    FILLS = (INT32_MIN, INT32_MAX, 0)

    @override
    def scaled(
        self, glue: FusedGlueOp, moved: SSAValue, numbers: Sequence[SSAValue], shift: SSAValue
    ) -> SSAValue:
        multipliers = constant_values(glue.parameters[1])
        can_saturate = multipliers is None or bool((multipliers == INT32_MIN).any())
        high = high_mul(self.emit, moved, numbers[0], can_saturate=can_saturate)
        scaled = rounding_shift(self.emit, high, shift)
        zero = glue.zero.value.data if glue.zero is not None else 0
        return saturating_add(self.emit, scaled, self.emit.constant(zero, scaled.type))


def high_mul(emit: Emit, a: SSAValue, b: SSAValue, *, can_saturate: bool) -> SSAValue:
    """floor((a b + 2^30) / 2^31) of lanes of i32: SaturatingRoundingDoublingHighMul.

    gemmlowp's nudge of a negative product and its division towards zero come to the same.
    """
    assert isinstance(a.type, VectorType)
    wide = VectorType(i64, a.type.get_shape())
    factors = [emit.op(simd.ExtSIOp(value, wide)) for value in (a, b)]
    product = emit.binary(arith.MuliOp, *factors)
    nudged = emit.binary(arith.AddiOp, product, emit.constant(1 << 30, wide))
    shifted = emit.binary(arith.ShRUIOp, nudged, emit.constant(31, wide))
    high = emit.op(simd.TruncIOp(shifted, a.type))
    if not can_saturate:
        return high
    least = emit.constant(INT32_MIN, a.type)
    both = emit.binary(
        arith.AndIOp, *(emit.op(simd.CmpIOp("eq", value, least)) for value in (a, b))
    )
    return emit.op(simd.SelectOp(both, emit.constant(INT32_MAX, a.type), high))


def rounding_shift(emit: Emit, x: SSAValue, shift: SSAValue) -> SSAValue:
    """x / 2^shift, ties away from zero: RoundingDivideByPOT."""
    one, zero = emit.constant(1, x.type), emit.constant(0, x.type)
    mask = emit.binary(arith.SubiOp, emit.binary(arith.ShLIOp, one, shift), one)
    rest = emit.binary(arith.AndIOp, x, mask)
    negative = emit.op(simd.ExtSIOp(emit.op(simd.CmpIOp("slt", x, zero)), x.type))
    half = emit.binary(arith.SubiOp, emit.binary(arith.ShRUIOp, mask, one), negative)
    is_above = emit.op(simd.ExtSIOp(emit.op(simd.CmpIOp("sgt", rest, half)), x.type))
    return emit.binary(arith.SubiOp, emit.binary(arith.ShRSIOp, x, shift), is_above)
