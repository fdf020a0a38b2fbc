"""`lowbit.cast`: tensors of plain bytes become tensors of a code."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import IntegerType, StringAttr, TensorType, UnitAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode
from lowbit_dialect.constants import constant_values
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import FLAG, WORD, Clause, TensorOp, code_of, static_shape

OVERFLOWS = ("wrap", "saturate")

WIDTHS = (4, 8)
"""Bits of the integers that are cast."""


@irdl_op_definition
class CastOp(TensorOp):
    """Integers of i8 or i4 to the same numbers in a code.

    The integers are two's complement, or with `unsigned` not negative. What is no value of the code
    is clipped to its range with `overflow saturate`, or keeps its low bits with `overflow wrap`, as
    two's complement for a signed code and as a number from 0 on for a unipolar one. Without
    `overflow`, x is a constant, all of whose elements must be values of the code, which may be any.
    """

    name = "lowbit.cast"
    CLAUSES: ClassVar = (Clause("overflow", WORD), Clause("unsigned", FLAG))

    x = operand_def(TensorType)
    result = result_def(TensorType)
    overflow = opt_prop_def(StringAttr)
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        x: SSAValue | Operation,
        code: Attribute,
        overflow: str | None = None,
        unsigned: bool = False,
    ) -> CastOp:
        """Build the op."""
        x = SSAValue.get(x)
        assert isinstance(x.type, TensorType)
        return CastOp.build_op(
            [x],
            [TensorType(code, x.type.get_shape())],
            overflow=StringAttr(overflow) if overflow else None,
            unsigned=UnitAttr() if unsigned else None,
        )

    def verify_(self) -> None:
        """Check types, the clause and, without one, the elements."""
        shape = static_shape(self.x.type, None, "x")
        if self.x.type not in [TensorType(IntegerType(bits), shape) for bits in WIDTHS]:
            raise VerifyException(f"x must be a tensor of i8 or i4, got {self.x.type}")
        code = code_of(self.result.type, "result")
        if packed_layout(self.result.type) is not None:
            raise VerifyException("the result must not be packed; follow with lowbit.bitpack")
        if self.result.type.get_shape() != shape:
            raise VerifyException(
                f"result has shape {list(self.result.type.get_shape())}, x has {list(shape)}"
            )
        if self.overflow is not None:
            if self.overflow.data not in OVERFLOWS:
                raise VerifyException(
                    f"overflow {self.overflow.data!r}: {' and '.join(OVERFLOWS)} are allowed"
                )
            if not isinstance(code, AffineCode) or code.affine.alpha:
                raise VerifyException(
                    f"integers wrap or saturate to unipolar and signed codes, not to {code}"
                )
            return
        values = constant_values(self.x)
        if values is None:
            raise VerifyException(
                f"x is no constant that could be checked; say with overflow"
                f" {' or '.join(OVERFLOWS)} what numbers beyond the code become"
            )
        try:
            self.evaluate(values)
        except ValueError as error:
            raise VerifyException(str(error)) from error

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        width = self.x.type.element_type.width.data  # pyright: ignore
        code = code_of(self.result.type, "result")
        overflow = self.overflow.data if self.overflow is not None else None
        return reference.cast(operands[0], width, code, overflow, self.unsigned is not None)
