"""The tables of `lowbit bench`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from runtime.cli.console import duration
from runtime.measure.record import Record, scaling

OUTPUTS = {True: "equal to the reference", False: "WRONG"}


def records_table(records: Sequence[Record]) -> Table:
    """A row for each record."""
    table = Table()
    for name in ("id", "pair", "isa", "strategy", "out"):
        table.add_column(name)
    for name in ("threads", "time", "cycles", "MAC/cycle", "predicted", "compile", "from cache"):
        table.add_column(name, justify="right")
    table.add_column("output")
    for r in records:
        table.add_row(
            *(r.id, r.pair, r.isa, r.strategy, r.out, str(r.threads)),
            *(duration(r.seconds), f"{r.cycles:,.0f}", f"{r.mac_per_cycle:.0f}"),
            f"{r.predicted:.0f}" if r.predicted else "",
            duration(r.cold_seconds) if r.cold_seconds else "",
            duration(r.cached_seconds) if r.cached_seconds else "",
            OUTPUTS[r.checked],
        )
    return table


def scaling_table(records: Sequence[Record]) -> Table:
    """How several threads compare with one."""
    table = Table("id", "pair", "isa", "strategy", "out")
    for title in ("threads", "time", "against one thread"):
        table.add_column(title, justify="right")
    for r, ratio in scaling(records):
        row = (str(r.threads), duration(r.seconds), f"{ratio:.2f}x")
        table.add_row(r.id, r.pair, r.isa, r.strategy, r.out, *row)
    return table
