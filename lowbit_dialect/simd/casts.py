"""Conversions of lanes that `arith` has for scalars only."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import (
    IntegerType,
    UnitAttr,
    VectorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, float_lanes, int_lanes, mask_lanes


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
            source, narrow = mask_lanes("the operand", source_type), 1
        else:
            source, narrow = int_lanes("the operand", source_type)
        result, wide = int_lanes("the result", self.result.type)
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
        source, wide = int_lanes("the operand", self.source.type)
        result, narrow = int_lanes("the result", self.result.type)
        self._same_lanes(source, result)
        if narrow >= wide:
            raise VerifyException(f"{self.name} must narrow the lanes, got i{wide} to i{narrow}")


@irdl_op_definition
class SIToFPOp(CastOp):
    """Signed integers to f32, rounded to nearest even: `vector<LxiW>` to `vector<Lxf32>`."""

    name = "simd.sitofp"

    def verify_(self) -> None:
        """Integers become f32, as many as before."""
        source, _ = int_lanes("the operand", self.source.type)
        self._same_lanes(source, float_lanes("the result", self.result.type))


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
        source = float_lanes("the operand", self.source.type)
        lanes, width = int_lanes("the result", self.result.type)
        self._same_lanes(source, lanes)
        if self.floor is not None and width != 32:
            raise VerifyException(f"{self.name} floor makes lanes of i32, got i{width}")
