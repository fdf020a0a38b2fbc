"""What `lowbit-opt -t` can write besides IR: the LLVM IR or the assembly of a module.

lowbit-opt kernel.mlir -p '...,lowbit-to-llvm{target=znver5}' -t lowbit-asm

The target is the one that the module was lowered for, unless another is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.utils.target import Target

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.lowbit_to_llvm import TARGET_ATTRIBUTE, check_lowered_for
from lowering.llvm.object import compile_assembly
from lowering.targets import Target as Machine
from lowering.targets import get_target


def _machine(module: ModuleOp, name: str | None) -> Machine:
    """The target `name`, if the instructions that the module was lowered to are among its own.

    Without a name it is the target that the module was lowered for, or the host where the module
    does not say.
    """
    lowered = module.attributes.get(TARGET_ATTRIBUTE)
    recorded = lowered.data if isinstance(lowered, StringAttr) else None
    machine = get_target(name or recorded or "host")
    check_lowered_for(module, machine)
    return machine


@dataclass(frozen=True)
class LLVMIRTarget(Target):
    """The LLVM IR as it goes into LLVM's passes."""

    name = "lowbit-llvm-ir"

    target: str | None = None

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        """Write it.

        Raises:
            ValueError: if there is no such target.
            DiagnosticException: if the module is not in LLVM's dialect.
        """
        print(module_to_llvm_ir(module, _machine(module, self.target)), file=output)


@dataclass(frozen=True)
class AssemblyTarget(Target):
    """The assembly of the object that would be loaded."""

    name = "lowbit-asm"

    target: str | None = None
    opt: int = 2

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        """Write it.

        Raises:
            ValueError: if there is no such target.
            DiagnosticException: if the module is not in LLVM's dialect.
            CompileError: if LLVM does not accept it.
        """
        target = _machine(module, self.target)
        ir = module_to_llvm_ir(module, target)
        print(compile_assembly(ir, target, self.opt), file=output)
