"""The `simd` dialect: target-neutral operations on one-dimensional vectors of register lanes.

Between the loops and LLVM. It holds what `arith` and `vector` lack (casts and selects of whole
vectors, masks to bits) and the few compound steps that instruction sets do very differently
(popcount and accumulate, table lookup). Vectors have a power of two of lanes; integer lanes are
signless and wrap. What every operation means on numpy arrays is in `simd_semantics.py`.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from functools import cache
from typing import ClassVar

from xdsl.dialects.builtin import (
    Float32Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    UnitAttr,
    VectorType,
    i64,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, Dialect, Operation, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import MemoryReadEffect, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

INTEGER_WIDTHS = (8, 16, 32, 64)
"""Bits of the integer lanes that every operation takes."""

PACK_LANES = (8, 16, 32, 64)
"""Lane counts that `simd.pack_bits` takes: the widths of the words it makes."""


def _lanes(what: str, type: Attribute) -> int:
    """Lanes of the vector type of the operand or result called `what`, checked."""
    if not isinstance(type, VectorType) or type.get_num_dims() != 1:
        raise VerifyException(f"{what} must be a one-dimensional vector, got {type}")
    if type.get_num_scalable_dims():
        raise VerifyException(f"{what} must have a fixed number of lanes, got {type}")
    lanes = type.get_shape()[0]
    if lanes < 1 or lanes & (lanes - 1):
        raise VerifyException(f"{what} must have a power of two of lanes, got {type}")
    return lanes


def _int_lanes(what: str, type: Attribute) -> tuple[int, int]:
    """Lanes and lane width in bits of an integer vector type, checked."""
    lanes = _lanes(what, type)
    assert isinstance(type, VectorType)
    element = type.element_type
    if not isinstance(element, IntegerType) or element.width.data not in INTEGER_WIDTHS:
        widths = ", ".join(f"i{w}" for w in INTEGER_WIDTHS)
        raise VerifyException(f"{what} must have lanes of {widths}, got {type}")
    return lanes, element.width.data


def _mask_lanes(what: str, type: Attribute) -> int:
    """Lanes of a mask type, checked."""
    lanes = _lanes(what, type)
    assert isinstance(type, VectorType)
    if type.element_type != IntegerType(1):
        raise VerifyException(f"{what} must have lanes of i1, got {type}")
    return lanes


def _float_lanes(what: str, type: Attribute) -> int:
    """Lanes of an f32 vector type, checked."""
    lanes = _lanes(what, type)
    assert isinstance(type, VectorType)
    if not isinstance(type.element_type, Float32Type):
        raise VerifyException(f"{what} must have lanes of f32, got {type}")
    return lanes


class Combine(StrEnum):
    """How two words are combined before their bits are counted."""

    AND = "and"
    XOR = "xor"


@irdl_attr_definition
class CombineAttr(EnumAttribute[Combine], SpacedOpaqueSyntaxAttribute):
    """`and` or `xor`."""

    name = "simd.combine"


class Sign(StrEnum):
    """What numbers the lanes hold."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


@irdl_attr_definition
class SignAttr(EnumAttribute[Sign], SpacedOpaqueSyntaxAttribute):
    """`signed` or `unsigned`."""

    name = "simd.sign"


class SimdOperation(IRDLOperation, ABC):
    """An operation with at most one variadic operand, which is the last one, and no regions.

    Kernels are hundreds of these, so they are made without asking the definition what goes where.
    """

    def __init__(
        self,
        *,
        operands: Sequence[SSAValue | Operation | Sequence[SSAValue | Operation]],
        result_types: Sequence[Attribute],
        properties: Mapping[str, Attribute | None] | None = None,
    ):
        values: list[SSAValue] = []
        for operand in operands:
            if isinstance(operand, SSAValue):
                values.append(operand)
            elif isinstance(operand, Operation):
                values.append(SSAValue.get(operand))
            else:
                values.extend(map(SSAValue.get, operand))
        Operation.__init__(
            self,
            operands=values,
            result_types=result_types,
            properties={k: v for k, v in (properties or {}).items() if v is not None},
        )


