"""Modules of one operation, run by the interpreter."""

from collections.abc import Callable, Sequence

from numpy.typing import NDArray
from xdsl.builder import ImplicitBuilder
from xdsl.dialects.builtin import (
    ModuleOp,
    TensorType,
    i32,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect.interpreters import (
    PackedArray,
    interpret,
    to_values,
)


def module_of(
    types: Sequence[Attribute], build: Callable[..., Sequence[SSAValue] | SSAValue]
) -> ModuleOp:
    """A verified module of one function @f, whose body and results `build(*arguments)` makes."""
    function = FuncOp("f", (list(types), []))
    with ImplicitBuilder(function.body) as arguments:
        results = build(*arguments)
        ReturnOp(*([results] if isinstance(results, SSAValue) else results))
    function.update_function_type()
    module = ModuleOp([function])
    module.verify()
    return module


def run(module: ModuleOp, *args: NDArray | PackedArray | Sequence) -> NDArray:
    """The only result of @f, as numbers."""
    (result,) = interpret(module, "f", *args)
    return to_values(result)


SMALL = TensorType(i32, [2, 3])
