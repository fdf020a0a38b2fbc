"""The loops of `lowbit.resize`: two rows of x and a share make a row of the result."""

from __future__ import annotations

from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, MemRefType, VectorType, f32
from xdsl.ir import SSAValue

from lowbit_dialect import reference, simd
from lowbit_dialect.ops.resize import ResizeOp
from lowering.loops.emit import Index
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target


def resize(op: ResizeOp, target: Target) -> StageLoops:
    """Elements behind the dimension are computed a vector at a time."""
    shape, dim = shape_of(op.x), op.dim
    extent, size = shape[dim], shape_of(op.result)[dim]
    outer, inner = prod(shape[:dim]), prod(shape[dim + 1 :])
    taps = reference.resize_taps(extent, size, op.mode.data, op.coordinates.data)
    lanes = min(target.lanes(32), 1 << (inner.bit_length() - 1))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        x = stage.tensor(op.x, (outer * extent, inner))
        y = stage.tensor(op.result, (outer * size, inner))
        tables = [stage.table(numbers) for numbers in taps[:2]]
        shares = stage.constant(taps[2].tobytes(), MemRefType(f32, [size]))
        type_ = VectorType(f32, [lanes])

        def row(index: Index) -> None:
            place, first = emit.mod(index, size), emit.mul(emit.div(index, size), extent)
            rows = [
                emit.add(first, emit.op(arith.IndexCastOp(emit.load(t, [place]), IndexType())))
                for t in tables
            ]
            share = emit.op(simd.BroadcastLoadOp(shares, [emit.value(place)], type_))
            rest = emit.binary(arith.SubfOp, emit.constant(1.0, type_), share)

            def part(col: Index) -> None:
                a, b = (emit.load_vector(x, (r, col), type_) for r in rows)
                first = emit.binary(arith.MulfOp, a, rest)
                second = emit.binary(arith.MulfOp, b, share)
                emit.store_vector(emit.binary(arith.AddfOp, first, second), y, (index, col))

            emit.loop(0, inner // lanes * lanes, part, lanes)
            if inner % lanes:
                part(inner - lanes)

        emit.loop(low, high, row)

    return StageLoops(outer * size, body)
