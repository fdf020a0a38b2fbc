"""What `lowbit-opt -t` can write besides IR: the LLVM IR or the assembly of a module.

lowbit-opt kernel.mlir -p '...,lowbit-to-llvm{target=znver5}' -t 'lowbit-asm{target=znver5}'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.target import Target

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly
from lowering.targets import get_target


@dataclass(frozen=True)
class LLVMIRTarget(Target):
    """The LLVM IR as it goes into LLVM's passes."""

    name = "lowbit-llvm-ir"

    target: str = "host"

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        """Write it.

        Raises:
            ValueError: if there is no such target.
            DiagnosticException: if the module is not in LLVM's dialect.
        """
        print(module_to_llvm_ir(module, get_target(self.target)), file=output)


@dataclass(frozen=True)
class AssemblyTarget(Target):
    """The assembly of the object that would be loaded."""

    name = "lowbit-asm"

    target: str = "host"
    opt: int = 2

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        """Write it.

        Raises:
            ValueError: if there is no such target.
            DiagnosticException: if the module is not in LLVM's dialect.
            CompileError: if LLVM does not accept it.
        """
        target = get_target(self.target)
        ir = module_to_llvm_ir(module, target)
        print(compile_assembly(ir, target, self.opt), file=output)
