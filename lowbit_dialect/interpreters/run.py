"""Interpret a function of a module."""

from __future__ import annotations

from numpy.typing import ArrayLike
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.interpreter import Interpreter
from xdsl.interpreters.func import FuncFunctions
from xdsl.traits import SymbolTable
from xdsl.utils.exceptions import InterpretationError

from lowbit_dialect.dominance import verify_dominance
from lowbit_dialect.interpreters.arith import TensorArithFunctions
from lowbit_dialect.interpreters.kernels import KernelFunctions
from lowbit_dialect.interpreters.lowbit import LowbitFunctions
from lowbit_dialect.interpreters.values import PackedArray, Value, from_values


def lowbit_interpreter(module: ModuleOp) -> Interpreter:
    """xDSL's interpreter with the functions for func, arith and lowbit operations."""
    interpreter = Interpreter(module)
    for functions in (FuncFunctions, TensorArithFunctions, LowbitFunctions, KernelFunctions):
        interpreter.register_implementations(functions())
    return interpreter


def interpret(module: ModuleOp, name: str, *args: ArrayLike | PackedArray) -> tuple[Value, ...]:
    """Call function `name` of a module of level 1 or 2, whose operations verify.

    Args:
        module: the module.
        name: symbol of the function, whose arguments and results are tensors.
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
    types = function.function_type.inputs.data
    if len(types) != len(args):
        raise InterpretationError(f"@{name} takes {len(types)} arguments, got {len(args)}")
    values = tuple(
        from_values(arg, type_, f"argument {i} of @{name}")
        for i, (arg, type_) in enumerate(zip(args, types, strict=True))
    )
    return lowbit_interpreter(module).call_op(function, values)
