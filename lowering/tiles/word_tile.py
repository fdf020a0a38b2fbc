"""What tiles of words of bytes share: loops over taps and words, parts of them in narrow lanes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import MemRefType, VectorType, i32
from xdsl.ir import SSAValue

from lowbit_dialect.ops.tile import TileOp
from lowering.loops.emit import Emit, Index

Sums = Sequence[SSAValue]
"""Accumulators, pixel by pixel."""


class WordTile(ABC):
    """One tile while it is written.

    x is [n][row][column][channel word], w [block][kh][kw][channel word][lane] (or like that: what
    is read is up to `add_words`). The loops that `narrow_steps` steps hold, or as large a part of
    the innermost one, sum in narrow lanes, which are added to the i32 sums after them; with 0 none
    do. A pass through the innermost loop takes `together` steps.
    """

    def __init__(self, op: TileOp, emit: Emit, narrow_steps: int, together: int = 1):
        self.together = together
        self.op, self.x, self.w, self.emit = op, op.x, op.w, emit
        assert isinstance(op.w.type, MemRefType)
        self.kh, self.kw, self.words, lanes = op.w.type.get_shape()[-4:]
        self.pixels, self.vectors = op.pixels.value.data, op.vectors.value.data
        self.lanes = lanes // self.vectors
        self.wide = VectorType(i32, [self.lanes])
        self.dilation = [int(d) for d in op.dilation.iter_values()]
        self.step = op.step.value.data
        self.unroll = op.unroll.value.data
        self.image, self.row, self.col, self.word, self.block = op.indices[:5]
        self.narrow_depth, self.chunk = self._narrow_part(narrow_steps)

    @abstractmethod
    def narrow_zeros(self, acc: Sums) -> Sums:
        """The narrow sums of no steps that stand beside these i32 sums."""

    @abstractmethod
    def widened(self, acc: Sums, narrow: Sums) -> Sums:
        """The i32 sums with narrow ones added."""

    @abstractmethod
    def add_words(self, x: tuple[Index, ...], w: tuple[Index, ...], part: slice, acc: Sums) -> Sums:
        """One step: a word of every pixel, and those of the lanes at w.

        x is where the word of the first pixel of the tile is; `part` says which results have a tap
        there (`TileOp.column_runs`), and `acc` are the sums of these.
        """

    def all_taps(self) -> Sums:
        """The sums over all taps and words."""
        zero = self.emit.constant(0, self.wide)
        return self._narrowed(3, [zero] * (self.pixels * self.vectors), self._rows)

    def _narrow_part(self, limit: int) -> tuple[int, int]:
        """How many of the innermost loops are narrow, or else a divisor of the words that are.

        (0, chunk) sums `chunk` words at a time; (0, 0) none.
        """
        steps, depth = 1, 0
        for trips in (self.words, self.kw, self.kh):
            steps *= trips
            if steps > limit:
                break
            depth += 1
        if depth or not limit:
            return depth, 0
        return 0, max(d for d in range(1, limit + 1) if self.words % d == 0)

    def _narrowed(self, depth: int, acc: Sums, body: Callable[[Sums], Sums]) -> Sums:
        """Run the `depth` innermost loops on narrow lanes if they are what these hold."""
        if depth != self.narrow_depth:
            return body(acc)
        return self.widened(acc, body(self.narrow_zeros(acc)))

    def _rows(self, acc: Sums) -> Sums:
        def over_kh(kh: Index, acc: Sums) -> Sums:
            row = self.emit.add(self.row, self.emit.mul(kh, self.dilation[0]))
            return self._narrowed(2, acc, lambda acc: self._cols(kh, row, acc))

        low, high = self.op.kernel_rows or (0, self.kh)
        return self.emit.carry(low, high, acc, over_kh, unroll=self.unroll > 2)

    def _cols(self, kh: Index, row: Index, acc: Sums) -> Sums:
        acc, emit = list(acc), self.emit
        for low, high, part in self.op.column_runs:

            def over_kw(kw: Index, acc: Sums, part: slice = part) -> Sums:
                col = emit.add(self.col, emit.mul(kw, self.dilation[1]))
                taps = (row, col), (self.block, kh, kw)
                return self._narrowed(1, acc, lambda acc: self._words(*taps, part, acc))

            own, together = self.sums_of(part), self.together if self.words == 1 else 1
            acc[own] = self._passes(low, high, acc[own], over_kw, self.unroll > 1, together)
        return acc

    def _passes(
        self,
        low: int,
        high: int,
        acc: Sums,
        body: Callable[[Index, Sums], Sums],
        unroll: bool,
        together: int,
    ) -> Sums:
        """A loop, so many of its passes together and then what remains."""

        def some(start: Index, acc: Sums) -> Sums:
            for k in range(together):
                acc = body(self.emit.add(start, k), acc)
            return acc

        middle = high - (high - low) % together
        acc = self.emit.carry(low, middle, acc, some, together, unroll)
        return self.emit.carry(middle, high, acc, body, unroll=unroll)

    def sums_of(self, part: slice) -> slice:
        """Where the sums of some results are among all sums."""
        return part

    def _words(self, x: tuple[Index, ...], w: tuple[Index, ...], part: slice, acc: Sums) -> Sums:
        emit = self.emit

        def over(start: Index, count: int, acc: Sums) -> Sums:
            def step(k: Index, acc: Sums) -> Sums:
                c = emit.add(start, k)
                at = (self.image, *x, emit.add(self.word, c))
                return self.add_words(at, (*w, c), part, acc)

            return self._passes(0, count, acc, step, self.unroll > 0, self.together)

        def over_chunk(start: Index, acc: Sums) -> Sums:
            return self.widened(acc, over(start, self.chunk, self.narrow_zeros(acc)))

        if self.chunk:
            return emit.carry(0, self.words, acc, over_chunk, self.chunk, unroll=self.unroll > 0)
        return over(0, self.words, acc)

    def pixel_at(self, x: tuple[Index, ...], pixel: int) -> list[SSAValue]:
        """Indices of the word of a pixel of the tile; that of the first one is at x."""
        emit = self.emit
        where = (*x[:2], emit.add(x[2], pixel * self.step), x[3])
        return [emit.value(i) for i in where]
