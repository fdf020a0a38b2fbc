"""The part of `simd-lower` for fields of words as bytes."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, llvm, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    VectorType,
    i8,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import simd
from lowering.simd.intrinsics import INTRINSICS
from lowering.targets import Target

MULTISHIFT = (
    "x86.avx512.pmultishift.qb.512",
    "x86.avx512.pmultishift.qb.256",
    "x86.avx512.pmultishift.qb.128",
)


@dataclass(frozen=True)
class LowerBitFields(RewritePattern):
    """One instruction and a mask, or a shift of words and a shuffle of bytes.

        %f = simd.bit_fields 4 from [0, 4] %words : vector<4xi64> to vector<32xi8>
    ->
        %0 = arith.shrui %words, dense<4> : vector<4xi64>
        %1 = vector.shuffle %words, %0 [0, 0, .., 48, 48, ..]    as bytes
        %f = arith.andi %1, dense<15> : vector<32xi8>
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.BitFieldsOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        written = _Written(op)
        found = (INTRINSICS[name] for name in MULTISHIFT)
        shift = next(
            (i for i in found if i.result == op.result.type and i.available(self.target)), None
        )
        if shift is not None:
            control = written.constant(list(written.per_byte), written.bytes)
            data = written.as_bytes(op.words)
            fields = written.add(shift.call(self.target, (control, data)))
        else:
            fields = written.shuffled()
        mask = written.constant(written.masks, written.bytes)
        written.add(arith.AndIOp(fields, mask))
        rewriter.replace(op, written.ops)


class _Written:
    """The operations that replace one, while they are written."""

    def __init__(self, op: simd.BitFieldsOp):
        assert isinstance(op.result.type, VectorType)
        assert isinstance(op.words.type, VectorType)
        self.op, self.bytes, self.words = op, op.result.type, op.words.type
        count, offsets = self.bytes.get_shape()[0], op.field_offsets
        self.per_byte = [offsets[k * len(offsets) // count] for k in range(count)]
        self.ops: list[Operation] = []

    @property
    def masks(self) -> list[int]:
        """The bits of each byte that its word has."""
        width = self.op.width.value.data
        masks = [(1 << min(width, 64 - offset)) - 1 for offset in self.per_byte]
        return masks if len(set(masks)) > 1 else masks[:1]

    def shuffled(self) -> SSAValue:
        """The bytes that begin with the fields, the words shifted so that fields begin bytes.

        Fields that cross a byte are shifted to the start of their word. One shuffle takes bytes of
        two sources, so parts are gathered two shifts at a time.
        """
        shifts = [self._shift_of(offset) for offset in self.per_byte]
        sources = {s: self._shifted(s) for s in dict.fromkeys(shifts)}
        count = len(shifts)
        result, done = None, set[int]()
        for shift, source in sources.items():
            other = source if result is None else result
            order = []
            for k, (own, offset) in enumerate(zip(shifts, self.per_byte, strict=True)):
                at = 8 * (k // 8) + (offset - own) // 8
                order.append(at if own == shift or own not in done else count + k)
            done.add(shift)
            shuffle = vector.ShuffleOp(
                source, other, DenseArrayBase.from_list(i64, order), result_type=self.bytes
            )
            result = self.add(shuffle)
        assert result is not None
        return result

    def _shift_of(self, offset: int) -> int:
        """How far the word is shifted for the field at `offset` to begin a byte."""
        within = offset % 8
        return within if within + self.op.width.value.data <= 8 else offset

    def _shifted(self, shift: int) -> SSAValue:
        words = self.op.words
        if shift:
            amount = self.constant([shift], self.words)
            words = self.add(arith.ShRUIOp(words, amount))
        return self.as_bytes(words)

    def as_bytes(self, words: SSAValue) -> SSAValue:
        """The words as bytes."""
        return self.add(llvm.BitcastOp(words, self.bytes))

    def constant(self, values: list[int], type_: VectorType) -> SSAValue:
        """A constant vector, or a splat of one value."""
        signed = [v - 256 if type_.element_type == i8 and v > 127 else v for v in values]
        attr = DenseIntOrFPElementsAttr.from_list(type_, signed)  # pyright: ignore
        return self.add(arith.ConstantOp(attr))

    def add(self, op: Operation) -> SSAValue:
        """Append an operation; its result."""
        self.ops.append(op)
        return op.results[0]
