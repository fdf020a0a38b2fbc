"""Functions of `func` and of LLVM's dialect alike: names, visibility, calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from xdsl.dialects import func, llvm
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from lowbit_dialect.ops.compute import LaunchOp

Function: TypeAlias = func.FuncOp | llvm.FuncOp

_LOCAL = ("internal", "private")


def functions_of(module: ModuleOp) -> dict[str, Function]:
    """The functions of a module by name."""
    return {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, Function)}


def is_public(function: Function) -> bool:
    """Whether other modules may call a function, which is defined here."""
    if not function.body.blocks:
        return False
    if isinstance(function, llvm.FuncOp):
        return function.linkage.linkage.data not in _LOCAL
    return function.sym_visibility is None or function.sym_visibility.data == "public"


def callees(function: Operation) -> Iterator[str]:
    """The names of the functions that an operation calls or launches, in order."""
    for op in function.walk():
        name = callee(op)
        if name is not None:
            yield name


def callee(op: Operation) -> str | None:
    """The name of the function that an operation calls or launches, if it is one that does."""
    if not isinstance(op, LaunchOp | func.CallOp | llvm.CallOp) or op.callee is None:
        return None
    return op.callee.root_reference.data
