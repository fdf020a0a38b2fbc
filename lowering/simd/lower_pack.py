"""The part of `simd-lower` that makes words of masks: `simd.pack_bits` and `simd.pack_masks`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, llvm, ub, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerType,
    VectorType,
    i8,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import llvm_ops, simd
from lowering.llvm.intrinsics import INTRINSICS
from lowering.targets import Target

PAIRWISE_SUMS = {"aarch64.neon.addp.v16i8": 16, "arm.neon.vpadd.v8i8": 8}
"""Intrinsics that add neighbouring bytes of two registers, and the bytes of a register."""

BITS_OF_BYTE = 8


@dataclass(frozen=True)
class LowerPackBits(RewritePattern):
    """A mask as a word is a bit cast, except where that is slow.

        %w = simd.pack_bits %mask : vector<16xi1> to i16
    ->
        %w = llvm.bitcast %mask : vector<16xi1> to i16

    NEON has no instruction for it. On AArch64 LLVM sums one register of weighted bytes up by
    itself; on ARMv7 it moves lane by lane. There, and for longer masks, see `_PairwiseSums`.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.PackBitsOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        assert isinstance(op.result.type, IntegerType)
        lanes, sums = op.result.type.width.data, _PairwiseSums.of(self.target)
        if sums is None or (sums.register == 16 and lanes <= sums.register):
            rewriter.replace(op, llvm.BitcastOp(op.mask, op.result.type))
            return
        words = sums.words([op.mask])
        rewriter.replace(op, [*sums.ops, vector.ExtractOp(words, [0], op.result.type)])


@dataclass(frozen=True)
class LowerPackMasks(RewritePattern):
    """Several masks as words, one by one, or where they are packed by sums, all at once.

        %w = simd.pack_masks %a, %b : vector<16xi1> to vector<2xi16>
    ->
        %0 = llvm.bitcast %a : vector<16xi1> to i16
        %1 = vector.insert %0, %any [0] : i16 into vector<2xi16>
        %2 = llvm.bitcast %b : vector<16xi1> to i16
        %w = vector.insert %2, %1 [1] : i16 into vector<2xi16>
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.PackMasksOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        type_, sums = op.result.type, _PairwiseSums.of(self.target)
        assert isinstance(type_, VectorType)
        if sums is None:
            ops: list[Operation] = [ub.PoisonOp(type_)]
            for k, mask in enumerate(op.operands):
                word, before = llvm.BitcastOp(mask, type_.element_type), ops[-1].results[0]
                ops += [word, vector.InsertOp(word.result, before, [k])]
            rewriter.replace(op, ops)
            return
        words, count = sums.words(op.operands), len(op.operands)
        if _lanes(words) == count:
            rewriter.replace(op, sums.ops)
            return
        # As a number in a register: the lanes of vectors shorter than one LLVM moves apart.
        part = _lanes(words) // count
        whole = VectorType(IntegerType(BITS_OF_BYTE * sums.register // part), [part])
        numbers = vector.BitcastOp(words, whole)
        number = vector.ExtractOp(numbers.result, [0], whole.element_type)
        rewriter.replace(op, [*sums.ops, numbers, number, llvm.BitcastOp(number.result, type_)])


class _PairwiseSums:
    """Packing by weights: the lanes of a mask become 1, 2, 4, ..., 128, and eight of them a byte.

    Pairwise sums of two registers give half of the sums of each, in their order. So three rounds
    over registers of bytes leave an eighth of them, all full, and in the order of the masks:

        %0 = llvm.select %mask, [1, 2, 4, .., 128, 1, 2, ..], 0 : vector<16xi8>    of each mask
        %1 = call addp(%mask_0, %mask_1), %2 = call addp(%mask_2, %mask_3), ..
        %3 = call addp(%1, %2), ..
        %4 = call addp(%3, ..)

    A register without a partner is its own; what that gives lies above the words.
    """

    def __init__(self, target: Target, name: str):
        self.target, self.pairwise = target, INTRINSICS[name]
        self.register = PAIRWISE_SUMS[name]
        self.ops: list[Operation] = []

    @staticmethod
    def of(target: Target) -> _PairwiseSums | None:
        """The sums that a target has."""
        names = (name for name in PAIRWISE_SUMS if INTRINSICS[name].available(target))
        return next((_PairwiseSums(target, name) for name in names), None)

    def words(self, masks: Sequence[SSAValue]) -> SSAValue:
        """A vector of the masks' words, and perhaps more of them."""
        lanes = _lanes(masks[0])
        registers = [r for mask in self._whole_registers(masks) for r in self._weighted(mask)]
        for _ in range(3):
            last = registers[-1]
            pairs = [
                (registers[k], registers[k + 1] if k + 1 < len(registers) else last)
                for k in range(0, len(registers), 2)
            ]
            registers = [
                self._add(self.pairwise.call(self.target, pair)).results[0] for pair in pairs
            ]
        words = VectorType(IntegerType(lanes), [self.register * BITS_OF_BYTE // lanes])
        return self._joined([self._add(llvm.BitcastOp(r, words)).results[0] for r in registers])

    def shuffle(self, a: SSAValue, b: SSAValue, order: Sequence[int]) -> SSAValue:
        """Lanes of two vectors."""
        assert isinstance(a.type, VectorType)
        result = VectorType(a.type.element_type, [len(order)])
        attr = DenseArrayBase.from_list(i64, list(order))
        return self._add(vector.ShuffleOp(a, b, attr, result_type=result)).results[0]

    def _add(self, op: Operation) -> Operation:
        self.ops.append(op)
        return op

    def _joined(self, parts: list[SSAValue]) -> SSAValue:
        """One vector of the lanes of all, a power of two of them."""
        while len(parts) > 1:
            order = range(2 * _lanes(parts[0]))
            parts = [
                self.shuffle(a, b, order) for a, b in zip(parts[::2], parts[1::2], strict=True)
            ]
        return parts[0]

    def _whole_registers(self, masks: Sequence[SSAValue]) -> list[SSAValue]:
        """Short masks joined until they fill a register of bytes."""
        step = max(1, self.register // _lanes(masks[0]))
        return [self._joined(list(masks[k : k + step])) for k in range(0, len(masks), step)]

    def _weighted(self, mask: SSAValue) -> list[SSAValue]:
        """The weights of the set lanes, register by register."""
        lanes = _lanes(mask)
        bytes_ = VectorType(i8, [lanes])
        numbers = [1 << lane % BITS_OF_BYTE for lane in range(lanes)]
        signed = [n - 256 if n > 127 else n for n in numbers]
        weights = self._add(arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(bytes_, signed)))
        zero = self._add(arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(bytes_, [0])))
        chosen = self._add(llvm_ops.SelectOp(mask, weights.results[0], zero.results[0])).results[0]
        if lanes == self.register:
            return [chosen]
        return [
            self.shuffle(chosen, chosen, range(first, first + self.register))
            for first in range(0, lanes, self.register)
        ]


def _lanes(value: SSAValue) -> int:
    assert isinstance(value.type, VectorType)
    return value.type.get_shape()[0]
