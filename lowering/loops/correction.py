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
from lowering.loops.stage import FunctionLowering, Stage, shape_of


def lower_correction(op: CorrectionOp, lowering: FunctionLowering) -> None:
    """Sum the decoded weights over the valid taps of each border class (see `raw_sums`)."""
    raw_sums, geometry = op.raw_sums, op.geometry
    code = code_of(op.w.type, "w")
    row_classes, col_classes = raw_sums.class_counts(geometry)
    kh, kw, ic = geometry.rows.taps, geometry.cols.taps, geometry.ic // geometry.groups
    valid = np.full((row_classes, col_classes, kh, kw), raw_sums.value_factor, np.int32)
    if raw_sums.needs_border_classes:
        for r, rows in enumerate(geometry.rows.classes()[0]):
            for c, cols in enumerate(geometry.cols.classes()[0]):
                valid[r, c][np.ix_(rows, cols)] += raw_sums.x_offset
    pattern_factor, affine = raw_sums.pattern_factor, code.affine
    constant = int(np.int64(raw_sums.constant(geometry)).astype(np.int32))
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
        factors = stage.table(valid)
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

            def over_ic(y: Index, x: Index, k: Index, total: SSAValue) -> SSAValue:
                pattern = emit.op(extend(emit.load(weights, where(oc, y, x, k)), i32))
                term = emit.binary(
                    arith.MuliOp, value_of(pattern), emit.load(factors, (r, c, y, x))
                )
                total = emit.binary(arith.AddiOp, total, term)
                plain = emit.binary(arith.MuliOp, pattern, emit.constant(pattern_factor, i32))
                return emit.binary(arith.AddiOp, total, plain)

            (total,) = emit.carry(
                0,
                kh,
                [emit.constant(constant, i32)],
                lambda y, acc: emit.carry(
                    0,
                    kw,
                    acc,
                    lambda x, acc: emit.carry(
                        0, ic, acc, lambda k, acc: [over_ic(y, x, k, acc[0])]
                    ),
                ),
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

    lowering.stage("correction", geometry.oc, body)
