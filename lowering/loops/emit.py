"""A small builder for loops IR: index arithmetic that folds, loops that vanish when they must."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from xdsl.builder import Builder
from xdsl.dialects import arith, memref, scf, vector
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    MemRefType,
    UnknownLoc,
    VectorType,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

Index: TypeAlias = int | SSAValue
"""An index known at compile time, or a value of type index."""

INDEX = IndexType()

_UNKNOWN = UnknownLoc()


class Emit:
    """Appends operations at a point that moves into and out of loop bodies.

    Constants are created once, at the start of the block that encloses everything.
    """

    def __init__(
        self,
        entry: Block,
        point: InsertPoint | None = None,
        location: LocationAttr = _UNKNOWN,
    ):
        """Append to `entry`, or insert at `point` below it, operations with a location."""
        self._builder = Builder(point or InsertPoint.at_end(entry))
        self._constants = Builder(InsertPoint.at_start(entry))
        self._cache: dict[tuple[Attribute, int | float], SSAValue] = {}
        self._location = location

    @staticmethod
    def before(operation: Operation) -> Emit:
        """Insert ahead of `operation`, constants too; what is made is where `operation` is."""
        assert operation.parent is not None
        emit = Emit(operation.parent, InsertPoint.before(operation), operation.location)
        emit._constants = Builder(InsertPoint.before(operation))
        return emit

    @property
    def location(self) -> LocationAttr:
        """Where the operations are that it inserts."""
        return self._location

    def op(self, operation: Operation) -> SSAValue:
        """Insert an operation; its first result, if any."""
        operation.location = self._location
        point = self._builder.insertion_point
        if point.insert_before is None:
            point.block.add_op(operation)
        else:
            point.block.insert_op_before(operation, point.insert_before)
        return operation.results[0] if operation.results else _NO_RESULT

    def constant(self, value: int | float, type_: Attribute = INDEX) -> SSAValue:
        """A constant of an integer, index or float type, or a splat of a vector type."""
        key = (type_, value)
        if key not in self._cache:
            if isinstance(type_, VectorType):
                attr = DenseIntOrFPElementsAttr.from_list(type_, [value])  # pyright: ignore
                op = arith.ConstantOp(attr)
            elif isinstance(type_, IntegerType | IndexType):
                op = arith.ConstantOp(IntegerAttr(int(value), type_))
            else:
                assert isinstance(type_, Float32Type)
                op = arith.ConstantOp(FloatAttr(float(value), type_))
            op.location = self._location
            self._constants.insert(op)
            self._cache[key] = op.results[0]
        return self._cache[key]

    def value(self, index: Index) -> SSAValue:
        """The index as an SSA value."""
        return self.constant(index) if isinstance(index, int) else index

    def add(self, a: Index, b: Index) -> Index:
        """a + b."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0 and isinstance(a, int):
            return b
        if b == 0 and isinstance(b, int):
            return a
        return self.binary(arith.AddiOp, self.value(a), self.value(b))

    def sub(self, a: Index, b: Index) -> Index:
        """a - b."""
        if isinstance(b, int):
            return self.add(a, -b)
        return self.binary(arith.SubiOp, self.value(a), b)

    def mul(self, a: Index, b: Index) -> Index:
        """a * b."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        for one, other in ((a, b), (b, a)):
            if isinstance(one, int) and one in (0, 1):
                return other if one else 0
        return self.binary(arith.MuliOp, self.value(a), self.value(b))

    def div(self, a: Index, b: int) -> Index:
        """a // b for a >= 0."""
        if isinstance(a, int):
            return a // b
        return a if b == 1 else self.binary(arith.DivUIOp, a, self.constant(b))

    def mod(self, a: Index, b: int) -> Index:
        """a % b for a >= 0."""
        if isinstance(a, int):
            return a % b
        return 0 if b == 1 else self.binary(arith.RemUIOp, a, self.constant(b))

    def loop(self, low: Index, high: Index, body: Callable[[Index], None], step: int = 1) -> None:
        """Run `body(i)` for i from low to high; no loop where it runs at most once."""
        self.for_(low, high, (), lambda i, _: (body(i), ())[1], step)

    def for_(
        self,
        low: Index,
        high: Index,
        initial: Sequence[SSAValue],
        body: Callable[[Index, Sequence[SSAValue]], Sequence[SSAValue]],
        step: int = 1,
        unroll: bool = False,
    ) -> Sequence[SSAValue]:
        """Run `values = body(i, values)` for i from low to high; the last values."""
        if isinstance(low, int) and isinstance(high, int):
            trips = range(low, high, step)
            if unroll or len(trips) <= 1:
                values = initial
                for i in trips:
                    values = body(i, values)
                return values
        block = Block(arg_types=[INDEX, *(v.type for v in initial)])
        outer = self._builder.insertion_point
        low_value, high_value = self.value(low), self.value(high)
        step_value = self.constant(step)
        self._builder.insertion_point = InsertPoint.at_end(block)
        results = body(block.args[0], block.args[1:])
        self.op(scf.YieldOp(*results))
        self._builder.insertion_point = outer
        loop = scf.ForOp(low_value, high_value, step_value, list(initial), Region(block))
        self.op(loop)
        return loop.results

    def when(self, condition: SSAValue, body: Callable[[], None]) -> None:
        """Run `body` where the i1 condition holds."""
        block = Block()
        outer = self._builder.insertion_point
        self._builder.insertion_point = InsertPoint.at_end(block)
        body()
        self.op(scf.YieldOp())
        self._builder.insertion_point = outer
        self.op(scf.IfOp(condition, [], Region(block)))

    def if_(
        self,
        condition: SSAValue,
        values: Sequence[SSAValue],
        body: Callable[[Sequence[SSAValue]], Sequence[SSAValue]],
    ) -> Sequence[SSAValue]:
        """`body(values)` where the i1 condition holds, the values as they are elsewhere."""
        block, unchanged = Block(), Block()
        outer = self._builder.insertion_point
        self._builder.insertion_point = InsertPoint.at_end(block)
        self.op(scf.YieldOp(*body(values)))
        self._builder.insertion_point = InsertPoint.at_end(unchanged)
        self.op(scf.YieldOp(*values))
        self._builder.insertion_point = outer
        choice = scf.IfOp(condition, [v.type for v in values], Region(block), Region(unchanged))
        self.op(choice)
        return choice.results

    def at_entry(self, operation: Operation) -> SSAValue:
        """Insert an operation beside the constants, ahead of everything; its first result."""
        operation.location = self._location
        self._constants.insert(operation)
        return operation.results[0]

    def view_at_entry(self, buffer: SSAValue, offset: int, type_: MemRefType) -> SSAValue:
        """Part of a byte buffer as a memref of another type."""
        return self.at_entry(memref.ViewOp(buffer, self.constant(offset), [], type_))

    def load(self, source: SSAValue, indices: Sequence[Index]) -> SSAValue:
        """One element."""
        return self.op(memref.LoadOp.get(source, [self.value(i) for i in indices]))

    def store(self, value: SSAValue, target: SSAValue, indices: Sequence[Index]) -> None:
        """Store one element."""
        self.op(memref.StoreOp.get(value, target, [self.value(i) for i in indices]))

    def load_vector(
        self, source: SSAValue, indices: Sequence[Index], type_: VectorType
    ) -> SSAValue:
        """Consecutive elements of the innermost dimension."""
        return self.op(vector.LoadOp(source, [self.value(i) for i in indices], type_))

    def store_vector(self, value: SSAValue, target: SSAValue, indices: Sequence[Index]) -> None:
        """Store consecutive elements of the innermost dimension."""
        self.op(vector.StoreOp(value, target, [self.value(i) for i in indices]))

    def binary(self, kind: type[Operation], a: SSAValue, b: SSAValue) -> SSAValue:
        """One of arith's binary operations."""
        return self.op(kind.create(operands=[a, b], result_types=[a.type]))


_NO_RESULT: SSAValue = None  # pyright: ignore


def signed_byte(value: int) -> int:
    """The i8 with the bits of a number from 0 to 255."""
    return value - 256 if value > 127 else value
