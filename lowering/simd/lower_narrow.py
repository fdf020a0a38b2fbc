"""The part of `simd-lower` for `simd.narrow`."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerType,
    VectorType,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import llvm_casts, simd
from lowering.llvm.intrinsics import INTRINSICS
from lowering.targets import Target

EVEN_LANES_FEATURES = {16: ("avx512bw", "avx512vl"), 8: ("avx512vbmi", "avx512vl")}
"""What a target needs to take every second lane of two vectors at once, by the lanes' bits."""

MIN_REGISTER_BITS = 128


@dataclass(frozen=True)
class LowerNarrow(RewritePattern):
    """Every second half lane of both, where one shuffle takes them, or a truncation of them joined.

        %r = simd.narrow no_saturation %a, %b : vector<16xi32> to vector<32xi16>
    ->  (AVX-512)
        %0 = vector.bitcast %a : vector<16xi32> to vector<32xi16>
        %1 = vector.bitcast %b : vector<16xi32> to vector<32xi16>
        %r = vector.shuffle %0, %1 [0, 2, 4, ..]
    ->  (elsewhere)
        %0 = vector.shuffle %a, %b [0, 1, 2, ..] : vector<16xi32>, vector<16xi32>
        %r = llvm.trunc %0 : vector<32xi32> to vector<32xi16>

    Without `no_saturation` the lanes are clipped first. SSE2 and AVX2 have instructions that clip,
    so there it is clipped in any case: LLVM makes one instruction of both.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.NarrowOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        wide, narrow = op.low.type, op.result.type
        assert isinstance(wide, VectorType)
        assert isinstance(narrow, VectorType)
        element = narrow.element_type
        assert isinstance(element, IntegerType)
        (count,), bits = narrow.get_shape(), element.width.data
        takes_even_lanes = (
            bits in EVEN_LANES_FEATURES
            and all(map(self.target.has, EVEN_LANES_FEATURES[bits]))
            and count * bits >= 2 * MIN_REGISTER_BITS
        )
        saturates = INTRINSICS["x86.sse2.pmadd.wd"].available(self.target) and bits < 32
        ops: list[Operation] = []
        operands: list[SSAValue] = [op.low, op.high]
        if op.no_saturation is None or (saturates and not takes_even_lanes):
            operands = [self._clipped(operand, bits, ops) for operand in operands]
        if takes_even_lanes:
            halves = [vector.BitcastOp(operand, narrow) for operand in operands]
            order = DenseArrayBase.from_list(i64, range(0, 2 * count, 2))
            ops += [
                *halves,
                vector.ShuffleOp(halves[0].result, halves[1].result, order, result_type=narrow),
            ]
        else:
            joined = VectorType(wide.element_type, [count])
            order = DenseArrayBase.from_list(i64, range(count))
            both = vector.ShuffleOp(operands[0], operands[1], order, result_type=joined)
            ops += [both, llvm_casts.TruncOp(both.results[0], narrow)]
        rewriter.replace(op, ops)

    def _clipped(self, value: SSAValue, bits: int, ops: list[Operation]) -> SSAValue:
        """The numbers that `bits` bits hold, nearest to these."""
        for kind, end in (
            (arith.MaxSIOp, -(1 << (bits - 1))),
            (arith.MinSIOp, (1 << (bits - 1)) - 1),
        ):
            assert isinstance(value.type, VectorType)
            constant = arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(value.type, [end]))
            clip = kind(value, constant.result)
            ops += [constant, clip]
            value = clip.result
        return value
