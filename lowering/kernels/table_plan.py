"""How a contraction by tables of partial sums is laid out on a target: table size, ring, chunks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.kernel_layouts import TABLE_WORD
from lowbit_dialect.table_sums import TableSums
from lowering.targets import Target


@dataclass(frozen=True)
class TablePlan:
    """The tables of one contraction.

    An index has `bits` bits; a pixel has `indices` of them in each group of channels. `columns`
    and `ring` are the extents of the tables that live at a time, `chunk` is how many indices are
    looked up between two visits to the sums of other channels.
    """

    geometry: ConvGeometry
    sums: TableSums
    indices: int
    columns: int
    ring: int
    chunk: int
    obstacle: str | None

    @property
    def entries(self) -> int:
        """Bytes of a table."""
        return 1 << self.sums.bits

    @property
    def ring_bytes(self) -> int:
        """Bytes of all tables that live at a time."""
        return self.ring * self.columns * self.geometry.groups * self.indices * self.entries


def index_bits(target: Target) -> int:
    """Bits of the indices that a shuffle of the target takes: tables of 64 bytes, or of 16."""
    return 6 if target.has("avx512vbmi") else 4


def plan_tables(
    x: AffineCode, w: AffineCode, geometry: ConvGeometry, target: Target, pixels: int
) -> TablePlan:
    """The tables of a contraction whose register tile has `pixels` pixels."""
    sums, rows, cols = TableSums.of(x, w, index_bits(target)), geometry.rows, geometry.cols
    channels = geometry.ic // geometry.groups
    indices = sum(
        ceil(min(TABLE_WORD, channels - start) / sums.bits)
        for start in range(0, channels, TABLE_WORD)
    )
    extent = (rows.taps - 1) * rows.dilation + 1
    tile = (pixels - 1) * cols.stride + (cols.taps - 1) * cols.dilation + 1
    is_row = geometry.batch * rows.out == 1
    columns = tile if is_row else cols.before + cols.extent + cols.after
    taps = rows.taps * cols.taps
    # Half of the first cache level for the tables of a tile, the rest for indices and sums.
    fitting = target.l1_bytes // 2 // (rows.taps * tile << sums.bits)
    most = max(1, min(indices, fitting))
    while most > 1 and not sums.fits_16_bits(taps * most * sums.bits):
        most -= 1
    chunk = ceil(indices / ceil(indices / most))
    plan = TablePlan(geometry, sums, indices, columns, extent, chunk, sums.obstacle)
    if plan.obstacle is None:
        plan = TablePlan(
            geometry, sums, indices, columns, extent, chunk, _obstacle(plan, taps, target)
        )
    return plan


def _obstacle(plan: TablePlan, taps: int, target: Target) -> str | None:
    if not plan.sums.fits_16_bits(taps * plan.chunk * plan.sums.bits):
        return f"sums of {taps} taps of {plan.sums.bits} channels can leave 16 bits"
    if plan.ring_bytes > target.l2_bytes // 2:
        return (
            f"the tables of {plan.ring} rows take {plan.ring_bytes} bytes, more than half of the"
            f" {target.l2_bytes} bytes of the second cache level"
        )
    return None
