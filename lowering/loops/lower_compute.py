"""`lowbit-lower-compute`: what `lowbit.compute` holds becomes loops; the base of a pass a family.

lowbit.compute ins(%x : ..) outs(%y : ..) from %low to %high {
^bb0(%a: ..):
  %r = toy.relu %a : ..
  lowbit.yield %r
}
->
scf.for %row = %low to %high step %c1 { .. }

The pass itself lowers what no pass of a family has: operations of other packages, by what they have
registered (`lowerings`). Where nothing lowers an operation, it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from lowbit_dialect.ops.compute import ComputeOp
from lowering.loops.lowerings import HOW_TO_ADD, Lowering, lowering_of
from lowering.loops.stage import Stage
from lowering.support.diagnostics import fail
from lowering.support.globals import Globals
from lowering.targets import get_target


@dataclass(frozen=True)
class LowerComputePass(ModulePass):
    """Lower what is left, by registered lowerings."""

    name = "lowbit-lower-compute"
    kinds: ClassVar[tuple[type[Operation], ...]] = (Operation,)
    """The operations that the pass lowers."""

    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every `lowbit.compute` of the family by its loops."""
        target, globals_ = get_target(self.target), Globals(op)
        for function in list(op.body.block.ops):
            if not isinstance(function, FuncOp):
                continue
            found = [inner for inner in function.walk() if isinstance(inner, ComputeOp)]
            chosen = [inner for inner in found if isinstance(inner.operation, self.kinds)]
            for compute in chosen:
                stage = Stage.of(compute, target, globals_.under(function.sym_name.data))
                loops = _lowering(compute.operation)(compute.operation, target)
                loops.write(stage, compute.low, compute.high)
                compute.detach()
                compute.erase()


def _lowering(op: Operation) -> Lowering:
    lowering = lowering_of(op)
    if lowering is None:
        fail(op, f"nothing lowers it from the level of stages to loops; {HOW_TO_ADD}")
    return lowering
