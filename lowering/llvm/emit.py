"""From LLVM's dialect to the text of LLVM IR, verified first."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from lowering.llvm.emit_module import emit_module
from lowering.llvm.verify import verify_llvm_module
from lowering.targets import Target


def module_to_llvm_ir(module: ModuleOp, target: Target) -> str:
    """The text of LLVM IR for a module of LLVM functions and globals.

    Raises:
        OpFailedException: LLVM would refuse something in the module, or end the process over it.
    """
    verify_llvm_module(module, target)
    return emit_module(module, target)
