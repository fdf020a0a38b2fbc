"""The loops of `lowbit.reduce`: vectors of the innermost dimension, whether it stays or not.

Where the innermost dimension stays, a lane is an element of the result. Where it is reduced, each
of n lanes joins every n-th element, and then the lanes are joined one after the other; argmax goes
by single elements there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import VectorType, f32, i32
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.ops.reduce import ReduceOp
from lowering.loops.emit import Emit, Index
from lowering.loops.pointwise.binary import BINARY_FUNCTIONS
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target

_START = {"sum": 0.0, "mean": 0.0, "max": -inf, "min": inf}
_JOIN = {"sum": "add", "mean": "add", "max": "max", "min": "min"}

Values = Sequence[SSAValue]


def reduce_(op: ReduceOp, target: Target) -> StageLoops:
    """Indices of the dimensions that stay, but for a vector of the innermost one, in parallel."""
    shape, dims = shape_of(op.x), op.dims
    kept = [dim for dim in range(len(shape)) if dim not in dims]
    inner = len(shape) - 1
    outer = [dim for dim in kept if dim != inner]

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        writer = _Writer(op, stage)

        def job(index: Index) -> None:
            where: list[Index] = [0] * len(shape)
            for dim in reversed(outer):
                where[dim] = stage.emit.mod(index, shape[dim])
                index = stage.emit.div(index, shape[dim])
            writer.write(where)

        stage.emit.loop(low, high, job)

    return StageLoops(prod(shape[dim] for dim in outer), body)


class _Writer:
    """Writes the loops of one reduction."""

    def __init__(self, op: ReduceOp, stage: Stage):
        self.op, self.emit = op, stage.emit
        self.shape, self.dims = shape_of(op.x), op.dims
        self.inner = len(self.shape) - 1
        self.x, self.y = stage.tensor(op.x), stage.tensor(op.result)
        self.function = op.function.data
        extent = self.shape[-1]
        is_single = self.inner in self.dims and self.function == "argmax"
        most = 1 if is_single else stage.target.lanes(32)
        self.lanes = min(most, 1 << (extent.bit_length() - 1))

    def write(self, where: list[Index]) -> None:
        """The results at an index of the outer dimensions that stay."""
        if self.inner in self.dims:
            self._store(where, self._joined(where), 1)
            return

        def part(col: Index) -> None:
            place = [*where[:-1], col]
            self._store(place, self._over(place, self.dims, self.lanes), self.lanes)

        extent = self.shape[-1]
        self.emit.loop(0, extent // self.lanes * self.lanes, part, self.lanes)
        if extent % self.lanes:
            part(extent - self.lanes)

    def _joined(self, where: list[Index]) -> Values:
        """The result of elements that lie along the innermost dimension."""
        extent, lanes = self.shape[-1], self.lanes
        whole = extent // lanes * lanes
        values = self._over(where, self.dims, lanes, whole)
        emit, single = self.emit, VectorType(f32, [1])
        if lanes > 1:
            (total,) = values
            parts = [
                emit.op(vector.BroadcastOp(emit.op(vector.ExtractOp(total, [k], f32)), single))
                for k in range(lanes)
            ]
            joined = parts[0]
            for part in parts[1:]:
                joined = self._join(joined, part)
            values = [joined]
        if whole < extent:
            values = self._over(where, self.dims, 1, extent, whole, values)
        return values

    def _over(
        self,
        where: list[Index],
        dims: Sequence[int],
        lanes: int,
        high: int | None = None,
        low: int = 0,
        values: Values | None = None,
    ) -> Values:
        """Reduce vectors along dimensions; the innermost one from low to high."""
        values = self._start(lanes) if values is None else values
        if not dims:
            return self._step(where, lanes, values)
        dim, *others = dims
        is_inner = dim == self.inner
        end = high if is_inner and high is not None else self.shape[dim]

        def one(index: Index, values: Values) -> Values:
            place = [*where]
            place[dim] = index
            return self._over(place, others, lanes, high, low, values)

        first, step = (low, lanes) if is_inner else (0, 1)
        return self.emit.for_(first, end, values, one, step)

    def _start(self, lanes: int) -> Values:
        floats, ints = VectorType(f32, [lanes]), VectorType(i32, [lanes])
        if self.function == "argmax":
            return [self.emit.constant(-inf, floats), self.emit.constant(0, ints)]
        return [self.emit.constant(_START[self.function], floats)]

    def _join(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return BINARY_FUNCTIONS[_JOIN[self.function]](self.emit, a, b)

    def _step(self, where: list[Index], lanes: int, values: Values) -> Values:
        emit = self.emit
        x = emit.load_vector(self.x, where, VectorType(f32, [lanes]))
        if self.function != "argmax":
            return [self._join(values[0], x)]
        return self._later(emit, x, where[self.dims[0]], values)

    def _later(self, emit: Emit, x: SSAValue, index: Index, values: Values) -> Values:
        """The element and its index where it is larger than all before it, or the first NaN."""
        best, at = values
        assert isinstance(at.type, VectorType)
        here = emit.op(arith.IndexCastOp(emit.value(index), i32))
        here = emit.op(vector.BroadcastOp(here, at.type))
        is_nan = emit.op(simd.CmpFOp("uno", x, x))
        had_nan = emit.op(simd.CmpFOp("uno", best, best))
        is_above = emit.op(simd.CmpFOp("ogt", x, best))

        def chosen(new: SSAValue, old: SSAValue) -> SSAValue:
            value = emit.op(simd.SelectOp(is_above, new, old))
            value = emit.op(simd.SelectOp(is_nan, new, value))
            return emit.op(simd.SelectOp(had_nan, old, value))

        return [chosen(x, best), chosen(here, at)]

    def _store(self, where: list[Index], values: Values, lanes: int) -> None:
        result = values[-1]
        if self.function == "mean":
            count = prod(self.shape[dim] for dim in self.dims)
            divisor = self.emit.constant(float(count), result.type)
            result = self.emit.binary(arith.DivfOp, result, divisor)
        place = [0 if dim in self.dims else where[dim] for dim in range(len(where))]
        self.emit.store_vector(result, self.y, place)
