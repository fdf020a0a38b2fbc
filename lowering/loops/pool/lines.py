"""The rows of the result of a pool, image by image: the parts of its stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xdsl.ir import SSAValue

from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.ops.pool import PoolOp
from lowering.loops.emit import Index
from lowering.loops.stage import Stage, StageLoops, shape_of


class Lines(Protocol):
    """What computes rows of a pool."""

    def line(self, image: Index, row: Index) -> None:
        """Compute one row of the result."""


def loops_of_lines(op: PoolOp, lines_of: Callable[[Stage], Lines]) -> StageLoops:
    """The loops over the rows of all images; `lines_of` makes what computes them in a stage."""
    rows = op.windows[0]
    batch = shape_of(op.x)[LAYOUTS[op.layout.data][0]]

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        lines, emit = lines_of(stage), stage.emit
        emit.loop(
            low, high, lambda job: lines.line(emit.div(job, rows.out), emit.mod(job, rows.out))
        )

    return StageLoops(batch * rows.out, body)
