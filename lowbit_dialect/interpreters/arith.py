"""`arith.constant` of dense tensors, beside the scalars that xDSL's own functions know."""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, i1
from xdsl.interpreter import Interpreter, PythonValues, impl, register_impls
from xdsl.interpreters.arith import ArithFunctions

from lowbit_dialect.interpreters.values import element_dtype


@register_impls
class TensorArithFunctions(ArithFunctions):
    """xDSL's arith functions, and dense constants as numpy arrays."""

    @impl(arith.ConstantOp)
    def run_constant(
        self, interpreter: Interpreter, op: arith.ConstantOp, args: PythonValues
    ) -> PythonValues:
        """A numpy array for a dense constant, otherwise a Python number."""
        value = op.value
        if isinstance(value, DenseIntOrFPElementsAttr):
            numbers = np.array(value.get_values())
            if value.get_element_type() == i1:
                numbers = numbers & 1  # the byte of an i1 may be any
            array = numbers.reshape(value.get_shape()).astype(
                element_dtype(value.get_element_type())
            )
            return (array,)
        interpreter.interpreter_assert(
            hasattr(value, "value"), f"arith.constant of {type(value).__name__} is not known"
        )
        return super().run_constant(interpreter, op, args).values
