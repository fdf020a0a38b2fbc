"""`lowbit.copy` and `lowbit.zero_gaps`: tensors as they lie in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layouts.channels import ChannelsAttr, channels_layout, without_channels
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import TensorOp, code_of, expect_type, static_shape


@irdl_op_definition
class CopyOp(TensorOp):
    """The same numbers in other memory, and with or without the encoding `#lowbit.channels`."""

    name = "lowbit.copy"

    x = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue, channels: ChannelsAttr | None = None) -> CopyOp:
        """Build the op; the result has the encoding that is given, or that of x."""
        assert isinstance(x.type, TensorType)
        result = x.type
        if channels is not None:
            result = TensorType(result.element_type, result.get_shape(), channels)
        return CopyOp.build_op([x], [result])

    def verify_(self) -> None:
        """Check that at most `#lowbit.channels` changes, and that lanes are not taken away."""
        static_shape(self.x.type, None, "x")
        x, result = self.x.type, self.result.type
        if x == result:
            return
        expect_type(without_channels(result), without_channels(x), "result")
        if channels_layout(x) is not None and channels_layout(result) is not None:
            raise VerifyException("only one of x and the result may be in #lowbit.channels")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        return operands[0]


@irdl_op_definition
class ZeroGapsOp(TensorOp):
    """A packed tensor whose frame and ragged tails are zero, and whose elements are not defined.

    The operation that follows writes all elements to the same memory.
    """

    name = "lowbit.zero_gaps"

    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(type_: TensorType) -> ZeroGapsOp:
        """Build the op."""
        return ZeroGapsOp.build_op([], [type_])

    def verify_(self) -> None:
        """Check that the type is packed."""
        static_shape(self.result.type, None, "result")
        if packed_layout(self.result.type) is None:
            raise VerifyException(f"only packed tensors have gaps, got {self.result.type}")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        shape = self.result.type.get_shape()
        return code_of(self.result.type, "result").decode(np.zeros(shape, np.int64))
