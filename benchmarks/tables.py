"""Tables of measurements beside their goals and other libraries."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from benchmarks.goals import Verdict, mac_goal, speedup_goal, verdicts
from benchmarks.peers.best import best_peer
from benchmarks.peers.peer import ARITHMETIC
from runtime.cli.console import duration
from runtime.measure.record import Record


def goals_table(records: Sequence[Record]) -> Table:
    """MAC/cycle by pair and layer, each with its goal."""
    layers = list(dict.fromkeys(r.id for r in records))
    table = Table("isa", "pair", "out")
    for layer in layers:
        table.add_column(layer, justify="right", no_wrap=True)
    rows: dict[tuple[str, str, str], dict[str, Record]] = {}
    for r in records:
        if r.threads == 1:
            rows.setdefault((r.isa, r.pair, r.out), {})[r.id] = r
    isas = list(dict.fromkeys(isa for isa, _, _ in rows))
    for key, row in sorted(rows.items(), key=lambda item: isas.index(item[0][0])):
        table.add_row(*key, *(_against_goal(row.get(layer)) for layer in layers))
    return table


def _against_goal(record: Record | None) -> str:
    if record is None:
        return ""
    goal = mac_goal(record)
    return f"{record.mac_per_cycle:.0f}" + (f" / {goal:.0f}" if goal else "")


_SAME_BITS = {"bin": "A1W1"}
"""Of some arithmetic the only pair that it makes sense to compare with."""


def ratios_tables(records: Sequence[Record]) -> list[Table]:
    """For each kind of rival how many times faster we are than the best one in the same run."""
    return [_ratios_table(records, name) for name in ARITHMETIC]


def _ratios_table(records: Sequence[Record], arithmetic: str) -> Table:
    """Ratio / goal by pair and layer, the rival and its time above; peers use the whole host."""
    only, rivals = _SAME_BITS.get(arithmetic), (arithmetic,)
    best = [
        (r, found)
        for r in records
        if r.isa == "host" and r.threads == 1 and only in (None, r.pair)
        if (found := best_peer(r, rivals))
    ]
    layers = list(dict.fromkeys(r.id for r, _ in best))
    table = Table(f"against {ARITHMETIC[arithmetic]}", "out")
    for layer in layers:
        table.add_column(layer, justify="right", no_wrap=True)
    if not best:
        return table
    first = {layer: next(found for r, found in best if r.id == layer) for layer in layers}
    table.add_row("the rival", "", *(first[layer][0] for layer in layers))
    table.add_row("its time", "", *(duration(first[layer][1]) for layer in layers))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for r, (_, seconds) in best:
        goal = speedup_goal(r, rivals)
        cell = f"{seconds / r.seconds:.2f}" + (f" / {goal:g}" if goal else "")
        rows.setdefault((r.pair, r.out), {})[r.id] = cell
    for key, row in rows.items():
        table.add_row(*key, *(row.get(layer, "") for layer in layers))
    return table


def peers_table(records: Sequence[Record]) -> Table:
    """Seconds of every peer on every layer; marks are those of `MARKS_LINE`."""
    by_layer = {r.id: r for r in records if r.peers}
    table = Table("peer")
    for layer in by_layer:
        table.add_column(layer, justify="right")
    for name in dict.fromkeys(name for r in by_layer.values() for name in r.peers):
        cells = [
            duration(r.peers[name]) + _MARKS[r.peer_checks[name]] if name in r.peers else ""
            for r in by_layer.values()
        ]
        table.add_row(name, *cells)
    return table


_MARKS = {"right": "", "wrong": " *", "not checked": " ?"}
MARKS_LINE = "* the result is wrong; ? the result was not checked"


def compile_table(records: Sequence[Record]) -> Table:
    """Milliseconds of a compilation by pair and layer: cold, and from the cache."""
    timed = [r for r in records if r.cold_seconds and r.cached_seconds and r.isa == "host"]
    layers = list(dict.fromkeys(r.id for r in timed))
    table = Table("pair", "out")
    for layer in layers:
        table.add_column(layer, justify="right", no_wrap=True)
    rows: dict[tuple[str, str], dict[str, Record]] = {}
    for r in timed:
        rows.setdefault((r.pair, r.out), {})[r.id] = r
    for key, row in rows.items():
        table.add_row(*key, *(_compile_milliseconds(row.get(layer)) for layer in layers))
    return table


def _compile_milliseconds(record: Record | None) -> str:
    if record is None or record.cold_seconds is None or record.cached_seconds is None:
        return ""
    return f"{record.cold_seconds * 1e3:.0f} / {record.cached_seconds * 1e3:.2g}"


def missed_table(missed: Sequence[Verdict]) -> Table:
    """The goals that were not reached, the farthest first."""
    table = Table("missed", "id", "pair", "isa", "out")
    for title in ("goal", "measured", "of goal"):
        table.add_column(title, justify="right")
    for v in sorted(missed, key=lambda v: v.score):
        r = v.record
        numbers = (f"{v.goal:.4g}{v.unit}", f"{v.measured:.4g}{v.unit}", f"{v.score:.0%}")
        table.add_row(v.what, r.id, r.pair, r.isa, r.out, *numbers)
    return table


def summary_table(found: Sequence[Verdict]) -> Table:
    """How many goals of each kind were met, and which was missed by most."""
    table = Table("goal", "pair", "isa", "out")
    table.add_column("met", justify="right")
    table.add_column("farthest away")
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for v in found:
        r = v.record
        groups.setdefault((v.kind, r.pair, r.isa, r.out), []).append(v)
    for key, group in groups.items():
        worst = min(group, key=lambda v: v.score)
        text = ""
        if not worst.is_met:
            measured = f"{worst.measured:.3g}{worst.unit} of {worst.goal:g}{worst.unit}"
            text = f"{worst.record.id}: {measured} ({worst.score:.0%})"
        table.add_row(*key, f"{sum(v.is_met for v in group)} of {len(group)}", text)
    return table


def goals_line(records: Sequence[Record]) -> tuple[str, list[Verdict]]:
    """How many goals were met, and those that were not."""
    found = list(verdicts(records))
    missed = [v for v in found if not v.is_met]
    return f"{len(found) - len(missed)} of {len(found)} goals met", missed
