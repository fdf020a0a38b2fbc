"""The operations of level 1, by what each says that it computes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from typing_extensions import override
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    impl,
    register_impls,
)
from xdsl.ir import Operation

from lowbit_dialect.interpreters.values import from_values, to_values
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import word_dtype
from lowbit_dialect.lowbit import Lowbit
from lowbit_dialect.ops.base import TensorOp, code_of
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp


@register_impls
class LowbitFunctions(InterpreterFunctions):
    """Constants, layouts, and every operation that can evaluate itself."""

    @classmethod
    @override
    def _impls(cls) -> Iterable[tuple[type[Operation], Any]]:
        yield from super()._impls()
        for op in Lowbit.operations:
            if issubclass(op, TensorOp):
                yield op, impl(op)(cls._evaluate)

    def _evaluate(self, interpreter: Interpreter, op: TensorOp, args: PythonValues) -> PythonValues:
        """The elements of the result, in its layout."""
        result = op.evaluate(*(to_values(arg) for arg in args))
        return (from_values(result, op.results[0].type),)

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
