"""The operations of level 2, from the words, by popcounts.

This is a second witness: it trusts `decomposition` and the packed layouts where `reference` trusts
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

from lowbit_dialect.decomposition import Decomposition
from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS, ConvGeometry
from lowbit_dialect.interpreters.values import PackedArray
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.bitserial import (
    BitserialConvOp,
    BitserialGemmOp,
    BitserialOp,
    CorrectionOp,
    YieldOp,
)

_POPCOUNT = np.array([byte.bit_count() for byte in range(256)], np.uint8)
_COMBINE = {"and": np.bitwise_and, "xor": np.bitwise_xor}


def _popcount_sums(
    x: NDArray, w: NDArray, decomposition: Decomposition, geometry: ConvGeometry
) -> NDArray[np.int64]:
    """Weighted sums of the popcounts of all pairs of planes.

    Args:
        x: words (planes, N, H + padding, W + padding, groups * C words).
        w: words (planes, OC, KH, KW, C words of a group).
        decomposition: the pairs of planes, and how they combine.
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
        for term in decomposition.terms:
            words = _COMBINE[decomposition.combine](
                image[term.x_plane], grouped_w[term.w_plane, :, :, i, j], order="C"
            )
            counts = _POPCOUNT[words.view(np.uint8)].sum(axis=-1, dtype=np.int64)
            sums += (term.sign << term.exponent) * counts
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
class BitserialFunctions(InterpreterFunctions):
    """Contractions by popcounts, their corrections and epilogues."""

    @impl(BitserialConvOp)
    def run_conv(
        self, interpreter: Interpreter, op: BitserialConvOp, args: PythonValues
    ) -> PythonValues:
        """Popcounts, correction and epilogue of a convolution."""
        layout, geometry = op.layout.data, op.geometry
        x = _cut_frame(args[0], geometry, layout)
        w = args[1].logical_words.transpose(0, *(d + 1 for d in WEIGHT_LAYOUTS[layout]))
        sums = self._sums(op, x, w, geometry, args)
        back = np.argsort(LAYOUTS[layout])
        return self._finish(interpreter, op, sums.transpose(back))

    @impl(BitserialGemmOp)
    def run_gemm(
        self, interpreter: Interpreter, op: BitserialGemmOp, args: PythonValues
    ) -> PythonValues:
        """Popcounts, correction and epilogue of a matrix product."""
        geometry = op.geometry
        x = args[0].logical_words[:, None, None]
        w = args[1].logical_words.transpose(0, 2, 1)[:, :, None, None]
        sums = self._sums(op, x, w, geometry, args)
        return self._finish(interpreter, op, sums[0, 0])

    @staticmethod
    def _sums(
        op: BitserialOp, x: NDArray, w: NDArray, geometry: ConvGeometry, args: PythonValues
    ) -> NDArray[np.int64]:
        sums = _popcount_sums(x, w, op.decomposition, geometry)
        return _add_correction(sums, args[2], geometry) if len(args) > 2 else sums

    @staticmethod
    def _finish(interpreter: Interpreter, op: BitserialOp, sums: NDArray[np.int64]) -> PythonValues:
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
        return (op.decomposition.correction(patterns, op.geometry),)