@irdl_op_definition
class PopcountAccOp(SimdOperation):
    """`acc +/- popcount(a and/xor b)`, lane by lane, modulo 2^W.

    `%acc, %a, %b : vector<LxiW>`. With `subtract` the count is taken away from the accumulator.

        %r = simd.popcount_acc and %acc, %a, %b : vector<16xi32>
        %s = simd.popcount_acc xor subtract %acc, %a, %b : vector<16xi32>
    """

    name = "simd.popcount_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())

    acc = operand_def(T)
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)
    combine = prop_def(CombineAttr)
    subtract = opt_prop_def(UnitAttr)

    traits = traits_def(Pure())

    assembly_format = (
        "$combine (`subtract` $subtract^)? $acc `,` $a `,` $b attr-dict `:` type($result)"
    )

    def __init__(
        self,
        acc: SSAValue | Operation,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
        combine: Combine = Combine.AND,
        subtract: bool = False,
    ):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, a, b],
            result_types=[acc.type],
            properties={
                "combine": CombineAttr(combine),
                "subtract": UnitAttr() if subtract else None,
            },
        )

    def verify_(self) -> None:
        """The lanes are integers."""
        _int_lanes("the accumulator", self.acc.type)


DOT_WIDTHS = (16, 32)
"""Bits of the lanes that `simd.dot_acc` takes: two or four bytes."""


@irdl_op_definition
class DotAccOp(SimdOperation):
    """`acc + sum_k a_k * b_k` over the bytes k of a lane, modulo 2^W.

    `%acc, %a, %b : vector<LxiW>`, W = 16 or 32; the lanes of a hold W / 8 unsigned bytes, those of
    b as many signed ones, or with `unsigned_b` unsigned ones too. `no_saturation` promises that the
    sum of two products, of bytes 2k and 2k + 1, is always within i16, which lets instructions in
    that saturate there; `small_a` that no byte of a is above 127, which lets in those that take
    signed bytes only.

        %r = simd.dot_acc %acc, %a, %b : vector<16xi32>
        %s = simd.dot_acc no_saturation %acc, %a, %b : vector<16xi16>
        %t = simd.dot_acc small_a %acc, %a, %b : vector<4xi32>
        %u = simd.dot_acc unsigned_b %acc, %a, %b : vector<4xi32>
    """

    name = "simd.dot_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())

    acc = operand_def(T)
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)
    no_saturation = opt_prop_def(UnitAttr)
    small_a = opt_prop_def(UnitAttr)
    unsigned_b = opt_prop_def(UnitAttr)

    traits = traits_def(Pure())

    assembly_format = (
        "(`no_saturation` $no_saturation^)? (`small_a` $small_a^)? (`unsigned_b` $unsigned_b^)?"
        " $acc `,` $a `,` $b attr-dict `:` type($result)"
    )

    def __init__(
        self,
        acc: SSAValue | Operation,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
        no_saturation: bool = False,
        small_a: bool = False,
        unsigned_b: bool = False,
    ):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, a, b],
            result_types=[acc.type],
            properties={
                "no_saturation": UnitAttr() if no_saturation else None,
                "small_a": UnitAttr() if small_a else None,
                "unsigned_b": UnitAttr() if unsigned_b else None,
            },
        )

    def verify_(self) -> None:
        """The lanes hold two or four bytes."""
        _, width = _int_lanes("the accumulator", self.acc.type)
        if width not in DOT_WIDTHS:
            raise VerifyException(
                f"the accumulator must have lanes of i16 or i32, got {self.acc.type}"
            )


