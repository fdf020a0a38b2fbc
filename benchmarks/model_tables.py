"""Tables of modelled kernels beside their goals, published figures and 16-bit integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.table import Table

from benchmarks.model_goals import goals_met, is_met, model_goal
from benchmarks.published import (
    published_best,
    published_mac_per_cycle,
    published_on_one_thread,
    published_times_int16,
)
from runtime.measure.model_record import ModelRecord

ON_CORTEX_A53 = ("cortex-a53", "cortex-a9")
"""The targets that published figures of a Cortex-A53 are compared with: that processor, and the
one that 32-bit code is modelled with."""


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def model_goals_table(records: Sequence[ModelRecord]) -> Table:
    """By target, pair and layer: the inner loop / its goal."""
    return _by_layer(records, _against_goal)


def whole_calls_table(records: Sequence[ModelRecord]) -> Table:
    """By target, pair and layer: MAC/cycle of a whole call, and its instructions for 100 MACs."""
    return _by_layer(
        records, lambda r: f"{r.mac_per_cycle:.1f} ({r.instructions_per_100_macs:.1f})"
    )


def int16_table(records: Sequence[ModelRecord]) -> Table:
    """By target, pair and layer: how many times faster than 16-bit integers, ours / published."""
    known = [r for r in records if r.times_int16]
    return _by_layer(known, _against_int16)


def published_table(records: Sequence[ModelRecord], targets: Sequence[str]) -> Table:
    """Ours by the model, whole calls on some targets, and what was published, per core and cycle.

    Args:
        records: what to compare.
        targets: those that are worth comparing with a Cortex-A53.
    """
    table = Table("pair", "layer")
    for title in ("published, 4 cores", "published, 1 thread", *targets):
        table.add_column(title, justify="right")
    cells: dict[tuple[str, str], dict[str, ModelRecord]] = {}
    for r in records:
        if r.target in targets:
            cells.setdefault((r.pair, r.id), {})[r.target] = r
    for (pair, layer), row in sorted(cells.items(), key=lambda item: item[0][0]):
        macs = next(iter(row.values())).macs
        measured = published_mac_per_cycle(layer, pair, macs)
        if measured is None:
            continue
        table.add_row(
            *(pair, layer),
            _rate(measured),
            _rate(published_on_one_thread(layer, pair, macs)),
            *(_against_published(row.get(target), measured) for target in targets),
        )
    for pair in dict.fromkeys(pair for pair, _ in sorted(cells)):
        best = published_best(pair)
        if best is not None:
            ours = [
                max((r.mac_per_cycle for (p, _), row in cells.items()
                     if p == pair and (r := row.get(target))), default=None)
                for target in targets
            ]  # fmt: skip
            rates = (f"{rate:.1f} ({rate / best:.1f}x)" if rate else "" for rate in ours)
            table.add_row(pair, "the best", _rate(best), "", *rates)
    return table


def _against_published(record: ModelRecord | None, measured: float) -> str:
    if record is None:
        return ""
    return f"{record.mac_per_cycle:.1f} ({record.mac_per_cycle / measured:.1f}x)"


def _against_goal(record: ModelRecord) -> str:
    goal = model_goal(record)
    return f"{record.loop_mac_per_cycle:.1f}" + (f" / {goal:g}" if goal else "")


def _against_int16(record: ModelRecord) -> str:
    measured = published_times_int16(record.id, record.pair)
    return f"{record.times_int16:.1f}" + (f" / {measured:g}" if measured else "")


def _by_layer(records: Sequence[ModelRecord], cell: Callable[[ModelRecord], str]) -> Table:
    layers = list(dict.fromkeys(r.id for r in records))
    table = Table("target", "pair")
    for layer in layers:
        table.add_column(layer, justify="right", no_wrap=True)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for r in records:
        rows.setdefault((r.target, r.pair), {}).setdefault(r.id, cell(r))
    targets = list(dict.fromkeys(target for target, _ in rows))
    for key, row in sorted(rows.items(), key=lambda item: (targets.index(item[0][0]), item[0][1])):
        table.add_row(*key, *(row.get(layer, "") for layer in layers))
    return table


def missed_models_table(records: Sequence[ModelRecord]) -> Table:
    """The goals that inner loops do not reach, the farthest first."""
    table = Table("missed", "target", "pair", "strategy")
    for title in ("goal", "by the model", "of goal"):
        table.add_column(title, justify="right")
    rows = [
        (r.loop_mac_per_cycle / goal, r, goal)
        for r in records
        if is_met(r) is False and (goal := model_goal(r))
    ]
    for score, r, goal in sorted(rows, key=lambda row: row[0]):
        rates = f"{goal:g}", f"{r.loop_mac_per_cycle:.1f}", f"{score:.0%}"
        table.add_row(r.id, r.target, r.pair, r.strategy, *rates)
    return table


def model_summary_table(records: Sequence[ModelRecord]) -> Table:
    """How many layers reach the goal of each target and pair, and how far they are from it."""
    table = Table("target", "pair")
    for title in ("goal", "met", "best", "median", "worst"):
        table.add_column(title, justify="right")
    groups: dict[tuple[str, str], list[ModelRecord]] = {}
    for r in records:
        if model_goal(r) is not None:
            groups.setdefault((r.target, r.pair), []).append(r)
    for (target, pair), group in groups.items():
        ranked = sorted(group, key=lambda r: -r.loop_mac_per_cycle)
        picks = (ranked[0], ranked[len(ranked) // 2], ranked[-1])
        table.add_row(
            *(target, pair, f"{model_goal(group[0]):g}"),
            f"{sum(map(bool, map(is_met, group)))} of {len(group)}",
            *(f"{r.id}: {r.loop_mac_per_cycle:.1f}" for r in picks),
        )
    return table


def model_goals_line(records: Sequence[ModelRecord]) -> str:
    """How many goals are met."""
    met, judged = goals_met(records)
    return f"{met} of {judged} goals met, by the model"
