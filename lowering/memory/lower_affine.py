"""`lowbit-lower-affine`: operations of the affine dialect become loops, branches and arithmetic.

affine.for %i = 0 to 8 step 2 {
  %a = affine.load %x[%i + 1] : memref<9xf32>
  affine.store %a, %y[%i floordiv 2] : memref<4xf32>
}
->
scf.for %i = %c0 to %c8 step %c2 {
  %j = arith.addi %i, %c1 : index
  %a = memref.load %x[%j] : memref<9xf32>
  %k = ..
  memref.store %a, %y[%k] : memref<4xf32>
}

xDSL's `lower-affine` ignores the operands of bounds, and divides negative numbers towards zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from xdsl.context import Context
from xdsl.dialects import affine, arith, memref, scf, vector
from xdsl.dialects.builtin import IndexType, ModuleOp, i1
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineConstraintKind
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from lowbit_dialect.extensions import note_shipped
from lowering.memory.affine_maps import AffineArithmetic
from lowering.support.diagnostics import fail

_RELATIONS = {
    AffineConstraintKind.ge: "sge",
    AffineConstraintKind.le: "sle",
    AffineConstraintKind.eq: "eq",
}


def _replace(op: Operation, new: Operation) -> None:
    new.location = op.location
    for old, result in zip(op.results, new.results, strict=True):
        result.name_hint = old.name_hint
    Rewriter.replace_op(op, new)


def _indices(op: Any) -> list[SSAValue]:
    arithmetic = AffineArithmetic(op)
    return [arithmetic.emit.value(v) for v in arithmetic.values(op.map.data, op.indices)]


def _load(op: affine.LoadOp) -> None:
    _replace(op, memref.LoadOp.get(op.memref, _indices(op)))


def _store(op: affine.StoreOp) -> None:
    _replace(op, memref.StoreOp.get(op.value, op.memref, _indices(op)))


def _vector_load(op: affine.VectorLoadOp) -> None:
    _replace(op, vector.LoadOp(op.memref, _indices(op), op.result.type))


def _vector_store(op: affine.VectorStoreOp) -> None:
    _replace(op, vector.StoreOp(op.value, op.memref, _indices(op)))


def _apply(op: affine.ApplyOp) -> None:
    arithmetic = AffineArithmetic(op)
    (value,) = arithmetic.values(op.map.data, op.mapOperands)
    Rewriter.replace_op(op, [], [arithmetic.emit.value(value)])


def _min(op: affine.MinOp) -> None:
    arithmetic = AffineArithmetic(op)
    value = arithmetic.smallest(arithmetic.values(op.map.data, op.arguments))
    Rewriter.replace_op(op, [], [arithmetic.emit.value(value)])


def _yield(op: affine.YieldOp) -> None:
    _replace(op, scf.YieldOp(*op.arguments))


def _for(op: affine.ForOp) -> None:
    arithmetic = AffineArithmetic(op)
    emit = arithmetic.emit
    low = arithmetic.largest(arithmetic.values(op.lowerBoundMap.data, op.lowerBoundOperands))
    high = arithmetic.smallest(arithmetic.values(op.upperBoundMap.data, op.upperBoundOperands))
    if op.step.value.data < 1:
        fail(op, f"its step must be positive, got {op.step.value.data}")
    first, end, step = (emit.value(number) for number in (low, high, op.step.value.data))
    _replace(op, scf.ForOp(first, end, step, op.inits, op.detach_region(op.body)))


def _if(op: affine.IfOp) -> None:
    arithmetic, set_ = AffineArithmetic(op), op.condition.data
    emit, (dims, symbols) = arithmetic.emit, (op.args[: set_.num_dims], op.args[set_.num_dims :])
    if len(op.args) != set_.num_dims + set_.num_symbols:
        fail(op, f"its set takes {set_.num_dims + set_.num_symbols} values, got {len(op.args)}")
    holds: list[SSAValue] = []
    for constraint in set_.constraints:
        left, right = (
            emit.value(arithmetic.value(expr, dims, symbols))
            for expr in (constraint.lhs, constraint.rhs)
        )
        holds.append(emit.op(arith.CmpiOp(left, right, _RELATIONS[constraint.kind])))
    both = reduce(lambda a, b: emit.op(arith.AndIOp(a, b)), holds, emit.constant(1, i1))
    then, otherwise = (op.detach_region(region) for region in (op.then_region, op.else_region))
    _replace(op, scf.IfOp(both, op.result_types, then, otherwise))


def _parallel(op: affine.ParallelOp) -> None:
    """One loop in another, in order."""
    if op.results:
        fail(op, "reductions have no loops: sum into memory, or into values of affine.for")
    arithmetic = AffineArithmetic(op)
    emit = arithmetic.emit
    lower, upper = op.lowerBoundsMap.data, op.upperBoundsMap.data
    count = lower.num_dims + lower.num_symbols
    lows = arithmetic.values(lower, op.map_operands[:count])
    highs = arithmetic.values(upper, op.map_operands[count:])
    bounds: list[tuple[SSAValue, SSAValue, SSAValue]] = []
    groups = zip(op.lowerBoundsGroups.get_values(), op.upperBoundsGroups.get_values(), strict=True)
    for (low_count, high_count), step in zip(groups, op.steps, strict=True):
        if step.value.data < 1:
            fail(op, f"its steps must be positive, got {step.value.data}")
        low = arithmetic.largest([lows.pop(0) for _ in range(int(low_count))])
        high = arithmetic.smallest([highs.pop(0) for _ in range(int(high_count))])
        bounds.append((emit.value(low), emit.value(high), emit.value(step.value.data)))
    body = op.detach_region(op.body)
    block = body.block
    if len(block.args) != len(bounds) or not bounds:
        fail(op, f"it has {len(bounds)} bounds for {len(block.args)} indices")
    variables: list[SSAValue] = []
    outer: scf.ForOp | None = None
    for bound in bounds[:-1]:
        loop = scf.ForOp(*bound, [], Region(Block(arg_types=[IndexType()])))
        loop.location = op.location
        variables.append(loop.body.block.args[0])
        _nest(op, outer, loop)
        outer = loop
    for variable in variables:
        block.args[0].replace_all_uses_with(variable)
        block.erase_arg(block.args[0])
    inner = scf.ForOp(*bounds[-1], [], body)
    inner.location = op.location
    _nest(op, outer, inner)
    op.detach()
    op.erase()


def _nest(op: Operation, outer: scf.ForOp | None, loop: scf.ForOp) -> None:
    """Put a loop into another, or before an operation."""
    if outer is None:
        assert op.parent is not None
        op.parent.insert_op_before(loop, op)
        return
    end = scf.YieldOp()
    end.location = op.location
    outer.body.block.add_ops([loop, end])


HANDLERS: dict[type[Operation], Callable[[Any], None]] = {
    affine.ApplyOp: _apply,
    affine.ForOp: _for,
    affine.IfOp: _if,
    affine.LoadOp: _load,
    affine.MinOp: _min,
    affine.ParallelOp: _parallel,
    affine.StoreOp: _store,
    affine.VectorLoadOp: _vector_load,
    affine.VectorStoreOp: _vector_store,
    affine.YieldOp: _yield,
}
note_shipped(HANDLERS)


@dataclass(frozen=True)
class LowerAffinePass(ModulePass):
    """Lower all operations of the affine dialect."""

    name = "lowbit-lower-affine"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Lower each, what is inside of it later."""
        for inner in [inner for inner in op.walk() if type(inner) in HANDLERS]:
            HANDLERS[type(inner)](inner)
