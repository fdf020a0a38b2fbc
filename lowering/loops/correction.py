"""The stage of `lowbit.correction` for weights that are not known at compile time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import i32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType
from lowbit_dialect.geometry import WEIGHT_LAYOUTS
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.kernel import affine_code_of
from lowering.loops.emit import Index
from lowering.loops.stage import FunctionLowering, Stage, shape_of


def lower_correction(op: CorrectionOp, lowering: FunctionLowering) -> None:
    """Sum the decoded weights over the valid taps of each border class (see `raw_sums`)."""
    raw_sums, geometry = op.raw_sums, op.geometry
    code = affine_code_of(op.w.type, "w")
    row_classes, col_classes = raw_sums.class_counts(geometry)
    kh, kw, ic = geometry.rows.taps, geometry.cols.taps, geometry.ic // geometry.groups
    valid = np.zeros((row_classes, col_classes, kh, kw), np.int32)
    if raw_sums.needs_border_classes:
        for r, rows in enumerate(geometry.rows.classes()[0]):
            for c, cols in enumerate(geometry.cols.classes()[0]):
                valid[r, c][np.ix_(rows, cols)] = raw_sums.x_offset
    pattern_factor = raw_sums.pattern_factor
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
        step = 2 if code.affine.alpha else 1
        extend = arith.ExtSIOp if isinstance(code, SignedType) else arith.ExtUIOp

        def channel(oc: Index, r: Index, c: Index) -> None:
            zero = emit.constant(0, i32)

            def over_ic(y: Index, x: Index, k: Index, total: SSAValue) -> SSAValue:
                pattern = emit.op(extend(emit.load(weights, where(oc, y, x, k)), i32))
                value = emit.binary(arith.MuliOp, pattern, emit.constant(step, i32))
                value = emit.binary(arith.AddiOp, value, emit.constant(code.affine.alpha, i32))
                term = emit.binary(arith.MuliOp, value, emit.load(factors, (r, c, y, x)))
                total = emit.binary(arith.AddiOp, total, term)
                plain = emit.binary(arith.MuliOp, pattern, emit.constant(pattern_factor, i32))
                return emit.binary(arith.AddiOp, total, plain)

            (total,) = emit.carry(
                0,
                kh,
                [zero],
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