@irdl_op_definition
class MulAccOp(SimdOperation):
    """`acc + a * b`, lane by lane, modulo 2^W.

    `%acc : vector<LxiW>`, `%a, %b : vector<LxiV>`, both signed or both unsigned; V is W, or half of
    it.

        %r = simd.mul_acc signed %acc, %a, %b : vector<8xi8> to vector<8xi16>
        %s = simd.mul_acc unsigned %acc, %a, %b : vector<8xi16> to vector<8xi16>
    """

    name = "simd.mul_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())
    U: ClassVar = VarConstraint("U", AnyAttr())

    sign = prop_def(SignAttr)
    acc = operand_def(U)
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(U)

    traits = traits_def(Pure())

    assembly_format = "$sign $acc `,` $a `,` $b attr-dict `:` type($a) `to` type($result)"

    def __init__(
        self,
        sign: Sign,
        acc: SSAValue | Operation,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
    ):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, a, b], result_types=[acc.type], properties={"sign": SignAttr(sign)}
        )

    def verify_(self) -> None:
        """The accumulator has as many lanes, as wide or twice as wide."""
        lanes, width = _int_lanes("the accumulator", self.acc.type)
        narrow_lanes, narrow = _int_lanes("a", self.a.type)
        if lanes != narrow_lanes or width not in (narrow, 2 * narrow):
            raise VerifyException(
                f"products of {self.a.type} are summed in lanes as wide or twice as wide, got"
                f" {self.acc.type}"
            )


@irdl_op_definition
class RoundShiftAccOp(SimdOperation):
    """`acc + floor(source / 2^n + 1/2)`, lane by lane: signed lanes, of any number, rounded.

    `%acc, %source : vector<LxiW>`, 0 < n < W. The sum is modulo 2^W.

        %r = simd.round_shift_acc %acc, %source by 8 : vector<8xi16>
    """

    name = "simd.round_shift_acc"

    T: ClassVar = VarConstraint("T", AnyAttr())

    acc = operand_def(T)
    source = operand_def(T)
    result = result_def(T)
    bits = prop_def(IntegerAttr.constr(i64))

    traits = traits_def(Pure())

    assembly_format = "$acc `,` $source `by` $bits attr-dict `:` type($result)"

    def __init__(self, acc: SSAValue | Operation, source: SSAValue | Operation, bits: int):
        acc = SSAValue.get(acc)
        super().__init__(
            operands=[acc, source],
            result_types=[acc.type],
            properties={"bits": IntegerAttr(bits, i64)},
        )

    def verify_(self) -> None:
        """The shift leaves something."""
        _, width = _int_lanes("the accumulator", self.acc.type)
        if not 0 < self.bits.value.data < width:
            raise VerifyException(
                f"lanes of i{width} are shifted by 1 to {width - 1}, got {self.bits.value.data}"
            )


TABLE_ENTRIES = (16, 32, 64, 128, 256)
"""Entries of the tables that `simd.lookup` takes: instructions choose among up to 64 of them."""


@irdl_op_definition
class LookupOp(SimdOperation):
    """`table[index mod N]`, lane by lane, of a table of N = 16 to 256 bytes in registers.

    `%table : vector<Nxi8>`, `%index : vector<Lxi8>`, whose bytes are unsigned, to `vector<Lxi8>`.
    `in_range` promises that every index is below N. Instructions disagree about others (`pshufb`
    gives 0 where bit 7 is set, `tbl` from N up), so that without it bits may have to be masked.

        %r = simd.lookup %table, %index : vector<16xi8>, vector<64xi8>
        %s = simd.lookup in_range %table, %index : vector<64xi8>, vector<64xi8>
    """

    name = "simd.lookup"

    T: ClassVar = VarConstraint("T", AnyAttr())

    table = operand_def()
    index = operand_def(T)
    result = result_def(T)
    in_range = opt_prop_def(UnitAttr)

    traits = traits_def(Pure())

    assembly_format = (
        "(`in_range` $in_range^)? $table `,` $index attr-dict `:` type($table) `,` type($result)"
    )

    def __init__(
        self,
        table: SSAValue | Operation,
        index: SSAValue | Operation,
        in_range: bool = False,
    ):
        index = SSAValue.get(index)
        super().__init__(
            operands=[table, index],
            result_types=[index.type],
            properties={"in_range": UnitAttr() if in_range else None},
        )

    def verify_(self) -> None:
        """Both are bytes, and the table has a size that tables have."""
        for what, type in (("the table", self.table.type), ("the index", self.index.type)):
            if _int_lanes(what, type)[1] != 8:
                raise VerifyException(f"{what} must have lanes of i8, got {type}")
        entries = _lanes("the table", self.table.type)
        if entries not in TABLE_ENTRIES:
            raise VerifyException(
                f"the table must have {', '.join(map(str, TABLE_ENTRIES))} entries, got {entries}"
            )


