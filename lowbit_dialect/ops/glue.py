"""`lowbit.fused_glue`: the monotone step function between two low-bit layers, in integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType, UnitAttr, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.constants import constant_values
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import (
    FLAG,
    INT,
    INT_PROPERTY,
    WORD,
    Clause,
    TensorOp,
    code_of,
    int_,
    static_shape,
)
from lowbit_dialect.ops.glue_forms import FORMS, GlueForm


@irdl_op_definition
class FusedGlueOp(TensorOp):
    """Integer accumulators to level numbers, one function a channel.

    acc is i32 of any shape, `axis` its channel dimension (negative from the end), C its extent; or
    acc is of an affine code, whose values take the place of sums: so a sum of 8 bits is quantised
    again to fewer.

    form shift (power-of-two scales): operands offset, shift (C,) i32, 0 <= shift <= 31;
        `level = clip((acc + offset) >> shift, lo, hi)`, the sum saturating in i32, lo and hi
        0 and 2^b - 1 where not given.
    form threshold (any monotone function): operands thresholds (C, T) i32 ascending,
        T <= 2^b - 1, and optionally flip (C,) i1; level = number of thresholds <= acc, or <= -acc
        where flip is set (a negative slope of the batch norm).
    form scale (any scale, rounded as gemmlowp and TFLite do): operands offset, multiplier, shift
        (C,) i32, 0 <= shift <= 31; `level = clip(scaled + zero, lo, hi)`, where
        scaled = RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(acc + offset, multiplier),
        shift), that is about (acc + offset) * multiplier / 2^(31 + shift), the sums saturating in
        i32, zero 0 where not given.

    A shift that is no constant is clipped to its range; thresholds that are no constant are counted
    in whatever order they come.

    Where there is a constant threshold for every level above the lowest, the bits of the level are
    found by bisection unless `counted` says that all comparisons are made and counted.

    Level 0 stands for the smallest value of the result's code, the highest level for the largest.
    """

    name = "lowbit.fused_glue"
    CLAUSES: ClassVar = (
        Clause("form", WORD),
        Clause("axis", INT, int_(-1)),
        Clause("lo", INT),
        Clause("hi", INT),
        Clause("zero", INT),
        Clause("counted", FLAG),
    )

    acc = operand_def(TensorType)
    parameters = var_operand_def(TensorType)
    result = result_def(TensorType)
    form = prop_def(StringAttr)
    axis = prop_def(INT_PROPERTY)
    lo = opt_prop_def(INT_PROPERTY)
    hi = opt_prop_def(INT_PROPERTY)
    zero = opt_prop_def(INT_PROPERTY)
    counted = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    @staticmethod
    def threshold(
        acc: SSAValue | Operation,
        thresholds: SSAValue | Operation,
        result_type: Attribute,
        flip: SSAValue | Operation | None = None,
        axis: int = -1,
    ) -> FusedGlueOp:
        """Build the threshold form."""
        operands = [acc, thresholds] if flip is None else [acc, thresholds, flip]
        return FusedGlueOp.build_op(
            operands, [result_type], form=StringAttr("threshold"), axis=int_(axis)
        )

    @staticmethod
    def shift(
        acc: SSAValue | Operation,
        offset: SSAValue | Operation,
        shift: SSAValue | Operation,
        result_type: Attribute,
        axis: int = -1,
        lo: int | None = None,
        hi: int | None = None,
    ) -> FusedGlueOp:
        """Build the shift form."""
        return FusedGlueOp.build_op(
            [acc, offset, shift],
            [result_type],
            form=StringAttr("shift"),
            axis=int_(axis),
            lo=None if lo is None else int_(lo),
            hi=None if hi is None else int_(hi),
        )

    @staticmethod
    def scale(
        acc: SSAValue | Operation,
        parameters: Sequence[SSAValue | Operation],
        result_type: Attribute,
        axis: int = -1,
        zero: int = 0,
        lo: int | None = None,
        hi: int | None = None,
    ) -> FusedGlueOp:
        """Build the scale form; the parameters are offset, multiplier and shift."""
        return FusedGlueOp.build_op(
            [acc, *parameters],
            [result_type],
            form=StringAttr("scale"),
            axis=int_(axis),
            zero=int_(zero) if zero else None,
            lo=None if lo is None else int_(lo),
            hi=None if hi is None else int_(hi),
        )

    @property
    def channel_dim(self) -> int:
        """The channel dimension of acc, counted from the front."""
        axis, rank = self.axis.value.data, len(static_shape(self.acc.type, None, "acc"))
        if not -rank <= axis < rank:
            raise VerifyException(f"axis {axis} is not a dimension of acc, which has {rank}")
        return axis % rank

    @property
    def bounds(self) -> tuple[int, int]:
        """Lowest and highest level of the forms that clip."""
        top = (1 << code_of(self.result.type, "result").width) - 1
        low = self.lo.value.data if self.lo is not None else 0
        high = self.hi.value.data if self.hi is not None else top
        if not 0 <= low <= high <= top:
            raise VerifyException(f"lo {low} and hi {high} must satisfy 0 <= lo <= hi <= {top}")
        return low, high

    @property
    def can_bisect(self) -> bool:
        """Whether there is a constant threshold for every level above the lowest."""
        if self.form.data != "threshold" or constant_values(self.parameters[0]) is None:
            return False
        levels = 1 << code_of(self.result.type, "result").width
        return static_shape(self.parameters[0].type, 2, "thresholds")[1] == levels - 1

    def verify_(self) -> None:
        """Check the form, its parameters and the shapes."""
        shape = static_shape(self.acc.type, None, "acc")
        if self.acc.type != TensorType(i32, shape):
            code = code_of(self.acc.type, "acc (where not i32)")
            if not isinstance(code, AffineCode) or packed_layout(self.acc.type) is not None:
                raise VerifyException(
                    f"acc must be i32 or an unpacked affine code, got {self.acc.type}"
                )
        code_of(self.result.type, "result")
        if packed_layout(self.result.type) is not None:
            raise VerifyException("the result must not be packed; follow with lowbit.bitpack")
        if self.result.type.get_shape() != shape:
            raise VerifyException(
                f"result has shape {list(self.result.type.get_shape())}, acc has {list(shape)}"
            )
        self.glue_form.verify(self, shape[self.channel_dim])

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        acc, *parameters = operands
        return self.glue_form.evaluate(self, acc, parameters)

    @property
    def glue_form(self) -> GlueForm:
        """What the form of the op means."""
        form = FORMS.get(self.form.data)
        if form is None:
            raise VerifyException(
                f"form {self.form.data!r} is unknown: {' and '.join(FORMS)} are allowed"
            )
        return form
