"""The tables of `lowbit bench --target`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from runtime.cli.bench_tables import OUTPUTS
from runtime.measure.model_record import ModelRecord


def models_table(records: Sequence[ModelRecord]) -> Table:
    """A row for each record."""
    table = Table()
    for name in ("id", "pair", "target", "strategy", "tile"):
        table.add_column(name)
    for name in ("inner loop", "does", "products", "whole call", "instr./100 MAC", "in loop"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("output")
    for r in records:
        table.add_row(
            *(r.id, r.pair, r.target, r.strategy, r.tile),
            f"{r.loop_mac_per_cycle:.1f}",
            f"{r.loop_share:.0%}",
            f"{r.counted_macs / r.macs:.1%}",
            f"{r.mac_per_cycle:.1f}",
            f"{r.instructions_per_100_macs:.1f}",
            f"{r.loop_instruction_share:.0%}",
            OUTPUTS[r.checked] + _left_out(r),
        )
    return table


def _left_out(record: ModelRecord) -> str:
    """Of how many instructions llvm-mca knows no cost."""
    return f"; {record.unmodelled:.2%} without a cost" if record.unmodelled else ""
