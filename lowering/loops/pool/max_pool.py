"""The stage of `lowbit.max_pool2d`, on packed planes or on bytes, a vector at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

from typing_extensions import override
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, MemRefType, f32, i8
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType
from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowering.loops.emit import Index
from lowering.loops.pool.float_pool import float_pool
from lowering.loops.pool.lines import loops_of_lines
from lowering.loops.pool.window_lanes import load_lanes, store_lanes, tap_of_window
from lowering.loops.stage import Stage, StageLoops, element_of, shape_of
from lowering.targets import Target

Planes = list[SSAValue]
"""One value for each plane of a number, or a single one that is the number itself."""

MIN_LANES = 4
"""Shorter vectors save nothing."""

MAX_UNROLLED_TAPS = 16
"""Taps of a window whose loops are unrolled, so that the code does not grow with the window."""


def max_pool(op: MaxPool2DOp, target: Target) -> StageLoops:
    """The maximum of each window.

    A tap in the padding is replaced by the nearest element of the image, which lies in the same
    window, so it changes no maximum and needs no test.
    """
    if element_of(op.x) == f32:
        return float_pool(op, target)
    layout = packed_layout(op.x.type)
    pool: type[_Pool] = _PlanePool
    if layout is None:
        pool = _ChannelPool if op.layout.data == "nhwc" else _ImagePool
    elif layout.bytes.data:
        pool = _ChannelPool
    return loops_of_lines(op, partial(pool, op))


class _Pool(ABC):
    """The windows of one pooling; a kind for each order of the elements in memory."""

    def __init__(self, op: MaxPool2DOp, stage: Stage):
        self.op, self.stage, self.emit = op, stage, stage.emit
        self.rows, self.cols = op.windows
        self.code = code_of(op.x.type, "x")
        self.source_frame, self.target_frame = self._frame(op.x), self._frame(op.result)

    def _frame(self, value: SSAValue) -> tuple[int, int]:
        """Rows above and columns left of the image."""
        layout, (_, h, w, _) = packed_layout(value.type), LAYOUTS[self.op.layout.data]
        return (layout.frame_of(h)[0], layout.frame_of(w)[0]) if layout is not None else (0, 0)

    @abstractmethod
    def line(self, image: Index, row: Index) -> None:
        """One row of the result."""

    def larger(self, a: Planes, b: Planes) -> Planes:
        """The larger of two bytes in every lane."""
        # Level bytes ascend, and so do patterns; only unpacked signed bytes are negative.
        is_value = isinstance(self.code, SignedType) and packed_layout(self.op.x.type) is None
        kind = arith.MaxSIOp if is_value else arith.MaxUIOp
        return [self.emit.binary(kind, x, y) for x, y in zip(a, b, strict=True)]

    def largest(self, row: Index, load: Callable[[Index, Index], Planes]) -> Planes:
        """The largest of what `load(source row, tap of the columns)` gives for a row's windows.

        The loops over a window of more than `MAX_UNROLLED_TAPS` taps stay, the inner one where a
        row of the window has more. They begin with the first tap, which changes no maximum when it
        comes again.
        """
        emit, rows, cols = self.emit, self.rows, self.cols
        unrolls_cols = cols.taps <= MAX_UNROLLED_TAPS
        unrolls_rows = rows.taps * cols.taps <= MAX_UNROLLED_TAPS

        def source_row(kh: Index) -> Index:
            return emit.add(tap_of_window(emit, rows, row, kh), self.source_frame[0])

        def over_cols(y: Index, best: Planes, first: int = 0) -> Planes:
            def tap(kw: Index, values: Sequence[SSAValue]) -> Planes:
                return self.larger([*values], load(y, kw))

            return [*emit.for_(first, cols.taps, best, tap, unroll=unrolls_cols)]

        y = source_row(0)
        best = load(y, 0)
        if unrolls_rows:
            best = over_cols(y, best, first=1)
        return [
            *emit.for_(
                1 if unrolls_rows else 0,
                rows.taps,
                best,
                lambda kh, values: over_cols(source_row(kh), [*values]),
                unroll=unrolls_rows,
            )
        ]

    def in_vectors(
        self, low: int, high: int, widest: int, body: Callable[[Index, int], None]
    ) -> None:
        """Run `body(start, lanes)` on vectors that cover low .. high; the last may overlap.

        Fewer than `MIN_LANES` elements come one by one, with 0 lanes.
        """
        emit, count = self.emit, high - low
        lanes = min(widest, 1 << (max(count, 1).bit_length() - 1))
        if lanes < MIN_LANES:
            emit.loop(low, high, lambda start: body(start, 0))
            return
        emit.loop(low, high - lanes + 1, lambda start: body(start, lanes), lanes)
        if count % lanes:
            body(high - lanes, lanes)


class _ChannelPool(_Pool):
    """Bytes whose channels are neighbours: [n][row][column][channel]."""

    def __init__(self, op: MaxPool2DOp, stage: Stage):
        super().__init__(op, stage)
        self.source, self.channels = self._view(op.x)
        self.target, _ = self._view(op.result)

    def _view(self, value: SSAValue) -> tuple[SSAValue, int]:
        """The bytes, and how many channels there are with those that fill the groups' words."""
        layout, shape = packed_layout(value.type), shape_of(value)
        if layout is not None:
            *outer, words = layout.physical_shape(shape, self.code.width)
            shape = (*outer, words * layout.elements_per_word)
        return self.stage.memory(value, MemRefType(i8, shape)), shape[-1]

    @override
    def line(self, image: Index, row: Index) -> None:
        emit, widest = self.emit, self.stage.target.vector_bits // 8

        def pixel(col: Index) -> None:
            def channels(start: Index, lanes: int) -> None:
                def load(y: Index, kw: Index) -> Planes:
                    x = emit.add(tap_of_window(emit, self.cols, col, kw), self.source_frame[1])
                    return [load_lanes(emit, self.source, (image, y, x, start), lanes)]

                (best,) = self.largest(row, load)
                y, x = emit.add(row, self.target_frame[0]), emit.add(col, self.target_frame[1])
                store_lanes(emit, best, self.target, (image, y, x, start))

            self.in_vectors(0, self.channels, widest, channels)

        emit.loop(0, self.cols.out, pixel)


