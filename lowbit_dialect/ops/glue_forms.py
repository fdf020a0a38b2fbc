"""The forms of `lowbit.fused_glue`: what each takes as parameters, and what it computes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import TensorType, i1, i32
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.constants import constant_values
from lowbit_dialect.layouts.channels import without_channels
from lowbit_dialect.ops.base import code_of, expect_type, static_shape
from lowbit_dialect.reference.glue import MAX_SHIFT
from lowbit_dialect.sums.base import INT32_MAX

if TYPE_CHECKING:
    from lowbit_dialect.ops.glue import FusedGlueOp


class GlueForm(ABC):
    """What a form of the glue takes and computes."""

    ROLES: ClassVar[tuple[str, ...]]
    """Names of the parameter operands."""

    CLAUSES: ClassVar[tuple[str, ...]] = ()
    """Clauses of the op, besides form and axis, that belong to this form."""

    def verify(self, op: FusedGlueOp, channels: int) -> None:
        """Check clauses and parameters."""
        for name in ("lo", "hi", "zero", "counted"):
            if name in op.properties and name not in self.CLAUSES:
                owners = " and ".join(f for f, form in FORMS.items() if name in form.CLAUSES)
                raise VerifyException(f"{name} belongs to form {owners}")
        self.verify_parameters(op, channels)

    @abstractmethod
    def verify_parameters(self, op: FusedGlueOp, channels: int) -> None:
        """Check number, types and constants of the parameters."""

    @abstractmethod
    def evaluate(self, op: FusedGlueOp, acc: NDArray, parameters: Sequence[NDArray]) -> NDArray:
        """What the reference computes."""

    @abstractmethod
    def absorbed(self, parameters: Sequence[NDArray | None], added: NDArray) -> NDArray | None:
        """The first parameter of glue that does to acc what this does to acc + added.

        Args:
            parameters: the numbers of those that are constant.
            added: (C,) numbers, no sum with which leaves i32.

        Returns:
            The parameter, or None where it is not known or i32 does not hold it.
        """


class ClippingForm(GlueForm):
    """Offset, other numbers and at last a shift of each channel, all (C,) of i32."""

    @override
    def verify_parameters(self, op: FusedGlueOp, channels: int) -> None:
        if len(op.parameters) != len(self.ROLES):
            raise VerifyException(
                f"form {op.form.data} takes the operands {', '.join(self.ROLES[:-1])} and"
                f" {self.ROLES[-1]}"
            )
        for value, role in zip(op.parameters, self.ROLES, strict=True):
            expect_type(without_channels(value.type), TensorType(i32, (channels,)), role)
        _ = op.bounds
        shifts = constant_values(op.parameters[-1])
        if shifts is not None and not 0 <= shifts.min() <= shifts.max() <= MAX_SHIFT:
            raise VerifyException(f"shift must lie in 0 .. {MAX_SHIFT}, got {shifts.tolist()}")

    @override
    def absorbed(self, parameters: Sequence[NDArray | None], added: NDArray) -> NDArray | None:
        if parameters[0] is None:
            return None
        total = parameters[0].astype(np.int64) + added
        return None if np.abs(total).max() > INT32_MAX else total


class ShiftForm(ClippingForm):
    """Add, shift and clip."""

    ROLES = ("offset", "shift")
    CLAUSES = ("lo", "hi")

    @override
    def evaluate(self, op: FusedGlueOp, acc: NDArray, parameters: Sequence[NDArray]) -> NDArray:
        code, (offset, shift) = code_of(op.result.type, "result"), parameters
        return reference.fused_glue_shift(acc, offset, shift, code, op.channel_dim, *op.bounds)


class ScaleForm(ClippingForm):
    """Add, multiply, shift with rounding, add and clip."""

    ROLES = ("offset", "multiplier", "shift")
    CLAUSES = ("lo", "hi", "zero")

    @override
    def verify_parameters(self, op: FusedGlueOp, channels: int) -> None:
        super().verify_parameters(op, channels)
        if op.zero is not None and not -(1 << 31) <= op.zero.value.data <= INT32_MAX:
            raise VerifyException(f"zero {op.zero.value.data} does not fit in i32")

    @override
    def evaluate(self, op: FusedGlueOp, acc: NDArray, parameters: Sequence[NDArray]) -> NDArray:
        code, (offset, multiplier, shift) = code_of(op.result.type, "result"), parameters
        zero = op.zero.value.data if op.zero is not None else 0
        return reference.fused_glue_scale(
            acc, offset, multiplier, shift, code, op.channel_dim, zero, *op.bounds
        )


class ThresholdForm(GlueForm):
    """Count the thresholds that are reached."""

    ROLES = ("thresholds", "flip")
    CLAUSES = ("counted",)

    @override
    def verify_parameters(self, op: FusedGlueOp, channels: int) -> None:
        if len(op.parameters) not in (1, 2):
            raise VerifyException("form threshold takes the operands thresholds and maybe flip")
        most = (1 << code_of(op.result.type, "result").width) - 1
        rows, count = static_shape(op.parameters[0].type, 2, "thresholds")
        expect_type(
            without_channels(op.parameters[0].type), TensorType(i32, (rows, count)), "thresholds"
        )
        if rows != channels or count > most:
            raise VerifyException(
                f"thresholds are {rows}x{count}: expected a row for each of the {channels}"
                f" channels and at most {most} columns"
            )
        if len(op.parameters) == 2:
            expect_type(
                without_channels(op.parameters[1].type), TensorType(i1, (channels,)), "flip"
            )
        thresholds = constant_values(op.parameters[0])
        if thresholds is None:
            return
        falls = np.diff(thresholds).min(axis=1, initial=0) < 0
        if falls.any():
            channel = int(np.argmax(falls))
            raise VerifyException(
                f"thresholds of channel {channel} do not ascend: {thresholds[channel].tolist()}"
            )

    @override
    def evaluate(self, op: FusedGlueOp, acc: NDArray, parameters: Sequence[NDArray]) -> NDArray:
        code, (thresholds, *flip) = code_of(op.result.type, "result"), parameters
        return reference.fused_glue_threshold(
            acc, thresholds, code, flip[0] if flip else None, op.channel_dim
        )

    @override
    def absorbed(self, parameters: Sequence[NDArray | None], added: NDArray) -> NDArray | None:
        """Thresholds beyond i32 are as good as its end: no accumulator is there."""
        thresholds, flip = (*parameters, np.zeros(len(added), np.int64))[:2]
        if thresholds is None or flip is None:
            return None
        moved = thresholds.astype(np.int64) - np.where(flip == 1, -added, added)[:, None]
        return np.clip(moved, -INT32_MAX, INT32_MAX)


FORMS: dict[str, GlueForm] = {
    "shift": ShiftForm(),
    "threshold": ThresholdForm(),
    "scale": ScaleForm(),
}
"""Every form by its name."""
