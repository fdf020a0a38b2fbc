"""The level of stages: memory is a numpy array, which stages change in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, MemRefType, TensorType
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    impl,
    register_impls,
)
from xdsl.traits import SymbolTable

from lowbit_dialect.interpreters.memory import bytes_as, from_memory, new_memory, to_memory
from lowbit_dialect.interpreters.values import element_dtype
from lowbit_dialect.ops.compute import ComputeOp, LaunchOp, ViewAsOp


def _memref(type_: Any) -> MemRefType:
    assert isinstance(type_, MemRefType)
    return type_


@register_impls
class StageFunctions(InterpreterFunctions):
    """Stages, their launches, and the memory that they work on."""

    @impl(ComputeOp)
    def run_compute(
        self, interpreter: Interpreter, op: ComputeOp, args: PythonValues
    ) -> PythonValues:
        """Read the tensors, run the operation, write its result.

        All of the result is written for any part of it: no other part has another value.
        """
        ins, outs = args[: len(op.ins)], args[len(op.ins) : -2]
        low, high = args[-2:]
        if low >= high:
            return ()
        values = tuple(
            from_memory(memory, argument.type)  # pyright: ignore
            for memory, argument in zip(ins, op.block.args, strict=True)
        )
        results = interpreter.run_ssacfg_region(op.body, values, op.name)
        for memory, value, tensor in zip(outs, results, op.results_of_body, strict=True):
            assert isinstance(tensor.type, TensorType)
            memory[...] = to_memory(value, tensor.type)
        return ()

    @impl(LaunchOp)
    def run_launch(
        self, interpreter: Interpreter, op: LaunchOp, args: PythonValues
    ) -> PythonValues:
        """Call the stage with all of its parts."""
        return interpreter.call_op(op.function_name, (*args, 0, op.parts))

    @impl(memref.AllocOp)
    def run_alloc(
        self, interpreter: Interpreter, op: memref.AllocOp, args: PythonValues
    ) -> PythonValues:
        """Memory that holds anything, except that gaps are zero."""
        return (new_memory(_memref(op.memref.type)),)

    @impl(memref.GetGlobalOp)
    def run_get_global(
        self, interpreter: Interpreter, op: memref.GetGlobalOp, args: PythonValues
    ) -> PythonValues:
        """The constant."""
        found = SymbolTable.lookup_symbol(op, op.name_)
        assert isinstance(found, memref.GlobalOp)
        value, type_ = found.initial_value, _memref(op.memref.type)
        assert isinstance(value, DenseIntOrFPElementsAttr)
        flat = np.frombuffer(value.data.data, element_dtype(type_.element_type))
        return (flat.reshape(type_.get_shape()),)

    @impl(memref.ViewOp)
    def run_view(
        self, interpreter: Interpreter, op: memref.ViewOp, args: PythonValues
    ) -> PythonValues:
        """Part of the workspace."""
        memory, offset = args[0], args[1]
        if isinstance(offset, IntegerAttr):  # as xDSL 0.75 holds scalars; 0.74 has Python's
            offset = offset.value.data
        return (bytes_as(memory, offset, _memref(op.results[0].type)),)

    @impl(ViewAsOp)
    def run_view_as(
        self, interpreter: Interpreter, op: ViewAsOp, args: PythonValues
    ) -> PythonValues:
        """The same bytes."""
        return (bytes_as(args[0], 0, _memref(op.result.type)),)