class _ColumnPool(_Pool):
    """Elements whose columns are neighbours; lines of them differ in what lies around."""

    outer: int
    element: IntegerType

    @abstractmethod
    def load(self, image: Index, y: Index, outer: Index, read: Callable[..., SSAValue]) -> Planes:
        """`read(memory, indices ahead of the column)` for each plane."""

    @abstractmethod
    def store(self, image: Index, y: Index, outer: Index, x: Index, values: Planes) -> None:
        """Store the planes from column x on."""

    @override
    def line(self, image: Index, row: Index) -> None:
        emit, cols = self.emit, self.cols
        widest = self.stage.target.lanes(self.element.width.data)
        narrows = self.stage.target.narrows_for_every_second
        # Columns whose windows lie on the image; without strides of 1 or 2 they come one by one.
        first = -(-cols.before // cols.stride)
        last = (cols.extent - cols.taps + cols.before) // cols.stride + 1
        if cols.stride > 2 or last - first < MIN_LANES:
            first = last = cols.out
        last = min(last, cols.out)

        def words(outer: Index) -> None:
            def columns(start: Index, lanes: int) -> None:
                def load(y: Index, kw: Index) -> Planes:
                    if lanes:
                        x = emit.add(emit.mul(start, cols.stride), emit.sub(kw, cols.before))
                    else:
                        x = tap_of_window(emit, cols, start, kw)
                    x = emit.add(x, self.source_frame[1])
                    return self.load(
                        image,
                        y,
                        outer,
                        lambda memory, where: load_lanes(
                            emit, memory, (*where, x), lanes, cols.stride, narrows
                        ),
                    )

                best = self.largest(row, load)
                y, x = emit.add(row, self.target_frame[0]), emit.add(start, self.target_frame[1])
                self.store(image, y, outer, x, best)

            emit.loop(0, first, lambda col: columns(col, 0))
            if first < last:
                self.in_vectors(first, last, widest, columns)
                emit.loop(last, cols.out, lambda col: columns(col, 0))

        emit.loop(0, self.outer, words)


class _ImagePool(_ColumnPool):
    """Bytes in images of one channel: [n][channel][row][column]."""

    def __init__(self, op: MaxPool2DOp, stage: Stage):
        super().__init__(op, stage)
        self.source, self.target = stage.tensor(op.x), stage.tensor(op.result)
        self.outer, self.element = shape_of(op.x)[1], i8

    @override
    def load(self, image: Index, y: Index, outer: Index, read: Callable[..., SSAValue]) -> Planes:
        return [read(self.source, (image, outer, y))]

    @override
    def store(self, image: Index, y: Index, outer: Index, x: Index, values: Planes) -> None:
        store_lanes(self.emit, values[0], self.target, (image, outer, y, x))


class _PlanePool(_ColumnPool):
    """Words of planes: [n][row][plane][channel word][column]."""

    def __init__(self, op: MaxPool2DOp, stage: Stage):
        super().__init__(op, stage)
        layout = packed_layout(op.x.type)
        assert isinstance(layout, PackedAttr)
        axis = layout.axis.data
        self.source, self.target = stage.tensor(op.x), stage.tensor(op.result)
        self.outer, self.element = layout.blocks_of(axis, shape_of(op.x)[axis]), layout.word_type
        self.top = self.code.width - 1 if isinstance(self.code, SignedType) else None

    @override
    def load(self, image: Index, y: Index, outer: Index, read: Callable[..., SSAValue]) -> Planes:
        planes = [read(self.source, (image, y, p, outer)) for p in range(self.code.width)]
        return self._with_top_inverted(planes)

    @override
    def store(self, image: Index, y: Index, outer: Index, x: Index, values: Planes) -> None:
        for p, value in enumerate(self._with_top_inverted(values)):
            store_lanes(self.emit, value, self.target, (image, y, p, outer, x))

    def _with_top_inverted(self, planes: Planes) -> Planes:
        """Patterns of a signed code as numbers that ascend, or the other way round."""
        return [self._inverted(value) if p == self.top else value for p, value in enumerate(planes)]

    def _inverted(self, value: SSAValue) -> SSAValue:
        return self.emit.binary(arith.XOrIOp, value, self.emit.constant(-1, value.type))

    @override
    def larger(self, a: Planes, b: Planes) -> Planes:
        """Planes of the larger of two numbers in every bit position.

        From the top plane down: b wins where it has a 1 and a has none while they were equal so
        far.
        """
        emit = self.emit
        wins = equal = None
        for x, y in zip(reversed(a), reversed(b), strict=True):
            differs = emit.binary(arith.XOrIOp, x, y)
            here = emit.binary(arith.AndIOp, differs, y)
            if equal is not None:
                here = emit.binary(arith.AndIOp, here, equal)
            same = self._inverted(differs)
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
