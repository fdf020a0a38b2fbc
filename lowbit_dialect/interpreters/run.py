"""Interpret a function of a module."""

from __future__ import annotations

from numpy.typing import ArrayLike
from xdsl.dialects.builtin import ArrayAttr, MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.interpreter import Interpreter
from xdsl.interpreters.func import FuncFunctions
from xdsl.traits import SymbolTable
from xdsl.utils.exceptions import InterpretationError

from lowbit_dialect.dominance import verify_dominance
from lowbit_dialect.interpreters.arith import TensorArithFunctions
from lowbit_dialect.interpreters.kernels import KernelFunctions
from lowbit_dialect.interpreters.lowbit import LowbitFunctions
from lowbit_dialect.interpreters.memory import from_memory, new_memory, to_memory
from lowbit_dialect.interpreters.stages import StageFunctions
from lowbit_dialect.interpreters.values import Value, from_values
from lowbit_dialect.layouts.packed_array import PackedArray


def lowbit_interpreter(module: ModuleOp) -> Interpreter:
    """xDSL's interpreter with the functions for func, arith and lowbit operations."""
    interpreter = Interpreter(module)
    for functions in (
        FuncFunctions,
        TensorArithFunctions,
        LowbitFunctions,
        KernelFunctions,
        StageFunctions,
    ):
        interpreter.register_implementations(functions())
    return interpreter


def interpret(module: ModuleOp, name: str, *args: ArrayLike | PackedArray) -> tuple[Value, ...]:
    """Call function `name` of a module at tensors, kernels or stages, whose operations verify.

    Args:
        module: the module.
        name: symbol of the function, whose arguments and results are tensors, or were until it was
            bufferized.
        args: numbers of the arguments' logical shapes: integer *values* for codes, packed here
            where the type is packed; a `PackedArray` is taken as it is.

    Returns:
        The results: int64 values of unpacked codes, `PackedArray` of packed ones, arrays of the
        numpy dtype otherwise.

    Raises:
        InterpretationError: no such function, or an argument does not fit its type.
        VerifyException: an operand of the module does not dominate its use.
        ValueError: an operation got numbers that it does not take; a note shows the operation.
    """
    verify_dominance(module)
    function = SymbolTable.lookup_symbol(module, name)
    if not isinstance(function, FuncOp):
        raise InterpretationError(f"the module has no function @{name}")
    inputs = function.attributes.get("lowbit.inputs")
    types = inputs.data if isinstance(inputs, ArrayAttr) else function.function_type.inputs.data
    if len(types) != len(args):
        raise InterpretationError(f"@{name} takes {len(types)} arguments, got {len(args)}")
    values = tuple(
        from_values(arg, type_, f"argument {i} of @{name}")
        for i, (arg, type_) in enumerate(zip(args, types, strict=True))
    )
    if inputs is None:
        return lowbit_interpreter(module).call_op(function, values)
    return _run_stages(module, function, values)


def _run_stages(module: ModuleOp, function: FuncOp, values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Call a function that launches stages: on memory with its arguments, and for its results."""
    inputs, outputs = (function.attributes[f"lowbit.{name}"] for name in ("inputs", "outputs"))
    assert isinstance(inputs, ArrayAttr)
    assert isinstance(outputs, ArrayAttr)
    given = [to_memory(v, t) for v, t in zip(values, inputs.data, strict=True)]  # pyright: ignore
    others = [
        new_memory(type_)
        for type_ in function.function_type.inputs.data[len(given) :]
        if isinstance(type_, MemRefType)
    ]
    lowbit_interpreter(module).call_op(function, (*given, *others))
    results = zip(others, outputs.data, strict=False)
    return tuple(from_memory(memory, type_) for memory, type_ in results)  # pyright: ignore
