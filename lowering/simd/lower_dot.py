"""The part of `simd-lower` for dot products of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from xdsl.dialects import arith, llvm
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, VectorType
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowering.simd.intrinsics import INTRINSICS, Intrinsic
from lowering.targets import Target

DOT_OF_FOUR = (
    "x86.avx512.vpdpbusd.512",
    "x86.avx512.vpdpbusd.256",
    "x86.avx512.vpdpbusd.128",
)
PAIRS_OF_BYTES = (
    "x86.avx512.pmaddubs.w.512",
    "x86.avx2.pmadd.ub.sw",
    "x86.ssse3.pmadd.ub.sw.128",
)
PAIRS_OF_I16 = ("x86.avx512.pmaddw.d.512", "x86.avx2.pmadd.wd", "x86.sse2.pmadd.wd")


@dataclass(frozen=True)
class LowerDotAcc(RewritePattern):
    """One instruction, sums of pairs of products, or shifts and multiplications.

        %r = simd.dot_acc %acc, %a, %b : vector<16xi32>
    ->
        %0 = llvm.bitcast %a : vector<16xi32> to vector<64xi8>
        %1 = llvm.bitcast %b : vector<16xi32> to vector<64xi8>
        %r = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%acc, %0, %1)

    Without that instruction, but with `no_saturation`, the sums of pairs of byte products are
    i16, pairs of which are added. Otherwise bytes are widened first: the even and the odd bytes of
    all lanes are i16 numbers.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.DotAccOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        type_ = op.acc.type
        assert isinstance(type_, VectorType)
        assert isinstance(type_.element_type, IntegerType)
        written = _Written(self.target, type_, type_.element_type.width.data)
        rewriter.replace(op, written.dot(op))


@cache
def _vector(lanes: int, bits: int) -> VectorType:
    return VectorType(IntegerType(bits), [lanes])


@cache
def _find(names: tuple[str, ...], result: VectorType, target: Target) -> Intrinsic | None:
    """The first of the intrinsics that gives this type and that the target has."""
    found = (INTRINSICS[name] for name in names)
    return next((i for i in found if i.result == result and i.available(target)), None)


class _Written:
    """The operations that replace one dot product, while they are written."""

    def __init__(self, target: Target, type_: VectorType, width: int):
        self.target, self.type, self.width = target, type_, width
        self.lanes = type_.get_shape()[0]
        self.ops: list[Operation] = []

    def dot(self, op: simd.DotAccOp) -> list[Operation]:
        """All of them; the last one gives the result."""
        if self.width == 32 and (best := self._find(DOT_OF_FOUR, self.type)):
            self._call(best, (op.acc, self._as(op.a, 8), self._as(op.b, 8)))
            return self.ops
        sums = self._pairs(op)
        self._add(arith.AddiOp(op.acc, sums if sums is not None else self._portable(op)))
        return self.ops

    def _pairs(self, op: simd.DotAccOp) -> SSAValue | None:
        """The sums by instructions that add two products, or None where there is none."""
        halves = _vector(self.lanes * self.width // 16, 16)
        wide = self._find(PAIRS_OF_I16, self.type)
        narrow = self._find(PAIRS_OF_BYTES, halves) if op.no_saturation else None
        if narrow and (self.width == 16 or wide):
            sums = self._call(narrow, (self._as(op.a, 8), self._as(op.b, 8)))
            if self.width == 16 or wide is None:
                return sums
            return self._call(wide, (sums, self._splat(1, halves)))
        if wide and self.width == 32:
            even, odd = self._halves(self._as(op.a, 16), self._as(op.b, 16), halves, 8)
            return self._add(arith.AddiOp(self._call(wide, even), self._call(wide, odd)))
        return None

    def _portable(self, op: simd.DotAccOp) -> SSAValue:
        """The sums of single products, each in a lane as wide as the accumulator."""
        products = []
        for byte in range(self.width // 8):
            shift = self._splat(8 * byte, self.type)
            x = self._add(arith.ShRUIOp(op.a, shift))
            x = self._add(arith.AndIOp(x, self._splat(255, self.type)))
            w = self._add(arith.ShLIOp(op.b, self._splat(self.width - 8 - 8 * byte, self.type)))
            w = self._add(arith.ShRSIOp(w, self._splat(self.width - 8, self.type)))
            products.append(self._add(arith.MuliOp(x, w)))
        total = products[0]
        for product in products[1:]:
            total = self._add(arith.AddiOp(total, product))
        return total

    def _halves(
        self, a: SSAValue, b: SSAValue, type_: VectorType, bits: int
    ) -> tuple[tuple[SSAValue, SSAValue], tuple[SSAValue, SSAValue]]:
        """The even bytes of a and b as i16, and the odd ones; a is unsigned, b signed."""
        shift = self._splat(bits, type_)
        low = self._add(arith.AndIOp(a, self._splat(255, type_)))
        even = self._add(arith.ShRSIOp(self._add(arith.ShLIOp(b, shift)), shift))
        high = self._add(arith.ShRUIOp(a, shift))
        return (low, even), (high, self._add(arith.ShRSIOp(b, shift)))

    def _find(self, names: tuple[str, ...], result: VectorType) -> Intrinsic | None:
        return _find(names, result, self.target)

    def _call(self, intrinsic: Intrinsic, operands: Sequence[SSAValue]) -> SSAValue:
        return self._add(intrinsic.call(self.target, operands))

    def _as(self, value: SSAValue, width: int) -> SSAValue:
        """The vector as lanes of another width."""
        if width == self.width:
            return value
        type_ = _vector(self.lanes * self.width // width, width)
        return self._add(llvm.BitcastOp.create(operands=[value], result_types=[type_]))

    def _splat(self, number: int, type_: VectorType) -> SSAValue:
        attr = DenseIntOrFPElementsAttr.from_list(type_, [number])  # pyright: ignore
        return self._add(arith.ConstantOp(attr))

    def _add(self, op: Operation) -> SSAValue:
        self.ops.append(op)
        return op.results[0]
