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
from lowering.llvm.intrinsics import Intrinsic, first_available
from lowering.targets import Target

DOT_OF_FOUR = (
    "x86.avx512.vpdpbusd.512",
    "x86.avx512.vpdpbusd.256",
    "x86.avx512.vpdpbusd.128",
)
DOT_OF_SIGNED = ("aarch64.neon.sdot.v4i32.v16i8",)
DOT_OF_UNSIGNED = ("aarch64.neon.udot.v4i32.v16i8",)
SUMS_OF_BYTES = ("aarch64.neon.uaddlp.v8i16.v16i8", "arm.neon.vpaddlu.v8i16.v16i8")
SUMS_OF_I16 = ("aarch64.neon.uaddlp.v4i32.v8i16", "arm.neon.vpaddlu.v4i32.v8i16")
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

    Instructions for bytes that are both signed, or both unsigned, serve where they give the same,
    and sums of neighbouring bytes where all those of b are 1.
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


def _constant_byte(value: SSAValue) -> int | None:
    """The byte that a constant consists of, or None."""
    if not isinstance(value.owner, arith.ConstantOp):
        return None
    attr = value.owner.value
    if not isinstance(attr, DenseIntOrFPElementsAttr) or not attr.is_splat():
        return None
    element = attr.get_values()[0]
    assert isinstance(element, int)
    assert isinstance(value.type, VectorType)
    assert isinstance(value.type.element_type, IntegerType)
    size = value.type.element_type.width.data // 8
    first, *others = (element >> 8 * k & 255 for k in range(size))
    return first if all(byte == first for byte in others) else None


class _Written:
    """The operations that replace one dot product, while they are written."""

    def __init__(self, target: Target, type_: VectorType, width: int):
        self.target, self.type, self.width = target, type_, width
        self.lanes = type_.get_shape()[0]
        self.ops: list[Operation] = []

    def dot(self, op: simd.DotAccOp) -> list[Operation]:
        """All of them; the last one gives the result."""
        if self.width == 32 and (best := self._dot_of_four(op)):
            factors = [self._as(op.a, 8), self._as(op.b, 8)]
            if best.name.removeprefix("llvm.") not in DOT_OF_FOUR:
                factors.reverse()  # an operation may take a lane of its second factor
            self._call(best, (op.acc, *factors))
            return self.ops
        if _constant_byte(op.b) == 1 and (sums := self._sums_of_bytes(op.a)):
            self._add(arith.AddiOp(op.acc, sums))
            return self.ops
        sums = self._pairs(op) if op.unsigned_b is None else None
        self._add(arith.AddiOp(op.acc, sums if sums is not None else self._portable(op)))
        return self.ops

    def _dot_of_four(self, op: simd.DotAccOp) -> Intrinsic | None:
        """The instruction for all of it, or None where there is none."""
        byte = _constant_byte(op.b)
        if op.unsigned_b is None and (best := self._find(DOT_OF_FOUR, self.type)):
            return best
        if op.unsigned_b is not None or (byte is not None and byte < 128):
            return self._find(DOT_OF_UNSIGNED, self.type)
        return self._find(DOT_OF_SIGNED, self.type) if op.small_a is not None else None

    def _sums_of_bytes(self, a: SSAValue) -> SSAValue | None:
        """The sums of the bytes of each lane, or None where no instruction adds neighbours."""
        pairs = self._find(SUMS_OF_BYTES, _vector(self.lanes * self.width // 16, 16))
        if pairs is None:
            return None
        sums = self._call(pairs, (self._as(a, 8),))
        if self.width == 16:
            return sums
        wide = self._find(SUMS_OF_I16, self.type)
        return self._call(wide, (sums,)) if wide is not None else None

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
        products, widen = [], arith.ShRSIOp if op.unsigned_b is None else arith.ShRUIOp
        for byte in range(self.width // 8):
            shift = self._splat(8 * byte, self.type)
            x = self._add(arith.ShRUIOp(op.a, shift))
            x = self._add(arith.AndIOp(x, self._splat(255, self.type)))
            w = self._add(arith.ShLIOp(op.b, self._splat(self.width - 8 - 8 * byte, self.type)))
            w = self._add(widen(w, self._splat(self.width - 8, self.type)))
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
        return first_available(names, result, self.target)

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
