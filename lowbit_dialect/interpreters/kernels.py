"""The operations of level 2, from the words.

This is a second witness: it trusts `kernel_sums` and the packed layouts where `reference` trusts
neither, so a test that compares the two tests both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
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
from xdsl.ir import Attribute, Operation

from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS, ConvGeometry
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import split_levels
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp, YieldOp
from lowbit_dialect.strategies import STRATEGY_OPS
from lowbit_dialect.sums.base import KernelSums


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


def _columns_of_words(w: NDArray, taps: int) -> NDArray:
    """Words of one byte (planes, OC, KH, KW, 1) from words of neighbouring columns of taps."""
    words = np.ascontiguousarray(w).view(np.uint8)
    return words.reshape(*w.shape[:3], -1, 1)[:, :, :, :taps]


def _raw_sums(
    x: NDArray, w: NDArray, kernel_sums: KernelSums, geometry: ConvGeometry
) -> NDArray[np.int64]:
    """The sums that a kernel makes before the correction.

    Args:
        x: words (planes, N, H + padding, W + padding, groups * C words).
        w: words (planes, OC, KH, KW, C words of a group).
        kernel_sums: what is summed.
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
        sums += kernel_sums.of_words(image, weights)
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

    @classmethod
    @override
    def _impls(cls) -> Iterable[tuple[type[Operation], Any]]:
        yield from super()._impls()
        for strategy in STRATEGY_OPS.values():
            yield strategy.conv, impl(strategy.conv)(cls._conv)
            yield strategy.gemm, impl(strategy.gemm)(cls._gemm)

    def _conv(self, interpreter: Interpreter, op: ConvKernelOp, args: PythonValues) -> PythonValues:
        """Sums, correction and epilogue of a convolution."""
        layout, geometry = op.layout.data, op.geometry
        x = _cut_frame(args[0], geometry, layout)
        w = args[1].logical_words.transpose(0, *(d + 1 for d in WEIGHT_LAYOUTS[layout]))
        if op.has_column_words:
            w = _columns_of_words(w, geometry.cols.taps)
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
        sums = _raw_sums(x, w, op.kernel_sums, geometry)
        if len(args) <= 2:
            return sums
        total = _add_correction(sums, args[2], geometry)
        # Sums of entries wrap where offsets take them out of i32; the correction wraps them back.
        return total.astype(np.int32).astype(np.int64) if op.kernel_sums.wraps else total

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
        return (op.kernel_sums.correction(patterns, op.geometry),)