class CastOp(SimdOperation, ABC):
    """A lane-by-lane conversion that keeps the number of lanes."""

    source = operand_def()
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = "$source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, source: SSAValue | Operation, result_type: Attribute):
        super().__init__(operands=[source], result_types=[result_type])

    def _same_lanes(self, source: int, result: int) -> None:
        if source != result:
            raise VerifyException(
                f"{self.name} keeps the number of lanes: {source} in the operand, "
                f"{result} in the result"
            )


class _ExtensionOp(CastOp, ABC):
    """An extension; the source may be a mask, whose lanes are 1 bit wide."""

    def verify_(self) -> None:
        """The lanes widen and keep their number."""
        source_type = self.source.type
        if isinstance(source_type, VectorType) and source_type.element_type == IntegerType(1):
            source, narrow = _mask_lanes("the operand", source_type), 1
        else:
            source, narrow = _int_lanes("the operand", source_type)
        result, wide = _int_lanes("the result", self.result.type)
        self._same_lanes(source, result)
        if wide <= narrow:
            raise VerifyException(f"{self.name} must widen the lanes, got i{narrow} to i{wide}")


@irdl_op_definition
class ExtUIOp(_ExtensionOp):
    """Zero extension: `vector<LxiV>` to `vector<LxiW>`, V < W, the source a mask or integers."""

    name = "simd.extui"


@irdl_op_definition
class ExtSIOp(_ExtensionOp):
    """Sign extension: `vector<LxiV>` to `vector<LxiW>`, V < W; a set mask lane becomes -1."""

    name = "simd.extsi"


@irdl_op_definition
class TruncIOp(CastOp):
    """Truncation to the low bits: `vector<LxiW>` to `vector<LxiV>`, V < W."""

    name = "simd.trunci"

    def verify_(self) -> None:
        """The lanes narrow and keep their number."""
        source, wide = _int_lanes("the operand", self.source.type)
        result, narrow = _int_lanes("the result", self.result.type)
        self._same_lanes(source, result)
        if narrow >= wide:
            raise VerifyException(f"{self.name} must narrow the lanes, got i{wide} to i{narrow}")


