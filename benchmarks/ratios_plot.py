"""A picture of how many times faster than the best int8 library each layer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.goals import speedup_goal
from benchmarks.peers.best import best_peer
from runtime.measure.record import Record


def compared_records(records: Sequence[Record]) -> list[Record]:
    """The records of layers that an int8 library was timed on."""
    return [r for r in records if best_peer(r, ("i8",))]


_MOST_BARS = 6
"""Pairs in a group of bars; of more only those that have a goal are drawn."""


def draw_ratios(axes: Any, records: Sequence[Record], colours: Mapping[str, Any]) -> None:
    """A group of bars for each layer: how many times faster than its best int8."""
    records = compared_records(records)
    colours = {pair: c for pair, c in colours.items() if any(r.pair == pair for r in records)}
    out = records[0].out
    if len(colours) > _MOST_BARS:
        with_goal = [r.pair for r in records if speedup_goal(r, ("i8",)) is not None]
        colours = {pair: c for pair, c in colours.items() if pair in with_goal} or colours
    shown = [r for r in records if r.out == out and r.pair in colours]
    layers = list(dict.fromkeys(r.id for r in shown))
    width = 0.85 / len(colours)
    for pair, colour in colours.items():
        places, heights = [], []
        for number, layer in enumerate(layers):
            present = [p for p in colours if any(r.id == layer and r.pair == p for r in shown)]
            for r in shown:
                if r.id == layer and r.pair == pair:
                    offset = present.index(pair) - (len(present) - 1) / 2
                    places.append(number + offset * width)
                    heights.append(_ratio(r))
        bars = axes.bar(places, heights, width, color=colour, label=pair)
        axes.bar_label(bars, [f"{h:.1f}" for h in heights], fontsize=6.5, padding=2)
    axes.axhline(1, color="#1f2933", lw=0.9, ls="--")
    axes.set_xticks(range(len(layers)), [_rival(shown, layer) for layer in layers], fontsize=8)
    axes.set_ylabel("times the speed of the best int8")
    axes.margins(x=0.01, y=0.2)
    axes.grid(True, axis="y", color="#e4e7eb", lw=0.6)
    axes.set_axisbelow(True)
    axes.legend(ncols=_MOST_BARS, fontsize=8, loc="upper right", framealpha=0.9)
    axes.set_title(f"Against the fastest int8 library of each layer, {out} out", fontsize=11)


def _ratio(record: Record) -> float:
    best = best_peer(record, ("i8",))
    return best[1] / record.seconds if best else 0


def _rival(records: Sequence[Record], layer: str) -> str:
    best = next(best_peer(r, ("i8",)) for r in records if r.id == layer)
    return f"{layer}\n{best[0].split('_')[0]}" if best else layer
