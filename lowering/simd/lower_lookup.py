"""The part of `simd-lower` for lookups in tables of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from xdsl.dialects import arith, llvm, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    VectorType,
    i64,
)
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from lowbit_dialect import llvm_ops, simd
from lowering.llvm.intrinsics import INTRINSICS, Intrinsic
from lowering.targets import Target

BYTE_VALUES = 256


@dataclass(frozen=True)
class LookupForm:
    """An instruction that looks bytes up: among how many `entries`, by which indices.

    Indices below `index_limit` are taken modulo `entries`; for others it does something else. They
    are the last operand, or the one that `index_operand` says.
    """

    intrinsic: Intrinsic
    entries: int
    index_limit: int
    index_operand: int = -1

    @property
    def lanes(self) -> int:
        """Lookups at a time."""
        return self.intrinsic.result.get_shape()[0]


FORMS = tuple(
    LookupForm(INTRINSICS[name], *numbers)
    for name, *numbers in (
        ("x86.avx512.pshuf.b.512", 16, 128),
        ("x86.avx2.pshuf.b", 16, 128),
        ("x86.ssse3.pshuf.b.128", 16, 128),
        ("x86.avx512.permvar.qi.512", 64, BYTE_VALUES),
        ("x86.avx512.permvar.qi.256", 32, BYTE_VALUES),
        ("x86.avx512.vpermi2var.qi.512", 128, BYTE_VALUES, 1),
        ("aarch64.neon.tbl1.v16i8", 16, 16),
        ("aarch64.neon.tbl2.v16i8", 32, 32),
        ("aarch64.neon.tbl4.v16i8", 64, 64),
        ("arm.neon.vtbl2", 16, 16),
        ("arm.neon.vtbl4", 32, 32),
    )
)
"""Where two do as well, the first is taken: `pshufb` has less latency than `vpermb`."""


@dataclass(frozen=True)
class LowerLookup(RewritePattern):
    """One instruction that knows so large a table, or a choice between two halves of the table.

        %r = simd.lookup %table, %index : vector<16xi8>, vector<32xi8>
    ->
        %0 = vector.shuffle %table, %table [0, 1, .. 15, 0, 1, .. 15]
        %1 = arith.constant dense<15> : vector<32xi8>
        %2 = arith.andi %index, %1
        %r = llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%0, %2)

    With `in_range` nothing is masked. Longer vectors are looked up in parts. A table that is too
    large for every instruction is halved until it is not, or until one entry is left:

        %low = simd.lookup %first_half, %index
        %high = simd.lookup %second_half, %index
        %bit = llvm.icmp "ne" (arith.andi %index, dense<16>), dense<0>
        %r = llvm.select %bit, %high, %low
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: simd.LookupOp, rewriter: PatternRewriter) -> None:
        """Rewrite one operation."""
        written = _Written(self.target, op)
        result = written.lookup(0, written.entries)
        rewriter.replace(op, written.ops, [result])


class _Written:
    """The operations that replace one lookup, while they are written."""

    def __init__(self, target: Target, op: simd.LookupOp):
        self.target, self.table, self.index = target, op.table, op.index
        self.entries, self.lanes = _lanes(op.table), _lanes(op.index)
        self.index_bound = self.entries if op.in_range else BYTE_VALUES
        self.masked: dict[int, SSAValue] = {}
        self.ops: list[Operation] = []

    def lookup(self, first: int, entries: int) -> SSAValue:
        """Lookup in `entries` entries from `first` on."""
        if (form := self._form(entries)) is not None:
            return self._by_instructions(form, first, entries)
        if entries == 1:
            return self._choose(self.table, [first] * self.lanes)
        half = entries // 2
        low, high = self.lookup(first, half), self.lookup(first + half, half)
        predicate = IntegerAttr(llvm.ICmpPredicateFlag.NE.to_int(), i64)
        bit = self._add(llvm.ICmpOp(self._masked(half), self._splat(0), predicate))
        return self._add(llvm_ops.SelectOp(bit, high, low))

    def _form(self, entries: int) -> LookupForm | None:
        """The instruction with the fewest calls, then the fewest and narrowest registers."""
        possible = [
            form
            for form in FORMS
            if form.entries >= entries and form.intrinsic.available(self.target)
        ]
        return min(
            possible,
            key=lambda form: (
                ceil(self.lanes / form.lanes),
                len(form.intrinsic.operands) * form.lanes,
            ),
            default=None,
        )

    def _by_instructions(self, form: LookupForm, first: int, entries: int) -> SSAValue:
        index = self.index
        if self.index_bound > form.index_limit:
            index = self._masked(form.entries - 1)
        # What an instruction chooses among is filled by repeating the table.
        registers = [
            self._choose(
                self.table,
                [first + (place + lane) % entries for lane in range(form.lanes)],
            )
            for place in range(0, form.lanes * (len(form.intrinsic.operands) - 1), form.lanes)
        ]
        if self.lanes < form.lanes:
            looked_up = self._call(form, registers, self._widen(index, form))
            return self._choose(looked_up, range(self.lanes))
        parts = [
            self._call(form, registers, self._choose(index, range(lane, lane + form.lanes)))
            for lane in range(0, self.lanes, form.lanes)
        ]
        while len(parts) > 1:
            parts = [self._join(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    def _call(self, form: LookupForm, registers: Sequence[SSAValue], index: SSAValue) -> SSAValue:
        operands = list(registers)
        operands.insert(form.index_operand % (len(registers) + 1), index)
        return self._add(form.intrinsic.call(self.target, operands))

    def _masked(self, mask: int) -> SSAValue:
        """The bits `mask` of the indices."""
        if mask not in self.masked:
            self.masked[mask] = self._add(arith.AndIOp(self.index, self._splat(mask)))
        return self.masked[mask]

    def _widen(self, index: SSAValue, form: LookupForm) -> SSAValue:
        """The indices and others, which may be any."""
        undefined = self._add(llvm.UndefOp(index.type))
        lanes = [min(lane, self.lanes) for lane in range(form.lanes)]
        return self._shuffle(index, undefined, lanes)

    def _choose(self, source: SSAValue, lanes: Sequence[int]) -> SSAValue:
        if list(lanes) == list(range(_lanes(source))):
            return source
        return self._shuffle(source, source, lanes)

    def _join(self, a: SSAValue, b: SSAValue) -> SSAValue:
        # With b first: LLVM would do what follows on `a, b` in halves too, twice as often.
        lanes = _lanes(a)
        if lanes < self.target.lanes(8):
            return self._shuffle(b, a, [*range(lanes, 2 * lanes), *range(lanes)])
        return self._shuffle(a, b, range(2 * lanes))

    def _shuffle(self, a: SSAValue, b: SSAValue, lanes: Sequence[int]) -> SSAValue:
        type_ = VectorType(IntegerType(8), [len(lanes)])
        mask = DenseArrayBase.from_list(i64, lanes)
        return self._add(vector.ShuffleOp(a, b, mask, result_type=type_))

    def _splat(self, byte: int) -> SSAValue:
        type_ = VectorType(IntegerType(8), [self.lanes])
        signed = byte - BYTE_VALUES * (byte >= BYTE_VALUES // 2)
        return self._add(arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(type_, [signed])))

    def _add(self, op: Operation) -> SSAValue:
        self.ops.append(op)
        return op.results[0]


def _lanes(value: SSAValue) -> int:
    assert isinstance(value.type, VectorType)
    return value.type.get_shape()[0]
