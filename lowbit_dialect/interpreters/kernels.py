"""The operations of level 2, from the words, by popcounts or by products of bytes.

This is a second witness: it trusts `raw_sums` and the packed layouts where `reference` trusts
neither, so a test that compares the two tests both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    ReturnedValues,
    TerminatorValue,
    impl,
    impl_terminator,
    register_impls,
)
from xdsl.ir import Attribute

from lowbit_dialect.decomposition import Decomposition
from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS, ConvGeometry
from lowbit_dialect.interpreters.values import PackedArray
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.dot import DotConvOp, DotGemmOp
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp, YieldOp
from lowbit_dialect.ops.lut import LutConvOp, LutGemmOp
from lowbit_dialect.ops.product_lut import ProductLutConvOp, ProductLutGemmOp
from lowbit_dialect.packing import split_levels
from lowbit_dialect.product_table import ProductTable
from lowbit_dialect.raw_sums import RawSums

_POPCOUNT = np.array([byte.bit_count() for byte in range(256)], np.uint8)
_COMBINE = {"and": np.bitwise_and, "xor": np.bitwise_xor}


def _popcounts(x: NDArray, w: NDArray, decomposition: Decomposition) -> NDArray[np.int64]:
    """Weighted popcounts of planes, x (planes, .., words) and w (planes, .., words), summed."""
    sums: Any = 0
    for term in decomposition.terms:
        words = _COMBINE[decomposition.combine](x[term.x_plane], w[term.w_plane], order="C")
        counts = _POPCOUNT[words.view(np.uint8)].sum(axis=-1, dtype=np.int64)
        sums = sums + (term.sign << term.exponent) * counts
    return sums


def _products(x: NDArray, w: NDArray, product: LevelProduct) -> NDArray[np.int64]:
    """Products of level bytes and value bytes, x (1, .., words) and w (1, .., words), summed."""
    levels = np.ascontiguousarray(x[0]).view(np.uint8).astype(np.int64)
    values = np.ascontiguousarray(w[0]).view(np.int8).astype(np.int64)
    return product.step * (levels * values).sum(axis=-1)


def _value_words(w: NDArray, type_: Attribute, count: int) -> NDArray:
    """`count` words (.., words) of value bytes, where the words of w hold smaller levels.

    What follows the last channel is the value of level 0: activations have zeros there.
    """
    layout = packed_layout(type_)
    assert layout is not None
    if not layout.bytes.data or layout.bits.data == 8:
        return w
    levels = split_levels(np.ascontiguousarray(w).view(np.uint8), layout)
    values = np.sort(code_of(type_, "w").values).astype(np.int8)[levels]
    return values.view(w.dtype)[..., :count]


def _looked_up(x: NDArray, w: NDArray, table: ProductTable) -> NDArray[np.int64]:
    """Entries of the index bytes of x (1, .., words) and w (1, .., words), summed."""
    indices = np.bitwise_or(x[0], w[0], order="C").view(np.uint8)
    return table.entries_of(indices).sum(axis=-1)


def _raw_sums(
    x: NDArray, w: NDArray, raw_sums: RawSums, geometry: ConvGeometry
) -> NDArray[np.int64]:
    """The sums that a kernel makes before the correction.

    Args:
        x: words (planes, N, H + padding, W + padding, groups * C words).
        w: words (planes, OC, KH, KW, C words of a group).
        raw_sums: what is summed.
        geometry: extents, strides and dilation.

    Returns:
        Sums of (N, OH, OW, OC).
    """
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    pixels = (geometry.batch, rows.out, cols.out)
    grouped_w = w.reshape(w.shape[0], groups, -1, *w.shape[2:])
    sums = np.zeros((*pixels, groups, geometry.oc // groups), np.int64)
    for i, j in np.ndindex(rows.taps, cols.taps):
        top, left = i * rows.dilation, j * cols.dilation
        image = x[
            :,
            :,
            top : top + (rows.out - 1) * rows.stride + 1 : rows.stride,
            left : left + (cols.out - 1) * cols.stride + 1 : cols.stride,
        ]
        image = image.reshape(len(x), *pixels, groups, 1, -1)
        weights = grouped_w[:, :, :, i, j]
        if isinstance(raw_sums, LevelProduct):
            sums += _products(image, weights, raw_sums)
        elif isinstance(raw_sums, ProductTable):
            sums += _looked_up(image, weights, raw_sums)
        else:
            assert isinstance(raw_sums, Decomposition)
            sums += _popcounts(image, weights, raw_sums)
    return sums.reshape(*pixels, geometry.oc)


def _add_correction(
    sums: NDArray[np.int64], correction: NDArray[np.int32], geometry: ConvGeometry
) -> NDArray[np.int64]:
    """Add to each pixel the correction of its border class, for all channels."""
    index: list[Any] = []
    for window, classes in zip((geometry.rows, geometry.cols), correction.shape, strict=False):
        index.append(window.classes()[1] if classes > 1 else [0] * window.out)
    return sums + correction[np.ix_(*index)]


def _cut_frame(x: PackedArray, geometry: ConvGeometry, layout: str) -> NDArray:
    """Logical words (planes, N, H, W, C words) with the convolution's padding, no wider frame."""
    words = x.logical_words
    attribute = packed_layout(x.type)
    assert attribute is not None
    _, h, w, _ = LAYOUTS[layout]
    cut = [slice(None)] * words.ndim
    for dim, window in ((h, geometry.rows), (w, geometry.cols)):
        start = attribute.frame_of(dim)[0] - window.before
        cut[dim + 1] = slice(start, start + window.before + window.extent + window.after)
    return words[tuple(cut)].transpose(0, *(d + 1 for d in LAYOUTS[layout]))


