"""The loops of a contraction by tables of partial sums, around those of `contraction`.

    for row of the image
      build the tables of the input rows that the row before did not need
      for tile of pixels in the row
        for chunk of table indices, as many as the first cache level holds
          for channel block
            %sums = lowbit.lut_tile ..   plus those of the chunks before
            after the last chunk the epilogue, before it a store

The tables of a row are kept for all rows that read it, in a ring on the stack: every thread has its
own. A matrix product builds those of a tile of rows of its left operand and uses them for all
columns of the right one.
"""

from __future__ import annotations

from math import ceil, gcd

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import MemRefType, i8, i32
from xdsl.dialects.builtin import VectorType
from xdsl.ir import SSAValue
from typing_extensions import override

from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.kernel_layouts import TABLE_WORD
from lowbit_dialect.layout import PackedAttr, packed_layout
from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.lut_tile import BuildTablesOp, LutTileOp
from lowbit_dialect.table_sums import TableSums
from lowering.kernels.table_plan import TablePlan, plan_of
from lowering.loops.contraction import Tiles
from lowering.loops.emit import Index
from lowering.loops.epilogue import Epilogue
from lowering.loops.stage import FunctionLowering, Stage


def lower_table_contraction(op: KernelOp, lowering: FunctionLowering) -> None:
    """Write the stages of a contraction and its epilogue."""
    epilogue = Epilogue.of(op, lowering)
    geometry = op.geometry
    w_layout = packed_layout(op.operands[1].type)
    assert w_layout is not None
    blocks = geometry.groups * ceil(geometry.oc / geometry.groups / w_layout.lane_block[1])
    rows = geometry.batch * geometry.rows.out
    is_row = rows == 1
    schedule = schedule_of(op, geometry, lowering)
    tiles_of_row = ceil(geometry.cols.out / schedule.pixels.data)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        tiles = TableTiles(op, stage, epilogue.begin(stage), blocks)
        if is_row:
            tiles.single_row(low, high)
        else:
            tiles.rows(low, high)

    name = op.name.removeprefix("lowbit.")
    lowering.stage(name, tiles_of_row if is_row else rows, body)
    epilogue.finish()
