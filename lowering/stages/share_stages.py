"""`lowbit-share-stages`: stages of equal loops become one function; what differs is an argument.

func.func private @main_0_dot_conv(%x: memref<..>, %y: memref<..>, %low: index, %high: index) {
  %t = memref.get_global @main_constant_0 : memref<3x64xi32>
  ..
}
func.func private @main_1_dot_conv(..)      the same, with @main_constant_1
func.func @main(..) {
  lowbit.launch @main_0_dot_conv(%a, %b : ..) extent 56
  lowbit.launch @main_1_dot_conv(%b, %c : ..) extent 56
->
func.func private @main_0_dot_conv(%x, %y, %t: memref<3x64xi32>, %low: index, %high: index) { .. }
func.func @main(..) {
  %t0 = memref.get_global @main_constant_0 : memref<3x64xi32>
  lowbit.launch @main_0_dot_conv(%a, %b, %t0 : ..) extent 56
  %t1 = memref.get_global @main_constant_1 : memref<3x64xi32>
  lowbit.launch @main_0_dot_conv(%b, %c, %t1 : ..) extent 56

It runs twice. Above the loops, stages of equal operations with equal constants become one, which is
lowered once. Thresholds decide in how many bits a kernel compares, so that kernels of one plan may
have different code: those whose constants differ are compared again when they are loops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import FunctionType, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from lowbit_dialect.ops.compute import ComputeOp, LaunchOp
from lowering.stages.interface import block_of
from lowering.support.globals import Globals

STAGE = "lowbit.stage"
"""Attribute of the launch of a shared stage: the name that it had alone."""

SUFFIX = "_shared"
"""Ends the names of functions that several stages share."""

MIN_OPERATIONS = 24
"""Operations of the loops of a stage from which on a call is less code than a copy."""


def hoist_constants(function: func.FuncOp, launch: LaunchOp) -> LaunchOp:
    """Make arguments of the constants of a stage that is launched once."""
    block = block_of(function)
    count, made = len(block.args) - 2, dict[str, memref.GetGlobalOp]()
    for op in [op for op in function.walk() if isinstance(op, memref.GetGlobalOp)]:
        name = op.name_.root_reference.data
        if name not in made:
            made[name] = memref.GetGlobalOp(name, op.memref.type)
            made[name].location = op.location
            block.insert_arg(op.memref.type, count + len(made) - 1)
        op.memref.replace_all_uses_with(block.args[count + list(made).index(name)])
        op.detach()
        op.erase()
    if not made:
        return launch
    function.function_type = FunctionType.from_lists([a.type for a in block.args], [])
    tables = [get.memref for get in made.values()]
    new = LaunchOp(launch.callee, [*launch.memory, *tables], launch.parts)
    new.location = launch.location
    Rewriter.replace_op(launch, [*made.values(), new], [])
    return new


def _launches(module: ModuleOp) -> Iterator[LaunchOp]:
    for function in module.body.block.ops:
        if isinstance(function, func.FuncOp):
            yield from (op for op in function.walk() if isinstance(op, LaunchOp))


def _shape(function: func.FuncOp) -> tuple[object, ...]:
    """What functions of equal loops have in common and `is_structurally_equivalent` leaves out.

    It compares names, attributes and operands of operations, but not the types of their results.
    """
    results = tuple((op.name, *op.result_types) for op in function.body.walk())
    return function.function_type, results


def share_stages(module: ModuleOp) -> None:
    """Let stages of equal loops be one function."""
    names = Globals(module)
    functions = {
        op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)
    }
    alike: dict[object, list[LaunchOp]] = {}
    found = list(_launches(module))
    times = Counter(launch.function_name for launch in found)
    for launch in found:
        if times[launch.function_name] > 1:
            continue  # shared already
        function = functions[launch.function_name]
        operations = _names(function)
        if len(operations) >= MIN_OPERATIONS or _is_compute(function):
            alike.setdefault((operations, launch.operand_types), []).append(launch)
    for launches in alike.values():
        if len(launches) < 2:
            continue
        kept: list[tuple[func.FuncOp, LaunchOp, tuple[object, ...]]] = []
        for launch in launches:
            function = functions[launch.function_name]
            new = hoist_constants(function, launch)
            shape = _shape(function)
            new.attributes[STAGE] = function.sym_name
            for other, first, other_shape in kept:
                if shape == other_shape and function.body.is_structurally_equivalent(other.body):
                    if not other.sym_name.data.endswith(SUFFIX):
                        _rename(other, first, names)
                    new.properties["callee"] = SymbolRefAttr(other.sym_name)
                    function.detach()
                    function.erase()
                    break
            else:
                kept.append((function, new, shape))


def _is_compute(function: func.FuncOp) -> bool:
    """Whether a stage has no loops yet."""
    return any(isinstance(op, ComputeOp) for op in block_of(function).ops)


def _rename(function: func.FuncOp, launch: LaunchOp, names: Globals) -> None:
    """Give a function that is shared from now on a name that no stage has."""
    name = names.fresh(f"{function.sym_name.data}{SUFFIX}")
    function.properties["sym_name"] = StringAttr(name)
    launch.properties["callee"] = SymbolRefAttr(name)


def _names(function: func.FuncOp) -> tuple[str, ...]:
    """The operations but for those that constants are gotten with."""
    return tuple(op.name for op in function.body.walk() if not isinstance(op, memref.GetGlobalOp))


@dataclass(frozen=True)
class ShareStagesPass(ModulePass):
    """Let stages of equal loops be one function, and their constants its arguments."""

    name = "lowbit-share-stages"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Share the stages of all functions."""
        share_stages(op)
