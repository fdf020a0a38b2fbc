"""Changes of a module in memory: of types that agree, so that most of them verify."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import IsTerminator

INTEGERS = (0, 1, 2, 3, 4, 6, 7, 8, 9, 12, 15, 16, 31, 32, 33, 63, 64, 65, 127, 255, 4096, -1, -2)


def _inner(module: ModuleOp) -> list[Operation]:
    """The operations inside of functions."""
    return [op for op in module.walk() if op.parent_op() is not module and op is not module]


def _values_before(op: Operation) -> list[SSAValue]:
    """Values that dominate an operation, of its block and the blocks around it."""
    found: list[SSAValue] = []
    around: Operation | None = op
    while around is not None and isinstance(around.parent, Block):
        found += around.parent.args
        for other in around.parent.ops:
            if other is around:
                break
            found += other.results
        around = around.parent_op()
    return found


def _replace_operand(module: ModuleOp, rng: Random) -> None:
    """An operand by another value of its type."""
    found = [op for op in _inner(module) if op.operands]
    if not found:
        return
    op = rng.choice(found)
    index = rng.randrange(len(op.operands))
    same = [v for v in _values_before(op) if v.type == op.operands[index].type]
    if same:
        op.operands[index] = rng.choice(same)


def _swap_operands(module: ModuleOp, rng: Random) -> None:
    found = [op for op in _inner(module) if len(op.operands) > 1]
    if found:
        op = rng.choice(found)
        i, j = rng.sample(range(len(op.operands)), 2)
        op.operands[i], op.operands[j] = op.operands[j], op.operands[i]


def _duplicate(module: ModuleOp, rng: Random) -> None:
    """An operation twice; what used the first uses the second."""
    found = [op for op in _inner(module) if not op.has_trait(IsTerminator) and op.parent]
    if not found:
        return
    op = rng.choice(found)
    copy = op.clone()
    assert op.parent is not None
    op.parent.insert_op_after(copy, op)
    for old, new in zip(op.results, copy.results, strict=True):
        if rng.random() < 0.7:
            old.replace_uses_with_if(new, lambda use: use.operation is not copy)


def _bypass(module: ModuleOp, rng: Random) -> None:
    """An operation less; another value of its type stands for its result."""
    found = [op for op in _inner(module) if not op.has_trait(IsTerminator) and op.parent]
    if not found:
        return
    op = rng.choice(found)
    for result in op.results:
        same = [v for v in _values_before(op) if v.type == result.type]
        if not same:
            return
        result.replace_all_uses_with(rng.choice(same))
    op.detach()
    op.erase()


def _change_attribute(module: ModuleOp, rng: Random) -> None:
    """An integer of an attribute or a property, which may be in a list."""
    places = [
        (holder, name)
        for op in _inner(module)
        for holder in (op.properties, op.attributes)
        for name, value in holder.items()
        if isinstance(value, IntegerAttr | DenseArrayBase) and "Segment" not in name
    ]
    if not places:
        return
    holder, name = rng.choice(places)
    value = holder[name]
    if isinstance(value, IntegerAttr):
        width = value.type.width.data if isinstance(value.type, IntegerType) else 64
        new = rng.choice((*INTEGERS, 2 ** (width - 1) - 1, -(2 ** (width - 1))))
        if -(2 ** (width - 1)) <= new < 2**width:
            holder[name] = IntegerAttr(new, value.type)
    elif isinstance(value, DenseArrayBase) and isinstance(value.elt_type, IntegerType):
        numbers = list(value.iter_values())
        if numbers:
            numbers[rng.randrange(len(numbers))] = rng.choice(INTEGERS)
            holder[name] = DenseArrayBase.from_list(value.elt_type, numbers)  # pyright: ignore


STRUCTURAL: dict[str, Callable[[ModuleOp, Random], None]] = {
    "value": _replace_operand,
    "values": _swap_operands,
    "twice": _duplicate,
    "bypass": _bypass,
    "attribute": _change_attribute,
}
"""By name; every change is as likely as another."""
