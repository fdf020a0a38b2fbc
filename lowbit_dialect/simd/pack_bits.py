"""`simd.pack_bits`, `simd.pack_masks`, `simd.unpack_bits`: masks as words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    IntegerType,
    VectorType,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, int_lanes, mask_lanes

PACK_LANES = (8, 16, 32, 64)
"""Lane counts that `simd.pack_bits` takes: the widths of the words it makes."""


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
        lanes = mask_lanes("the mask", self.mask.type)
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
        lanes, count = mask_lanes("each mask", self.first.type), len(self.operands)
        if lanes not in PACK_LANES:
            raise VerifyException(
                f"simd.pack_masks takes masks of {', '.join(map(str, PACK_LANES))} lanes, "
                f"got {lanes}"
            )
        if count < 2:
            raise VerifyException("simd.pack_masks takes two masks or more, got one")
        if int_lanes("the result", self.result.type) != (count, lanes):
            raise VerifyException(
                f"{count} masks of {lanes} lanes make as many words of i{lanes}, "
                f"got {self.result.type}"
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
        lanes = mask_lanes("the result", self.result.type)
        if lanes not in PACK_LANES or self.word.type != IntegerType(lanes):
            raise VerifyException(
                f"simd.unpack_bits makes masks of {', '.join(map(str, PACK_LANES))} lanes of words"
                f" as wide, got {self.word.type} to {self.result.type}"
            )
