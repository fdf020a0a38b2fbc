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

At = tuple[Index, ...]
"""Where a word is in memory."""


class WordTile(ABC):
    """One tile while it is written.

    x is [n][row][column][channel word], w [block][kh][kw][channel word][lane] (or like that: what
    is read is up to `add_words`). The loops that `narrow_steps` steps hold, or as large a part of
    the innermost one, sum in narrow lanes, which are added to the i32 sums after them; with 0 none
    do.

    A tap has `words` words of x, `per_word` of them for each word of w, the last of which may be
    for fewer. The body of the innermost loop is for `together` words of w; those that are left are
    in another, all of them where `rest_at_once` says so, or one at a time. The body of the loop
    over columns of taps is for `columns` of them.
    """

    rest_at_once = False
    columns = 1

    def __init__(
        self,
        op: TileOp,
        emit: Emit,
        narrow_steps: int,
        words: int | None = None,
        per_word: int = 1,
        together: int = 1,
    ):
        self.op, self.x, self.w, self.emit = op, op.x, op.w, emit
        assert isinstance(op.w.type, MemRefType)
        self.kh, self.kw, w_words, lanes = op.w.type.get_shape()[-4:]
        self.words = w_words if words is None else words
        self.per_word, self.together = per_word, together
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
    def add_words(self, x: At, w: At, words: int, part: slice, acc: Sums) -> Sums:
        """Multiply `words` words of every pixel, those from x on, by those of the lanes from w on.

        x is where the word of the first pixel of the tile is; `part` says which results have a tap
        there (`TileOp.column_runs`), and `acc` are the sums of these.
        """

    def all_taps(self, sets: int = 1) -> Sums:
        """The sums over all taps and words, `sets` for each result."""
        zero = self.emit.constant(0, self.wide)
        return self._narrowed(3, [zero] * (sets * self.pixels * self.vectors), self._rows)

    def chunk_of(self, words: int, limit: int) -> int:
        """How many of the words of w of a tap are summed in narrow lanes that hold `limit`."""
        return max(d for d in range(1, limit + 1) if words % d == 0)

    def _narrow_part(self, limit: int) -> tuple[int, int]:
        """How many of the innermost loops are narrow, or else how many words of w.

        (0, chunk) sums `chunk` words at a time; (0, 0) none.
        """
        steps, depth = 1, 0
        for trips in (self.words, self.kw, self.kh):
            steps *= trips
            if steps > limit:
                break
            depth += 1
        full, limit = self.words // self.per_word, limit // self.per_word
        if depth or not limit or not full:
            return depth, 0
        return 0, self.chunk_of(full, limit)

    def _narrowed(self, depth: int, acc: Sums, body: Callable[[Sums], Sums]) -> Sums:
        """Run the `depth` innermost loops on narrow lanes if they are what these hold."""
        return self._widened(acc, body) if depth == self.narrow_depth else body(acc)

    def _widened(self, acc: Sums, body: Callable[[Sums], Sums]) -> Sums:
        """Add what `body` makes of zeros in narrow lanes."""
        return self.widened(acc, body(self.narrow_zeros(acc)))

    def _rows(self, acc: Sums) -> Sums:
        def over_kh(kh: Index, acc: Sums) -> Sums:
            row = self.emit.add(self.row, self.emit.mul(kh, self.dilation[0]))
            return self._narrowed(2, acc, lambda acc: self._cols(kh, row, acc))

        low, high = self.op.kernel_rows or (0, self.kh)
        return self.emit.for_(low, high, acc, over_kh, unroll=self.unroll > 2)

    def _cols(self, kh: Index, row: Index, acc: Sums) -> Sums:
        acc, emit = list(acc), self.emit
        for low, high, part in self.op.column_runs:

            def over_kw(kw: Index, acc: Sums, part: slice = part) -> Sums:
                col = emit.add(self.col, emit.mul(kw, self.dilation[1]))
                taps = (row, col), (self.block, kh, kw)
                return self._narrowed(1, acc, lambda acc: self._words(*taps, part, acc))

            own = self.sums_of(part, len(acc))
            acc[own] = self._columns(low, high, acc[own], over_kw)
        return acc

    def _columns(self, low: int, high: int, acc: Sums, body: Callable[[Index, Sums], Sums]) -> Sums:
        """A run of columns of taps: some in a pass, then those that are left."""

        def some(start: Index, acc: Sums) -> Sums:
            for k in range(self.columns):
                acc = body(self.emit.add(start, k), acc)
            return acc

        middle, unroll = high - (high - low) % self.columns, self.unroll > 1
        acc = self.emit.for_(low, middle, acc, some, self.columns, unroll)
        return self.emit.for_(middle, high, acc, body, unroll=unroll)

    def sums_of(self, part: slice, count: int) -> slice:
        """Where the sums of some results are among all `count` sums."""
        results = self.pixels * self.vectors
        return slice(part.start * count // results, part.stop * count // results)

    def _words(self, x: At, w: At, part: slice, acc: Sums) -> Sums:
        """Add the words of a tap: those of w that are full, then what the last one holds."""
        emit, unroll = self.emit, self.unroll > 0
        full, rest = divmod(self.words, self.per_word)

        def body(words: int) -> Callable[[Index, Sums], Sums]:
            def run(c: Index, acc: Sums) -> Sums:
                at = (self.image, *x, emit.add(self.word, emit.mul(c, self.per_word)))
                return self.add_words(at, (*w, c), words, part, acc)

            return run

        def over(start: Index, count: int, acc: Sums) -> Sums:
            def loop(low: int, high: int, acc: Sums, step: int) -> Sums:
                some = body(step * self.per_word)
                return emit.for_(
                    low, high, acc, lambda k, acc: some(emit.add(start, k), acc), step, unroll
                )

            whole = count // self.together * self.together
            if whole:
                acc = loop(0, whole, acc, self.together)
            if whole < count:
                acc = loop(whole, count, acc, count - whole if self.rest_at_once else 1)
            return acc

        if not self.chunk:
            acc = over(0, full, acc) if full else acc
            return body(rest)(full, acc) if rest else acc

        def over_chunk(start: Index, acc: Sums) -> Sums:
            return self._widened(acc, lambda acc: over(start, self.chunk, acc))

        whole = full // self.chunk * self.chunk
        acc = emit.for_(0, whole, acc, over_chunk, self.chunk, unroll)
        if whole < full:
            acc = self._widened(acc, lambda acc: over(whole, full - whole, acc))
        return self._widened(acc, lambda acc: body(rest)(full, acc)) if rest else acc

    def x_at(self, x: At, pixel: int, word: int = 0) -> list[SSAValue]:
        """Indices of a word of a pixel of the tile; the first one of the first pixel is at x."""
        emit = self.emit
        where = (*x[:2], emit.add(x[2], pixel * self.step), emit.add(x[3], word))
        return [emit.value(i) for i in where]
