"""The operations of level 1, by the reference functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseArrayBase
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    impl,
    register_impls,
)
from xdsl.ir import Attribute

from lowbit_dialect import reference
from lowbit_dialect.codes import Code
from lowbit_dialect.interpreters.values import PackedArray, from_values, to_values
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.copy import CopyOp, ZeroGapsOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowbit_dialect.packing import word_dtype


def _list(attr: Attribute) -> list:
    assert isinstance(attr, DenseArrayBase)
    return list(attr.get_values())


@register_impls
class LowbitFunctions(InterpreterFunctions):
    """Constants, layouts, contractions, elementwise ops, glue and pooling."""

    @impl(ConstantOp)
    def run_constant(
        self, interpreter: Interpreter, op: ConstantOp, args: PythonValues
    ) -> PythonValues:
        """The values, or the words where the type is packed."""
        type_ = op.result.type
        layout = packed_layout(type_)
        if layout is None:
            return (op.values,)
        shape = layout.physical_shape(type_.get_shape(), code_of(type_, "result").width)
        words = np.frombuffer(op.image_bytes, word_dtype(layout)).reshape(shape)
        return (PackedArray(words, type_),)

    @impl(BitpackOp)
    def run_bitpack(
        self, interpreter: Interpreter, op: BitpackOp, args: PythonValues
    ) -> PythonValues:
        """Values to words."""
        return (from_values(args[0], op.result.type),)

    @impl(UnpackOp)
    def run_unpack(
        self, interpreter: Interpreter, op: UnpackOp, args: PythonValues
    ) -> PythonValues:
        """Words to values."""
        return (to_values(args[0]),)

    @impl(CopyOp)
    def run_copy(self, interpreter: Interpreter, op: CopyOp, args: PythonValues) -> PythonValues:
        """The same values."""
        return (args[0],)

    @impl(ZeroGapsOp)
    def run_zero_gaps(
        self, interpreter: Interpreter, op: ZeroGapsOp, args: PythonValues
    ) -> PythonValues:
        """Zeros everywhere, where a code has the pattern of zeros or not."""
        type_ = op.result.type
        layout = packed_layout(type_)
        assert layout is not None
        shape = layout.physical_shape(type_.get_shape(), code_of(type_, "result").width)
        return (PackedArray(np.zeros(shape, word_dtype(layout)), type_),)

    @impl(Conv2DOp)
    def run_conv2d(
        self, interpreter: Interpreter, op: Conv2DOp, args: PythonValues
    ) -> PythonValues:
        """The i32 sums."""
        result = reference.conv2d(
            args[0],
            args[1],
            _list(op.strides),
            _list(op.padding),
            _list(op.dilation),
            op.groups.value.data,
            op.layout.data,
        )
        return (result,)

    @impl(MatmulOp)
    def run_matmul(
        self, interpreter: Interpreter, op: MatmulOp, args: PythonValues
    ) -> PythonValues:
        """The i32 sums."""
        return (reference.matmul(args[0], args[1]),)

    @impl(QuantizeOp)
    def run_quantize(
        self, interpreter: Interpreter, op: QuantizeOp, args: PythonValues
    ) -> PythonValues:
        """f32 to values."""
        code = code_of(op.result.type, "result")
        scale, axis = _list(op.scale), op.axis.value.data
        return (reference.quantize(args[0], code, scale, axis, op.round.data),)

    @impl(DequantizeOp)
    def run_dequantize(
        self, interpreter: Interpreter, op: DequantizeOp, args: PythonValues
    ) -> PythonValues:
        """Values or sums to f32."""
        return (reference.dequantize(args[0], _list(op.scale), op.axis.value.data),)

    @impl(AddOp)
    def run_add(self, interpreter: Interpreter, op: AddOp, args: PythonValues) -> PythonValues:
        """The sums, clipped to the range of the result's type."""
        element = op.result.type.element_type
        if isinstance(element, Code):
            return (reference.add(args[0], args[1], element),)
        return (reference.add(args[0], args[1]).astype(np.int32),)

    @impl(FusedGlueOp)
    def run_fused_glue(
        self, interpreter: Interpreter, op: FusedGlueOp, args: PythonValues
    ) -> PythonValues:
        """Accumulators to values."""
        return (self._glue(op, *args),)

    @staticmethod
    def _glue(op: FusedGlueOp, acc: NDArray, *parameters: NDArray) -> NDArray[np.int64]:
        code = code_of(op.result.type, "result")
        if op.form.data == "shift":
            offset, shift = parameters
            low, high = op.bounds
            return reference.fused_glue_shift(acc, offset, shift, code, op.channel_dim, low, high)
        thresholds, *flip = parameters
        return reference.fused_glue_threshold(
            acc, thresholds, code, flip[0] if flip else None, op.channel_dim
        )

    @impl(MaxPool2DOp)
    def run_max_pool2d(
        self, interpreter: Interpreter, op: MaxPool2DOp, args: PythonValues
    ) -> PythonValues:
        """The largest values, in the layout of the result."""
        largest = reference.max_pool2d(
            to_values(args[0]),
            _list(op.kernel),
            _list(op.strides),
            _list(op.padding),
            op.layout.data,
        )
        return (from_values(largest, op.result.type),)
