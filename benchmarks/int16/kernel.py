"""A convolution of 16-bit integers with sums in i32, as loops: the measure of low-bit kernels.

It is no strategy of the compiler, but a peer that goes through the same passes and the same LLVM.
The lanes are output channels, the sums of a tile of pixels stay in registers, and the weights lie
in the order in which they are read:

    for block of output channels, image, row, tile of columns:
      sums = 0                                         pixels x vectors registers of i32
      for kh, kw, input channels by `channels`:
        sums[m, v] += x[row, col + m, channel] * w[channel, lanes of v]
      out[image, row, col + m, block] = sums[m, v]

x has a frame of zeros as wide as the padding, so no tap is a special case. Where the target adds
two products of i16 in one instruction (x86), weights of two input channels are neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, func, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    FunctionType,
    IntegerType,
    MemRefType,
    ModuleOp,
    VectorType,
    i16,
    i32,
    i64,
)
from xdsl.ir import Block, Region, SSAValue

from lowbit_dialect import simd
from lowbit_dialect.geometry import ConvGeometry
from lowering.llvm.intrinsics import INTRINSICS, Intrinsic
from lowering.loops.emit import Emit, Index
from lowering.simd.lower_dot import PAIRS_OF_I16
from lowering.targets import Target

FUNCTION = "int16_conv"
"""The name of the function: `func @int16_conv(%x, %w, %out)`."""

Sums = Sequence[SSAValue]
"""Accumulators, those of the first pixel first."""


@dataclass(frozen=True)
class Tile:
    """What an iteration of the innermost loop adds up.

    `pixels` neighbours of a row times `vectors` registers of output channels, `channels` input
    channels each. `load` is how many registers of sums one load of weights is for: a load of i16
    fills two where they are widened by halves.
    """

    pixels: int
    vectors: int
    channels: int
    load: int = 1

    def __str__(self) -> str:
        return f"{self.pixels}x{self.vectors}x{self.channels}"


@dataclass(frozen=True)
class Int16Kernel:
    """The kernel of a geometry: its loops, and the arrays it takes.

    Groups are not supported, as the published baseline has none.

    Raises:
        ValueError: the geometry has groups.
    """

    geometry: ConvGeometry
    target: Target
    tile: Tile

    def __post_init__(self) -> None:
        if self.geometry.groups != 1:
            raise ValueError(f"the int16 kernel takes 1 group, got {self.geometry.groups}")

    @property
    def pair(self) -> int:
        """Input channels whose products one instruction adds: 1 or 2."""
        return 1 if self._dot is None else 2

    @property
    def pixels(self) -> int:
        """Pixels of a full tile; rows may be shorter than the tile is."""
        return min(self.tile.pixels, self.geometry.cols.out)

    @property
    def lanes(self) -> int:
        """Output channels of a register of sums."""
        return self.target.lanes(32)

    @property
    def block(self) -> int:
        """Output channels of a tile."""
        return self.lanes * self.tile.vectors

    @property
    def blocks(self) -> int:
        """Tiles of output channels, the last of which may be filled up with zeros."""
        return ceil(self.geometry.oc / self.block)

    @property
    def channels(self) -> int:
        """Input channels of the arrays: those of the geometry and zeros up to whole steps."""
        return ceil(self.geometry.ic / self.tile.channels) * self.tile.channels

    @property
    def macs_per_iteration(self) -> int:
        """Products of an iteration of the innermost loop over a full tile."""
        return self.pixels * self.block * self.tile.channels

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """Of x: (batch, height, width, channels) with the frame."""
        rows, cols = self.geometry.rows, self.geometry.cols
        height, width = (axis.before + axis.extent + axis.after for axis in (rows, cols))
        return self.geometry.batch, height, width, self.channels

    @property
    def weight_shape(self) -> tuple[int, int, int, int, int]:
        """Of w: (block, kh, kw, channel / pair, lane x pair)."""
        rows, cols = self.geometry.rows, self.geometry.cols
        pairs = self.channels // self.pair
        return self.blocks, rows.taps, cols.taps, pairs, self.block * self.pair

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """Of the sums: (batch, out height, out width, output channels of all blocks)."""
        rows, cols = self.geometry.rows, self.geometry.cols
        return self.geometry.batch, rows.out, cols.out, self.blocks * self.block

    def frame(self, x: NDArray[np.int16]) -> NDArray[np.int16]:
        """(batch, height, width, ic) as the kernel reads it."""
        rows, cols = self.geometry.rows, self.geometry.cols
        framed = np.zeros(self.input_shape, np.int16)
        top, left = rows.before, cols.before
        framed[:, top : top + rows.extent, left : left + cols.extent, : self.geometry.ic] = x
        return framed

    def pack(self, w: NDArray[np.int16]) -> NDArray[np.int16]:
        """(oc, kh, kw, ic) as the kernel reads it."""
        oc, kh, kw, ic = w.shape
        padded = np.zeros((self.blocks * self.block, kh, kw, self.channels), np.int16)
        padded[:oc, ..., :ic] = w
        split = padded.reshape(self.blocks, self.block, kh, kw, -1, self.pair)
        return np.ascontiguousarray(split.transpose(0, 2, 3, 4, 1, 5)).reshape(self.weight_shape)

    def module(self) -> ModuleOp:
        """The function at the level of loops, over memrefs of these shapes."""
        word = IntegerType(16 * self.pair)
        *outer, channels = self.input_shape
        *taps, lanes = self.weight_shape
        inputs = (
            MemRefType(word, (*outer, channels // self.pair)),
            MemRefType(word, (*taps, lanes // self.pair)),
            MemRefType(i32, self.output_shape),
        )
        entry = Block(arg_types=inputs)
        emit = Emit(entry)
        _Written(self, emit, *entry.args).loops()
        emit.op(func.ReturnOp())
        function = func.FuncOp(FUNCTION, FunctionType.from_lists(inputs, ()), Region(entry))
        return ModuleOp([function])

    @property
    def _dot(self) -> Intrinsic | None:
        """The instruction that adds two products of i16, where there is one."""
        sums = VectorType(i32, [self.lanes])
        found = (INTRINSICS[name] for name in PAIRS_OF_I16)
        return next((i for i in found if i.result == sums and i.available(self.target)), None)


class _Written:
    """The function while it is written."""

    def __init__(self, kernel: Int16Kernel, emit: Emit, x: SSAValue, w: SSAValue, out: SSAValue):
        self.kernel, self.emit, self.x, self.w, self.out = kernel, emit, x, w, out
        self.dot = kernel._dot
        self.sums = VectorType(i32, [kernel.lanes])
        self.halves = VectorType(i16, [kernel.lanes * kernel.pair])

    def loops(self) -> None:
        """The loops over tiles: a block's weights stay in a cache while x goes by."""
        kernel, emit = self.kernel, self.emit
        batch, rows, cols, _ = kernel.output_shape
        full = cols // kernel.pixels * kernel.pixels

        def row(block: Index, image: Index, row: Index) -> None:
            emit.loop(0, full, lambda col: self._tile(block, image, row, col, kernel.pixels),
                      kernel.pixels)  # fmt: skip
            if full < cols:
                self._tile(block, image, row, full, cols - full)

        emit.loop(0, kernel.blocks, lambda block:
            emit.loop(0, batch, lambda image:
                emit.loop(0, rows, lambda r: row(block, image, r))))  # fmt: skip

    def _tile(self, block: Index, image: Index, row: Index, col: Index, pixels: int) -> None:
        kernel, emit = self.kernel, self.emit
        rows, cols = kernel.geometry.rows, kernel.geometry.cols
        words, step = kernel.channels // kernel.pair, kernel.tile.channels // kernel.pair
        top, left = emit.mul(row, rows.stride), emit.mul(col, cols.stride)
        zeros = [emit.constant(0, self.sums)] * (pixels * kernel.tile.vectors)

        def taps(kh: Index, kw: Index, sums: Sums) -> Sums:
            y = emit.add(top, emit.mul(kh, rows.dilation))
            x = emit.add(left, emit.mul(kw, cols.dilation))
            at = [(image, y, emit.add(x, m * cols.stride)) for m in range(pixels)]
            return emit.for_(0, words, sums, lambda word, now:
                self._products(at, (block, kh, kw), word, now), step)  # fmt: skip

        sums = emit.for_(0, rows.taps, zeros, lambda kh, outer:
            emit.for_(0, cols.taps, outer, lambda kw, inner: taps(kh, kw, inner)))  # fmt: skip
        for n, value in enumerate(sums):
            m, v = divmod(n, kernel.tile.vectors)
            lane = emit.add(emit.mul(block, kernel.block), v * kernel.lanes)
            emit.store_vector(value, self.out, (image, row, emit.add(col, m), lane))

    def _products(
        self,
        pixels: Sequence[tuple[Index, Index, Index]],
        tap: tuple[Index, Index, Index],
        word: Index,
        sums: Sums,
    ) -> Sums:
        """The sums and the products of the input channels of a step."""
        step = self.kernel.tile.channels // self.kernel.pair
        xs = [self._pixel((*pixel, word), step) for pixel in pixels]
        for k in range(step):
            ws = self._weights((*tap, self.emit.add(word, k)))
            products = [(x[k], w) for x in xs for w in ws]
            sums = [self._added(s, x, w) for s, (x, w) in zip(sums, products, strict=True)]
        return sums

    def _pixel(self, at: tuple[Index, ...], step: int) -> list[SSAValue]:
        """Each word of a pixel in all lanes.

        Single numbers are loaded together: ARM multiplies with one lane of a register.
        """
        emit = self.emit
        if self.dot is not None:
            words = [(*at[:-1], emit.add(at[-1], k)) for k in range(step)]
            return [self._broadcast(indices) for indices in words]
        type_ = VectorType(i16, [step])
        together = emit.load_vector(self.x, at, type_)
        return [self._shuffled(together, [k] * self.kernel.lanes) for k in range(step)]

    def _broadcast(self, indices: tuple[Index, ...]) -> SSAValue:
        emit = self.emit
        at = [emit.value(i) for i in indices]
        wide = emit.op(simd.BroadcastLoadOp(self.x, at, self.sums))
        return emit.op(vector.BitcastOp(wide, self.halves))

    def _weights(self, at: tuple[Index, ...]) -> list[SSAValue]:
        """The weights of the vectors of a block for one word of x."""
        kernel, emit = self.kernel, self.emit
        found: list[SSAValue] = []
        for first in range(0, kernel.tile.vectors, kernel.tile.load):
            indices = (*at, first * kernel.lanes)
            if self.dot is not None:
                wide = emit.load_vector(self.w, indices, self.sums)
                found.append(emit.op(vector.BitcastOp(wide, self.halves)))
                continue
            lanes = kernel.lanes * kernel.tile.load
            loaded = emit.load_vector(self.w, indices, VectorType(i16, [lanes]))
            for part in range(kernel.tile.load):
                mask = range(part * kernel.lanes, (part + 1) * kernel.lanes)
                found.append(self._shuffled(loaded, mask) if kernel.tile.load > 1 else loaded)
        return found

    def _shuffled(self, source: SSAValue, lanes: Sequence[int]) -> SSAValue:
        """Some lanes of a vector of i16, as many as a register of sums has."""
        mask = DenseArrayBase.from_list(i64, lanes)
        return self.emit.op(vector.ShuffleOp(source, source, mask, result_type=self.halves))

    def _added(self, acc: SSAValue, x: SSAValue, w: SSAValue) -> SSAValue:
        """acc + x * w, two products to a lane where the target has that."""
        emit = self.emit
        if self.dot is not None:
            product = emit.op(self.dot.call(self.kernel.target, (x, w)))
        else:
            wide = [emit.op(simd.ExtSIOp(half, self.sums)) for half in (x, w)]
            product = emit.binary(arith.MuliOp, *wide)
        return emit.binary(arith.AddiOp, acc, product)