@irdl_op_definition
class NarrowOp(SimdOperation):
    """Two vectors as one of lanes half as wide, clipped to what these hold: `vector<LxiW>` twice
    to `vector<2LxiV>`, 2V = W, the lanes of the first below those of the second.

    %v = simd.narrow %a, %b : vector<16xi32> to vector<32xi16>
    %w = simd.narrow no_saturation %a, %b : vector<16xi32> to vector<32xi16>

    With `no_saturation` every number fits; what becomes of one that does not is undefined.
    """

    name = "simd.narrow"

    T: ClassVar = VarConstraint("T", AnyAttr())

    no_saturation = opt_prop_def(UnitAttr)
    low = operand_def(T)
    high = operand_def(T)
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = (
        "(`no_saturation` $no_saturation^)? $low `,` $high attr-dict"
        " `:` type($low) `to` type($result)"
    )

    def __init__(
        self,
        low: SSAValue | Operation,
        high: SSAValue | Operation,
        no_saturation: bool = False,
    ):
        low = SSAValue.get(low)
        lanes, width = _int_lanes("the operands", low.type)
        super().__init__(
            operands=[low, high],
            result_types=[VectorType(IntegerType(width // 2), [2 * lanes])],
            properties={"no_saturation": UnitAttr() if no_saturation else None},
        )

    def verify_(self) -> None:
        """The result has twice the lanes, half as wide."""
        lanes, width = _int_lanes("the operands", self.low.type)
        result = _int_lanes("the result", self.result.type)
        if result != (2 * lanes, width // 2):
            raise VerifyException(
                f"two vectors of {lanes} lanes of i{width} narrow to one of {2 * lanes} of"
                f" i{width // 2}, got {self.result.type}"
            )


@irdl_op_definition
class SIToFPOp(CastOp):
    """Signed integers to f32, rounded to nearest even: `vector<LxiW>` to `vector<Lxf32>`."""

    name = "simd.sitofp"

    def verify_(self) -> None:
        """Integers become f32, as many as before."""
        source, _ = _int_lanes("the operand", self.source.type)
        self._same_lanes(source, _float_lanes("the result", self.result.type))


@irdl_op_definition
class FPToSIOp(CastOp):
    """f32 to signed integers, towards zero or with `floor` down: `vector<Lxf32>` to `vector<LxiW>`.

    The result of a value that does not fit in iW, or of a NaN, is any value: clamp first.

        %r = simd.fptosi %v : vector<8xf32> to vector<8xi32>
        %s = simd.fptosi floor %v : vector<8xf32> to vector<8xi32>
    """

    name = "simd.fptosi"

    floor = opt_prop_def(UnitAttr)

    assembly_format = "(`floor` $floor^)? $source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, source: SSAValue | Operation, result_type: Attribute, floor: bool = False):
        SimdOperation.__init__(
            self,
            operands=[source],
            result_types=[result_type],
            properties={"floor": UnitAttr() if floor else None},
        )

    def verify_(self) -> None:
        """f32 become integers, as many as before."""
        source = _float_lanes("the operand", self.source.type)
        lanes, width = _int_lanes("the result", self.result.type)
        self._same_lanes(source, lanes)
        if self.floor is not None and width != 32:
            raise VerifyException(f"{self.name} floor makes lanes of i32, got i{width}")


@irdl_op_definition
class AddSatOp(SimdOperation):
    """The signed sum, clipped to what the lanes hold: `vector<LxiW>` twice to one.

    %r = simd.add_sat %a, %b : vector<16xi32>
    """

    name = "simd.add_sat"

    T: ClassVar = VarConstraint("T", AnyAttr())

    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())

    assembly_format = "$a `,` $b attr-dict `:` type($result)"

    def __init__(self, a: SSAValue | Operation, b: SSAValue | Operation):
        a = SSAValue.get(a)
        super().__init__(operands=[a, b], result_types=[a.type])

    def verify_(self) -> None:
        """The lanes are integers."""
        _int_lanes("the operands", self.a.type)


class Predicate(StrEnum):
    """An integer comparison; `s` is signed, `u` unsigned."""

    EQ = "eq"
    NE = "ne"
    SLT = "slt"
    SLE = "sle"
    SGT = "sgt"
    SGE = "sge"
    ULT = "ult"
    ULE = "ule"
    UGT = "ugt"
    UGE = "uge"


@irdl_attr_definition
class PredicateAttr(EnumAttribute[Predicate], SpacedOpaqueSyntaxAttribute):
    """`eq`, `ne`, `slt`, `sle`, `sgt`, `sge`, `ult`, `ule`, `ugt` or `uge`."""

    name = "simd.predicate"


@cache
def _mask_type(lanes: int) -> VectorType:
    return VectorType(IntegerType(1), [lanes])


@cache
def _predicate(predicate: Predicate) -> PredicateAttr:
    return PredicateAttr(predicate)


@irdl_op_definition
class CmpIOp(SimdOperation):
    """A lane-by-lane comparison that makes a mask; `arith.cmpi` makes a single i1.

    %mask = simd.cmpi slt, %a, %b : vector<16xi32> to vector<16xi1>
    """

    name = "simd.cmpi"

    T: ClassVar = VarConstraint("T", AnyAttr())

    a = operand_def(T)
    b = operand_def(T)
    result = result_def()
    predicate = prop_def(PredicateAttr)

    traits = traits_def(Pure())

    assembly_format = "$predicate `,` $a `,` $b attr-dict `:` type($a) `to` type($result)"

    def __init__(
        self,
        predicate: Predicate | str,
        a: SSAValue | Operation,
        b: SSAValue | Operation,
    ):
        a = SSAValue.get(a)
        shape = a.type.get_shape() if isinstance(a.type, VectorType) else (1,)
        super().__init__(
            operands=[a, b],
            result_types=[_mask_type(shape[0])],
            properties={"predicate": _predicate(Predicate(predicate))},
        )

    def verify_(self) -> None:
        """The mask has a lane for each of the operands'."""
        lanes, _ = _int_lanes("the operands", self.a.type)
        mask = _mask_lanes("the result", self.result.type)
        if mask != lanes:
            raise VerifyException(f"the operands have {lanes} lanes, the mask has {mask}")


@irdl_op_definition
class SelectOp(SimdOperation):
    """`mask ? a : b`, lane by lane, on vectors of integers or f32.

    %r = simd.select %mask, %a, %b : vector<16xi1>, vector<16xi32>
    """

    name = "simd.select"

    T: ClassVar = VarConstraint("T", AnyAttr())

    mask = operand_def()
    a = operand_def(T)
    b = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())

    assembly_format = "$mask `,` $a `,` $b attr-dict `:` type($mask) `,` type($result)"

    def __init__(
        self, mask: SSAValue | Operation, a: SSAValue | Operation, b: SSAValue | Operation
    ):
        a = SSAValue.get(a)
        super().__init__(operands=[mask, a, b], result_types=[a.type])

    def verify_(self) -> None:
        """The mask has a lane for each of the operands'."""
        mask, lanes = _mask_lanes("the mask", self.mask.type), _lanes("the operands", self.a.type)
        if mask != lanes:
            raise VerifyException(f"the mask has {mask} lanes, the operands have {lanes}")


@irdl_op_definition
class PackBitsOp(SimdOperation):
    """A mask as a word: `vector<Lxi1>` to `iL`, lane k becomes bit k. L is 8, 16, 32 or 64.

    %w = simd.pack_bits %mask : vector<16xi1> to i16
    """

    name = "simd.pack_bits"

    mask = operand_def()
    result = result_def(IntegerType)

    traits = traits_def(Pure())

    assembly_format = "$mask attr-dict `:` type($mask) `to` type($result)"

    def __init__(self, mask: SSAValue | Operation):
        mask = SSAValue.get(mask)
        lanes = mask.type.get_shape()[0] if isinstance(mask.type, VectorType) else 0
        super().__init__(operands=[mask], result_types=[IntegerType(lanes)])

    def verify_(self) -> None:
        """The mask is as long as some word is wide."""
        lanes = _mask_lanes("the mask", self.mask.type)
        if lanes not in PACK_LANES:
            raise VerifyException(
                f"simd.pack_bits takes masks of {', '.join(map(str, PACK_LANES))} lanes, "
                f"got {lanes}"
            )
        if self.result.type != IntegerType(lanes):
            raise VerifyException(
                f"the result of packing {lanes} lanes is i{lanes}, got {self.result.type}"
            )


@irdl_op_definition
class PackMasksOp(SimdOperation):
    """Masks as a vector of words: N of `vector<Lxi1>` to `vector<NxiL>`, N a power of two from 2.

    Word n holds mask n as `simd.pack_bits` would make it. Where masks are packed by sums, several
    of them share these.

        %w = simd.pack_masks %a, %b, %c, %d : vector<16xi1> to vector<4xi16>
    """

    name = "simd.pack_masks"

    T: ClassVar = VarConstraint("T", AnyAttr())

    first = operand_def(T)
    others = var_operand_def(T)
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = "$first `,` $others attr-dict `:` type($first) `to` type($result)"

    def __init__(self, masks: Sequence[SSAValue]):
        type_ = masks[0].type
        lanes = type_.get_shape()[0] if isinstance(type_, VectorType) else 0
        super().__init__(
            operands=[masks],
            result_types=[VectorType(IntegerType(lanes), [len(masks)])],
        )

    def verify_(self) -> None:
        """The masks are as long as the words are wide, and there is a word for each."""
        lanes, count = _mask_lanes("each mask", self.first.type), len(self.operands)
        if lanes not in PACK_LANES:
            raise VerifyException(
                f"simd.pack_masks takes masks of {', '.join(map(str, PACK_LANES))} lanes, "
                f"got {lanes}"
            )
        if count < 2:
            raise VerifyException("simd.pack_masks takes two masks or more, got one")
        if _int_lanes("the result", self.result.type) != (count, lanes):
            raise VerifyException(
                f"{count} masks of {lanes} lanes make as many words of i{lanes}, "
                f"got {self.result.type}"
            )


@irdl_op_definition
class ReduceAddOp(SimdOperation):
    """The sum of all lanes modulo 2^W: `vector<LxiW>` to `iW`.

    %s = simd.reduce_add %v : vector<16xi32> to i32
    """

    name = "simd.reduce_add"

    source = operand_def()
    result = result_def(IntegerType)

    traits = traits_def(Pure())

    assembly_format = "$source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, source: SSAValue | Operation):
        source = SSAValue.get(source)
        element = source.type.element_type if isinstance(source.type, VectorType) else source.type
        super().__init__(operands=[source], result_types=[element])

    def verify_(self) -> None:
        """The result is a lane."""
        _, width = _int_lanes("the operand", self.source.type)
        if self.result.type != IntegerType(width):
            raise VerifyException(
                f"the sum of lanes of i{width} is i{width}, got {self.result.type}"
            )


@irdl_op_definition
class BroadcastLoadOp(SimdOperation):
    """One element of memory in every lane: `memref<..xE>[indices]` to `vector<LxE>`, E iW or f32.

    %v = simd.broadcast_load %m[%i, %j] : memref<4x8xi32> to vector<16xi32>
    """

    name = "simd.broadcast_load"

    base = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    result = result_def()

    traits = traits_def(MemoryReadEffect())

    assembly_format = "$base `[` $indices `]` attr-dict `:` type($base) `to` type($result)"

    def __init__(
        self,
        base: SSAValue | Operation,
        indices: Sequence[SSAValue | Operation],
        result_type: VectorType,
    ):
        super().__init__(operands=[base, indices], result_types=[result_type])

    def verify_(self) -> None:
        """The element type is the lane type, and there is an index a dimension."""
        _lanes("the result", self.result.type)
        assert isinstance(self.result.type, VectorType)
        assert isinstance(self.base.type, MemRefType)
        if self.base.type.element_type != self.result.type.element_type:
            raise VerifyException(
                f"the memref holds {self.base.type.element_type}, the result has lanes of "
                f"{self.result.type.element_type}"
            )
        if self.base.type.get_num_dims() != len(self.indices):
            raise VerifyException(
                f"a memref of rank {self.base.type.get_num_dims()} takes as many indices, "
                f"got {len(self.indices)}"
            )


@irdl_op_definition
class UnpackBitsOp(SimdOperation):
    """A word as a mask: `iL` to `vector<Lxi1>`, bit k becomes lane k. L is 8, 16, 32 or 64.

    %mask = simd.unpack_bits %w : i16 to vector<16xi1>
    """

    name = "simd.unpack_bits"

    word = operand_def(IntegerType)
    result = result_def()

    traits = traits_def(Pure())

    assembly_format = "$word attr-dict `:` type($word) `to` type($result)"

    def __init__(self, word: SSAValue | Operation):
        word = SSAValue.get(word)
        lanes = word.type.width.data if isinstance(word.type, IntegerType) else 0
        super().__init__(operands=[word], result_types=[VectorType(IntegerType(1), [lanes])])

    def verify_(self) -> None:
        """The mask is as long as the word is wide."""
        lanes = _mask_lanes("the result", self.result.type)
        if lanes not in PACK_LANES or self.word.type != IntegerType(lanes):
            raise VerifyException(
                f"simd.unpack_bits makes masks of {', '.join(map(str, PACK_LANES))} lanes of words"
                f" as wide, got {self.word.type} to {self.result.type}"
            )


Simd = Dialect(
    "simd",
    [
        AddSatOp,
        BroadcastLoadOp,
        CmpIOp,
        DotAccOp,
        ExtSIOp,
        ExtUIOp,
        FPToSIOp,
        LookupOp,
        MulAccOp,
        NarrowOp,
        PackBitsOp,
        PackMasksOp,
        PopcountAccOp,
        ReduceAddOp,
        RoundShiftAccOp,
        SIToFPOp,
        SelectOp,
        TruncIOp,
        UnpackBitsOp,
    ],
    [CombineAttr, PredicateAttr, SignAttr],
)
"""The dialect, to be registered under the name `simd`."""
