"""`lowbit-to-llvm`: functions on memrefs, after `convert-scf-to-cf`, in LLVM's dialect.

One walk, and a dictionary from the type of an operation to the function that converts it. Greedy
patterns would visit every operation several times for every conversion.

    func.func @f(%m: memref<4x8xi32>, %i: index) -> i32 {
      %c1 = arith.constant 1 : index
      %v = memref.load %m[%i, %c1] : memref<4x8xi32>
      func.return %v : i32
    }
->
    llvm.func @f(%m: !llvm.ptr {llvm.noalias, ...}, %i: i64) -> i32 {
      %8 = llvm.mlir.constant(8) : i64
      %1 = llvm.mlir.constant(1) : i64
      %row = llvm.mul %i, %8 overflow<nsw> : i64
      %at = llvm.add %row, %1 overflow<nsw> : i64
      %p = llvm.getelementptr inbounds %m[%at] : (!llvm.ptr, i64) -> !llvm.ptr, i32
      %v = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> i32
      llvm.return %v : i32
    }
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, llvm, memref
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from lowbit_dialect.extensions import note_shipped
from lowering.llvm import convert_arith, convert_control, convert_memory, convert_vector
from lowering.llvm.conversion import Conversion
from lowering.llvm.function_attributes import add_kernel_properties
from lowering.llvm.interface import interface_attributes
from lowering.support.diagnostics import fail
from lowering.targets import Target, get_target

HANDLERS: dict[type[Operation], Callable[..., None]] = {
    **convert_arith.HANDLERS,
    **convert_memory.HANDLERS,
    **convert_vector.HANDLERS,
    **convert_control.HANDLERS,
}
"""Every operation that has a conversion. Operations of `llvm` stay as they are."""
note_shipped(HANDLERS)

TARGET_ATTRIBUTE = "lowbit.target"
"""The module's attribute that says which target its LLVM operations are for."""


def check_lowered_for(module: ModuleOp, target: Target) -> None:
    """Refuse a module that was lowered for instructions which a target has not.

    Raises:
        ValueError: the target that the module was lowered for does not exist.
        OpFailedException: it is another one; LLVM ends the process where it meets an intrinsic of
            another machine.
    """
    recorded = module.attributes.get(TARGET_ATTRIBUTE)
    if not isinstance(recorded, StringAttr):
        return
    other = get_target(recorded.data)
    if other.arch != target.arch or not other.isa <= target.isa:
        fail(
            module,
            f"the module was lowered for {other.name}, not for {target.name}:"
            f" choose target {other.name}",
        )


@dataclass(frozen=True)
class LowbitToLLVMPass(ModulePass):
    """Convert every function and global of the module for `target`.

    Raises:
        ValueError: if there is no such target.
        OpFailedException: if an operation or a type has no conversion.
    """

    name = "lowbit-to-llvm"

    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Convert the module."""
        target = get_target(self.target)
        check_lowered_for(op, target)
        block = op.body.block
        for old in tuple(block.ops):
            if isinstance(old, func.FuncOp):
                new: Operation = convert_control.convert_function(old, target, HANDLERS)
                new.attributes |= interface_attributes(old)
            elif isinstance(old, memref.GlobalOp):
                new = convert_memory.convert_global(Conversion(target, old), old)
            elif isinstance(old, llvm.FuncOp | llvm.GlobalOp):
                new = old
            else:
                fail(old, "expected functions and globals at the top of a module")
            if isinstance(new, llvm.FuncOp) and new.body.blocks:
                add_kernel_properties(new)
            if new is not old:
                new.location = old.location
                block.insert_op_before(new, old)
                old.detach()
                old.erase(safe_erase=False)
        op.attributes[TARGET_ATTRIBUTE] = StringAttr(target.name)
        # For mlir-translate.
        op.attributes["llvm.target_triple"] = StringAttr(target.triple)
