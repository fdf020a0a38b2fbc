"""`lowbit.unary` and `lowbit.prelu`: activation functions of f32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import StringAttr
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.ops.base import FLOATS, WORD, Clause, floats
from lowbit_dialect.ops.channelwise import AXIS, number_list
from lowbit_dialect.ops.floats import FLOATS_PROPERTY, FloatOp


@irdl_op_definition
class UnaryOp(FloatOp):
    """A function of each element; `function` is exp, sigmoid or tanh.

    Compiled code computes polynomials of its own, at most 4 ulp from the exact value; a result that
    is subnormal may be 0. The reference gives the f32 next to the exact value.
    """

    name = "lowbit.unary"
    CLAUSES: ClassVar = (Clause("function", WORD), AXIS)

    function = prop_def(StringAttr)

    @override
    def verify_numbers(self, numbers: dict[str, Sequence[float]]) -> None:
        if self.function.data not in reference.UNARY:
            raise VerifyException(
                f"function {self.function.data!r}: {', '.join(reference.UNARY)} are allowed"
            )

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        return reference.unary(numbers, self.function.data)


@irdl_op_definition
class PReluOp(FloatOp):
    """x where x is positive, x * slope elsewhere; no slope is negative, so that it only rises."""

    name = "lowbit.prelu"
    CLAUSES: ClassVar = (Clause("slope", FLOATS, floats([0.0])), AXIS)

    slope = prop_def(FLOATS_PROPERTY)

    @override
    def verify_numbers(self, numbers: dict[str, Sequence[float]]) -> None:
        if min(numbers["slope"], default=0.0) < 0:
            raise VerifyException(f"slope must not be negative, got {min(numbers['slope'])}")

    @override
    def of_channels(self, numbers: NDArray) -> NDArray:
        return reference.prelu(numbers, number_list(self.slope))
