"""The stage of `lowbit.max_pool2d`, on packed planes or on bytes."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType
from lowbit_dialect.geometry import LAYOUTS, Window
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowering.loops.emit import Emit, Index
from lowering.loops.stage import FunctionLowering, Stage, shape_of


def lower_max_pool(op: MaxPool2DOp, lowering: FunctionLowering) -> None:
    """The maximum of each window.

    A tap in the padding is replaced by the nearest element of the image, which lies in the same
    window, so it changes no maximum and needs no test.
    """
    if packed_layout(op.x.type) is not None:
        _lower_packed(op, lowering)
    else:
        _lower_bytes(op, lowering)


def _taps(window: Window) -> range:
    return range(window.taps)


def _tap(emit: Emit, window: Window, position: Index, tap: int) -> Index:
    """Position in the image of a tap of a window, moved onto the image."""
    at = emit.add(emit.mul(position, window.stride), tap - window.before)
    if isinstance(at, int):
        return min(max(at, 0), window.extent - 1)
    if tap < window.before:
        at = emit.op(arith.MaxSIOp(at, emit.constant(0)))
    if (window.out - 1) * window.stride + tap - window.before >= window.extent:
        at = emit.op(arith.MinSIOp(at, emit.constant(window.extent - 1)))
    return at


def _lower_packed(op: MaxPool2DOp, lowering: FunctionLowering) -> None:
    rows, cols = op.windows
    source_layout, target_layout = packed_layout(op.x.type), packed_layout(op.result.type)
    assert source_layout is not None
    assert target_layout is not None
    batch_dim, row_dim, col_dim, _ = LAYOUTS[op.layout.data]
    batch = shape_of(op.x)[batch_dim]
    code = code_of(op.x.type, "x")
    words = source_layout.blocks_of(
        source_layout.axis.data, shape_of(op.x)[source_layout.axis.data]
    )
    top = code.width - 1 if isinstance(code, SignedType) else None

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        source, target = stage.tensor(op.x), stage.tensor(op.result)
        ones = emit.constant(-1, source_layout.word_type)

        def invert_top(planes: list[SSAValue]) -> list[SSAValue]:
            return [
                emit.binary(arith.XOrIOp, value, ones) if p == top else value
                for p, value in enumerate(planes)
            ]

        def pixel(image: Index, row: Index, word: Index, col: Index) -> None:
            best: list[SSAValue] | None = None
            for kh in _taps(rows):
                y = emit.add(_tap(emit, rows, row, kh), source_layout.frame_of(row_dim)[0])
                for kw in _taps(cols):
                    x = emit.add(_tap(emit, cols, col, kw), source_layout.frame_of(col_dim)[0])
                    planes = invert_top(
                        [emit.load(source, (image, y, p, word, x)) for p in range(code.width)]
                    )
                    best = planes if best is None else _larger(emit, best, planes, ones)
            assert best is not None
            y = emit.add(row, target_layout.frame_of(row_dim)[0])
            x = emit.add(col, target_layout.frame_of(col_dim)[0])
            for p, value in enumerate(invert_top(best)):
                emit.store(value, target, (image, y, p, word, x))

        def line(job: Index) -> None:
            image, row = emit.div(job, rows.out), emit.mod(job, rows.out)
            emit.loop(
                0,
                words,
                lambda word: emit.loop(0, cols.out, lambda col: pixel(image, row, word, col)),
            )

        emit.loop(low, high, line)

    lowering.stage("max_pool2d", batch * rows.out, body)


def _larger(
    emit: Emit, a: Sequence[SSAValue], b: Sequence[SSAValue], ones: SSAValue
) -> list[SSAValue]:
    """Planes of the larger of two numbers in every bit position of a word.

    From the top plane down: b wins where it has a 1 and a has none while they were equal so far.
    """
    wins = equal = None
    for x, y in zip(reversed(a), reversed(b), strict=True):
        differs = emit.binary(arith.XOrIOp, x, y)
        here = emit.binary(arith.AndIOp, differs, y)
        if equal is not None:
            here = emit.binary(arith.AndIOp, here, equal)
        same = emit.binary(arith.XOrIOp, differs, ones)
        equal = same if equal is None else emit.binary(arith.AndIOp, equal, same)
        wins = here if wins is None else emit.binary(arith.OrIOp, wins, here)
    assert wins is not None
    return [
        emit.binary(
            arith.XOrIOp,
            x,
            emit.binary(arith.AndIOp, emit.binary(arith.XOrIOp, x, y), wins),
        )
        for x, y in zip(a, b, strict=True)
    ]


def _lower_bytes(op: MaxPool2DOp, lowering: FunctionLowering) -> None:
    rows, cols = op.windows
    shape = op.result_shape
    dims = LAYOUTS[op.layout.data]
    larger = arith.MaxSIOp if isinstance(code_of(op.x.type, "x"), SignedType) else arith.MaxUIOp

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        source, target = stage.tensor(op.x), stage.tensor(op.result)

        def at(*logical: Index) -> list[Index]:
            where: list[Index] = [0] * 4
            for dim, index in zip(dims, logical, strict=True):
                where[dim] = index
            return where

        def element(image: Index, row: Index, col: Index, channel: Index) -> None:
            best: SSAValue | None = None
            for kh in _taps(rows):
                y = _tap(emit, rows, row, kh)
                for kw in _taps(cols):
                    x = _tap(emit, cols, col, kw)
                    value = emit.load(source, at(image, y, x, channel))
                    best = value if best is None else emit.binary(larger, best, value)
            assert best is not None
            emit.store(best, target, at(image, row, col, channel))

        def line(job: Index) -> None:
            image, row = emit.div(job, rows.out), emit.mod(job, rows.out)
            emit.loop(
                0,
                cols.out,
                lambda col: emit.loop(0, shape[dims[3]], lambda c: element(image, row, col, c)),
            )

        emit.loop(low, high, line)

    lowering.stage("max_pool2d", shape[dims[0]] * rows.out, body)
