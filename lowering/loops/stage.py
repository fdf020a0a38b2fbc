"""What the loops of one stage are written with: a builder, and the memory of its operands.

    lowbit.compute ins(%x : memref<4x8xi8>) outs(%y : memref<4x8xi8>) from %low to %high {
    ^bb0(%a: tensor<4x8x!lowbit.unipolar<2>>):
      %r = toy.op %a ..
    }

A `Lowering` answers for `toy.op` with its `StageLoops`: how many independent parts there are, and a
function that writes the loops over the parts low .. high. `Stage.tensor` gives the memory of `%a`
and of the result.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IndexType,
    IntegerType,
    MemRefType,
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue

from lowbit_dialect.layouts.packed import storage_type
from lowbit_dialect.ops.compute import ComputeOp, ViewAsOp
from lowbit_dialect.ops.pack import ConstantOp
from lowering.loops.emit import Emit, Index
from lowering.support.globals import Globals
from lowering.targets import Target

MAX_POSITIONS = 1 << 12
"""Positions of a window that a table of them may have."""


@dataclass
class Stage:
    """The loops of one `lowbit.compute` while they are written."""

    emit: Emit
    compute: ComputeOp
    target: Target
    globals: Globals
    views: dict[tuple[object, Attribute], SSAValue] = field(default_factory=dict)

    @staticmethod
    def of(compute: ComputeOp, target: Target, globals_: Globals) -> Stage:
        """A stage whose loops come ahead of `compute`."""
        return Stage(Emit.before(compute), compute, target, globals_)

    def tensor(self, value: SSAValue, shape: Sequence[int] | None = None) -> SSAValue:
        """A tensor value as a memref of its storage, or of another shape of as many elements."""
        assert isinstance(value.type, TensorType)
        storage = storage_type(value.type)
        if shape is not None:
            storage = MemRefType(storage.element_type, shape)
        return self.memory(value, storage)

    def memory(self, value: SSAValue, type_: MemRefType) -> SSAValue:
        """The bytes of a tensor value as a memref of any type of that size."""
        image = constant_image(value)
        if image is not None:
            return self.constant(image, type_)
        key = (value, type_)
        if key not in self.views:
            source = self._operand(value)
            is_same = source.type == type_
            self.views[key] = source if is_same else self._viewed(source, type_)
        return self.views[key]

    def _viewed(self, source: SSAValue, type_: MemRefType) -> SSAValue:
        return self.emit.at_entry(ViewAsOp.get(source, type_))

    def _operand(self, value: SSAValue) -> SSAValue:
        """The memref that a tensor of the body lies in."""
        compute = self.compute
        results = compute.results_of_body
        if value in results:
            return compute.outs[results.index(value)]
        return compute.ins[compute.block.args.index(value)]  # pyright: ignore

    def constant(self, image: bytes, type_: MemRefType) -> SSAValue:
        """A module-level constant with these bytes."""
        key = (image, type_)
        if key not in self.views:
            name = self.globals.constant(image, type_, self.emit.location)
            self.views[key] = self.emit.at_entry(memref.GetGlobalOp(name, type_))
        return self.views[key]

    def table(self, values: NDArray[np.integer], bits: int = 32) -> SSAValue:
        """A constant array of integers as a memref."""
        array = np.ascontiguousarray(values, f"<i{bits // 8}")
        return self.constant(array.tobytes(), MemRefType(IntegerType(bits), array.shape))

    def choose(self, values: Sequence[int], position: Index) -> Index:
        """The number at a position of a list that is known at compile time."""
        if isinstance(position, int):
            return values[position]
        if len(set(values)) == 1:
            return values[0]
        number = self.emit.load(self.table(np.array(values)), [position])
        return self.emit.op(arith.IndexCastOp(number, IndexType()))

    def choose_run(self, runs: Sequence[tuple[int, int]], position: Index) -> Index:
        """The number of the run that a position falls in; runs are (number, end).

        There is a table of the positions where they are few, and otherwise one of the ends.
        """
        numbers, ends = zip(*runs, strict=True)
        if isinstance(position, int):
            return numbers[bisect_right(ends, position)]
        if ends[-1] <= MAX_POSITIONS:
            lengths = np.diff(ends, prepend=0)
            return self.choose(np.repeat(numbers, lengths).tolist(), position)
        emit, table = self.emit, self.table(np.array(ends[:-1]))

        def count(k: Index, passed: Sequence[SSAValue]) -> Sequence[SSAValue]:
            end = emit.op(arith.IndexCastOp(emit.load(table, [k]), IndexType()))
            is_passed = emit.op(arith.CmpiOp(position, end, "uge"))
            return [emit.op(arith.SelectOp(is_passed, emit.value(emit.add(k, 1)), passed[0]))]

        (run,) = emit.for_(0, len(ends) - 1, [emit.constant(0)], count)
        return self.choose(numbers, run)


@dataclass(frozen=True)
class StageLoops:
    """The loops that compute an operation of tensors.

    Attributes:
        extent: how many independent parts there are.
        write: `write(stage, low, high)` writes the loops over the parts low .. high.
    """

    extent: int
    write: Callable[[Stage, SSAValue, SSAValue], None]


def constant_image(value: SSAValue) -> bytes | None:
    """Memory image of a constant tensor, or None."""
    owner = value.owner
    if isinstance(owner, ConstantOp):
        return owner.image_bytes
    if not isinstance(owner, arith.ConstantOp):
        return None
    attr = owner.value
    if not isinstance(attr, DenseIntOrFPElementsAttr):
        return None
    if attr.get_element_type() == IntegerType(1):
        return bytes(int(v) & 1 for v in attr.get_values())  # pyright: ignore
    return attr.data.data


def is_constant_value(value: SSAValue) -> bool:
    """Whether a value is a constant tensor."""
    return isinstance(value.owner, Operation) and constant_image(value) is not None


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """Logical shape of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def element_of(value: SSAValue) -> Attribute:
    """Element type of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.element_type
