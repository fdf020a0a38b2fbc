"""The symbols of a module, and their names."""

from __future__ import annotations

from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp

from lowering.support.diagnostics import fail
from lowering.support.symbol_names import why_not_name

Symbol = llvm.FuncOp | llvm.GlobalOp


def verify_symbols(module: ModuleOp) -> dict[str, Symbol]:
    """The functions and globals of a module by name.

    Raises:
        OpFailedException: something else stands at the top of the module, or a name is impossible
            or taken.
    """
    symbols: dict[str, Symbol] = {}
    for op in module.body.block.ops:
        if not isinstance(op, Symbol):
            fail(op, "expected functions and globals of LLVM after lowbit-to-llvm")
        name = op.sym_name.data
        reason = why_not_name(name)
        if reason is not None:
            fail(op, f"it cannot have this name: {reason}")
        if symbols.setdefault(name, op) is not op:
            fail(op, f"the module has another @{name}")
    return symbols
