"""The stage of `lowbit.correction` for weights that are not known at compile time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import i32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType
from lowbit_dialect.geometry import WEIGHT_LAYOUTS
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.correction import CorrectionOp
from lowering.loops.emit import INDEX, Index
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target


def correction(op: CorrectionOp, target: Target) -> StageLoops:
    """Sum the decoded weights over the valid taps of each border class (see `kernel_sums`)."""
    kernel_sums, geometry = op.kernel_sums, op.geometry
    code = code_of(op.w.type, "w")
    row_classes, col_classes = kernel_sums.class_counts(geometry)
    kh, kw, ic = geometry.rows.taps, geometry.cols.taps, geometry.ic // geometry.groups
    pattern_factor, affine = kernel_sums.pattern_factor, code.affine
    constant = int(np.int64(kernel_sums.constant(geometry)).astype(np.int32))
    shape = shape_of(op.w)
    order = WEIGHT_LAYOUTS[op.layout.data] if len(shape) == 4 else None

    def where(oc: Index, y: Index, x: Index, c: Index) -> Sequence[Index]:
        if order is None:
            return (c, oc)
        indices: list[Index] = [0] * 4
        for dim, index in zip(order, (oc, y, x, c), strict=True):
            indices[dim] = index
        return indices

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        emit = stage.emit
        weights, result = stage.tensor(op.w), stage.tensor(op.result)
        step = 2 if affine is not None and affine.alpha else 1
        extend = arith.ExtSIOp if isinstance(code, SignedType) else arith.ExtUIOp

        def channel(oc: Index, r: Index, c: Index) -> None:
            def value_of(pattern: SSAValue) -> SSAValue:
                if affine is None:
                    return emit.load(
                        stage.table(code.values), [emit.op(arith.IndexCastOp(pattern, INDEX))]
                    )
                value = emit.binary(arith.MuliOp, pattern, emit.constant(step, i32))
                return emit.binary(arith.AddiOp, value, emit.constant(affine.alpha, i32))

            def over_ic(
                y: Index, x: Index, k: Index, factor: SSAValue, total: SSAValue
            ) -> SSAValue:
                pattern = emit.op(extend(emit.load(weights, where(oc, y, x, k)), i32))
                term = emit.binary(arith.MuliOp, value_of(pattern), factor)
                total = emit.binary(arith.AddiOp, total, term)
                plain = emit.binary(arith.MuliOp, pattern, emit.constant(pattern_factor, i32))
                return emit.binary(arith.AddiOp, total, plain)

            def over_kw(y: Index, x: Index, acc: Sequence[SSAValue]) -> Sequence[SSAValue]:
                factor = _value_factor(stage, op, (r, c), (y, x))
                return emit.for_(0, ic, acc, lambda k, acc: [over_ic(y, x, k, factor, acc[0])])

            (total,) = emit.for_(
                0,
                kh,
                [emit.constant(constant, i32)],
                lambda y, acc: emit.for_(0, kw, acc, lambda x, acc: over_kw(y, x, acc)),
            )
            emit.store(total, result, (r, c, oc))

        emit.loop(
            low,
            high,
            lambda oc: emit.loop(
                0,
                row_classes,
                lambda r: emit.loop(0, col_classes, lambda c: channel(oc, r, c)),
            ),
        )

    return StageLoops(geometry.oc, body)


def _value_factor(
    stage: Stage, op: CorrectionOp, classes: tuple[Index, Index], tap: tuple[Index, Index]
) -> SSAValue:
    """What a unit of a weight's value adds: more where the tap is on the image in its classes."""
    emit, kernel_sums, geometry = stage.emit, op.kernel_sums, op.geometry
    elsewhere = emit.constant(kernel_sums.value_factor, i32)
    if not kernel_sums.needs_border_classes:
        return elsewhere
    factor = emit.constant(kernel_sums.value_factor + kernel_sums.x_offset, i32)
    for window, number, at in zip((geometry.rows, geometry.cols), classes, tap, strict=True):
        sets = window.class_runs()[0]
        first = stage.choose([taps.start for taps in sets], number)
        count = stage.choose([len(taps) for taps in sets], number)
        # Below the first tap the difference is negative, which is a large unsigned number.
        from_first = emit.value(at)
        if not isinstance(first, int) or first:
            from_first = emit.binary(arith.SubiOp, from_first, emit.value(first))
        is_valid = emit.op(arith.CmpiOp(from_first, emit.value(count), "ult"))
        factor = emit.op(arith.SelectOp(is_valid, factor, elsewhere))
    return factor
