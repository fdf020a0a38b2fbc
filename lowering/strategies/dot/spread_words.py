"""Words of x, each in all lanes of a vector."""

from __future__ import annotations

from xdsl.dialects import vector
from xdsl.dialects.builtin import DenseArrayBase, MemRefType, VectorType, i8, i64
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowering.tiles.word_tile import At, WordTile


class SpreadWords:
    """The words of x that a body multiplies, of each pixel.

    Where they fill vectors of `run` words, these are loaded and their lanes taken, which the
    instructions that multiply do on their way; others are loaded into all lanes one by one.
    """

    def __init__(self, tile: WordTile, x: At, words: int, run: int, type_: VectorType):
        self.tile, self.x, self.type = tile, x, type_
        self.run, self.by_lane = run, words // run * run if run > 1 else 0
        memory = tile.x.type
        assert isinstance(memory, MemRefType)
        self.reads_bytes = memory.element_type == i8 and type_.element_type != i8
        self._vectors: dict[tuple[int, int], SSAValue] = {}

    def word(self, pixel: int, step: int) -> SSAValue:
        """A word of a pixel in all lanes."""
        emit = self.tile.emit
        if step >= self.by_lane:
            indices = self.tile.x_at(self.x, pixel, step)
            if self.reads_bytes:
                return self._at_byte(indices)
            return emit.op(simd.BroadcastLoadOp(self.tile.x, indices, self.type))
        source = self._vector(pixel, step - step % self.run)
        lanes = DenseArrayBase.from_list(i64, [step % self.run] * self.type.get_shape()[0])
        return emit.op(vector.ShuffleOp(source, source, lanes, result_type=self.type))

    def _at_byte(self, indices: list[SSAValue]) -> SSAValue:
        """The word that begins at any byte, in all lanes."""
        emit, (lanes,) = self.tile.emit, self.type.get_shape()
        size = self.type.element_type.bitwidth // 8  # pyright: ignore
        loaded = emit.op(vector.LoadOp(self.tile.x, indices, VectorType(i8, [size])))
        word = emit.op(vector.BitcastOp(loaded, VectorType(self.type.element_type, [1])))
        zeros = DenseArrayBase.from_list(i64, [0] * lanes)
        return emit.op(vector.ShuffleOp(word, word, zeros, result_type=self.type))

    def _vector(self, pixel: int, first: int) -> SSAValue:
        """The words from `first` on, loaded where the first of them is wanted."""
        key = (pixel, first)
        if key not in self._vectors:
            memory = self.tile.x.type
            assert isinstance(memory, MemRefType)
            type_ = VectorType(memory.element_type, [self.run])
            indices = self.tile.x_at(self.x, pixel, first)
            self._vectors[key] = self.tile.emit.op(vector.LoadOp(self.tile.x, indices, type_))
        return self._vectors[key]