@register_impls
class KernelFunctions(InterpreterFunctions):
    """Contractions of every strategy, their corrections and epilogues."""

    @impl(BitserialConvOp)
    def run_bitserial_conv(
        self, interpreter: Interpreter, op: BitserialConvOp, args: PythonValues
    ) -> PythonValues:
        """Popcounts of a convolution."""
        return self._conv(interpreter, op, args)

    @impl(DotConvOp)
    def run_dot_conv(
        self, interpreter: Interpreter, op: DotConvOp, args: PythonValues
    ) -> PythonValues:
        """Products of bytes of a convolution."""
        return self._conv(interpreter, op, args)

    @impl(BitserialGemmOp)
    def run_bitserial_gemm(
        self, interpreter: Interpreter, op: BitserialGemmOp, args: PythonValues
    ) -> PythonValues:
        """Popcounts of a matrix product."""
        return self._gemm(interpreter, op, args)

    @impl(DotGemmOp)
    def run_dot_gemm(
        self, interpreter: Interpreter, op: DotGemmOp, args: PythonValues
    ) -> PythonValues:
        """Products of bytes of a matrix product."""
        return self._gemm(interpreter, op, args)

    @impl(ProductLutConvOp)
    def run_product_lut_conv(
        self, interpreter: Interpreter, op: ProductLutConvOp, args: PythonValues
    ) -> PythonValues:
        """Products of a convolution, looked up."""
        return self._conv(interpreter, op, args)

    @impl(ProductLutGemmOp)
    def run_product_lut_gemm(
        self, interpreter: Interpreter, op: ProductLutGemmOp, args: PythonValues
    ) -> PythonValues:
        """Products of a matrix product, looked up."""
        return self._gemm(interpreter, op, args)

    @impl(LutConvOp)
    def run_lut_conv(
        self, interpreter: Interpreter, op: LutConvOp, args: PythonValues
    ) -> PythonValues:
        """Sums of table entries of a convolution, which are popcounts of planes."""
        return self._conv(interpreter, op, args)

    @impl(LutGemmOp)
    def run_lut_gemm(
        self, interpreter: Interpreter, op: LutGemmOp, args: PythonValues
    ) -> PythonValues:
        """Sums of table entries of a matrix product."""
        return self._gemm(interpreter, op, args)

    def _conv(self, interpreter: Interpreter, op: ConvKernelOp, args: PythonValues) -> PythonValues:
        """Sums, correction and epilogue of a convolution."""
        layout, geometry = op.layout.data, op.geometry
        x = _cut_frame(args[0], geometry, layout)
        w = args[1].logical_words.transpose(0, *(d + 1 for d in WEIGHT_LAYOUTS[layout]))
        sums = self._sums(op, x, w, geometry, args)
        back = np.argsort(LAYOUTS[layout])
        return self._finish(interpreter, op, sums.transpose(back))

    def _gemm(self, interpreter: Interpreter, op: GemmKernelOp, args: PythonValues) -> PythonValues:
        """Sums, correction and epilogue of a matrix product."""
        geometry = op.geometry
        x = args[0].logical_words[:, None, None]
        w = args[1].logical_words.transpose(0, 2, 1)[:, :, None, None]
        sums = self._sums(op, x, w, geometry, args)
        return self._finish(interpreter, op, sums[0, 0])

    @staticmethod
    def _sums(
        op: KernelOp, x: NDArray, w: NDArray, geometry: ConvGeometry, args: PythonValues
    ) -> NDArray[np.int64]:
        w = _value_words(w, op.operands[1].type, x.shape[-1] // geometry.groups)
        sums = _raw_sums(x, w, op.raw_sums, geometry)
        if len(args) <= 2:
            return sums
        total = _add_correction(sums, args[2], geometry)
        # Sums of entries wrap where offsets take them out of i32; the correction wraps them back.
        wraps = isinstance(op.raw_sums, ProductTable)
        return total.astype(np.int32).astype(np.int64) if wraps else total

    @staticmethod
    def _finish(interpreter: Interpreter, op: KernelOp, sums: NDArray[np.int64]) -> PythonValues:
        accumulators = sums.astype(np.int32)
        interpreter.interpreter_assert(
            bool((accumulators == sums).all()), f"{op.name}: a sum leaves i32"
        )
        if op.epilogue_block is None:
            return (accumulators,)
        return interpreter.run_ssacfg_region(op.regions[0], (accumulators,), "epilogue")

    @impl_terminator(YieldOp)
    def run_yield(
        self, interpreter: Interpreter, op: YieldOp, args: PythonValues
    ) -> tuple[TerminatorValue, PythonValues]:
        """End the epilogue."""
        return ReturnedValues(args), ()

    @impl(CorrectionOp)
    def run_correction(
        self, interpreter: Interpreter, op: CorrectionOp, args: PythonValues
    ) -> PythonValues:
        """Constants per border class and output channel."""
        patterns = code_of(op.w.type, "w").encode(args[0], "w")
        if patterns.ndim == 2:
            patterns = patterns.T[:, None, None]
        else:
            patterns = patterns.transpose(WEIGHT_LAYOUTS[op.layout.data])
        return (op.raw_sums.correction(patterns, op.geometry),)
