"""Time the kernels on known layers, on one thread, every output compared with the reference.

Inputs are packed; outputs are packed too (thresholds and packing counted) or the i32 sums. Cycles
are counted in a chain of dependent additions timed beside each sample, so they do not depend on
what the clock does. A MAC is a full-width product: an A2W2 one counts once, taps in the padding
count too.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lowering.strategies import STRATEGIES
from lowering.targets import ISA_CLASSES
from runtime.bench.measure import OUTPUTS, Layer, Record, codes_of, measure
from runtime.bench.workloads import Workload, load_workloads, select
from runtime.cli.arguments import add_records
from runtime.cli.console import duration, show
from runtime.cli.files import check_writable, write_files

DEFAULT_PAIRS = ("A1W1", "A2W1", "A2W2", "A4W4")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit bench`."""
    parser.add_argument(
        "--workloads", type=Path, metavar="FILE", help="a JSON list of layers (default: our own)"
    )
    parser.add_argument(
        "--id", action="append", metavar="C9", help="only this layer; repeat it for several"
    )
    parser.add_argument(
        "--pair",
        action="append",
        metavar="A2W1",
        help=f"bits of activations and weights; repeatable (default: {' '.join(DEFAULT_PAIRS)})",
    )
    parser.add_argument(
        "--isa",
        action="append",
        choices=("host", *ISA_CLASSES),
        help="use the host as if its vector instructions ended there; repeatable (default: host)",
    )
    parser.add_argument(
        "--out", action="append", choices=OUTPUTS, help="what is stored (default: packed)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.3,
        metavar="S",
        help="how long each measurement repeats (default: 0.3)",
    )
    parser.add_argument(
        "--strategy",
        action="append",
        choices=STRATEGIES,
        help="how contractions are computed; repeatable (default: auto, what suits the host)",
    )
    add_records(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records there")


def _selected(workloads: list[Workload], ids: list[str] | None) -> list[Workload]:
    if not ids:
        return [w for w in workloads if not w.is_matmul]
    return select(workloads, ids)


def execute(args: argparse.Namespace) -> int:
    """Run the command; 1 where an output was wrong."""
    pairs = args.pair or list(DEFAULT_PAIRS)
    for pair in pairs:
        codes_of(pair)
    if not args.seconds > 0:
        raise ValueError(f"--seconds must be positive, got {args.seconds}")
    if args.json is not None:
        check_writable(args.json)
    chosen = _selected(load_workloads(args.workloads), args.id)
    settings = list(
        product(args.isa or ["host"], args.out or ["packed"], args.strategy or ["auto"])
    )
    records: list[Record] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(chosen) * len(pairs) * len(settings))
        for workload, pair in product(chosen, pairs):
            layer = Layer.random(workload, pair.upper())
            for isa, out, strategy in settings:
                progress.update(task, description=f"{workload.id} {pair} {isa} {out}")
                record = measure(
                    layer, pair.upper(), isa, out, args.seconds, strategy, args.records
                )
                records.append(record)
                progress.advance(task)
    show(_table(records))
    if args.json is not None:
        text = json.dumps([r.to_json() for r in records], indent=1) + "\n"
        write_files({args.json: lambda file: file.write(text.encode())})
    return 0 if all(r.checked for r in records) else 1


def _table(records: list[Record]) -> Table:
    table = Table()
    for name in ("id", "pair", "isa", "strategy", "out"):
        table.add_column(name)
    for name in ("time", "cycles", "MAC/cycle"):
        table.add_column(name, justify="right")
    table.add_column("output")
    for r in records:
        numbers = (duration(r.seconds), f"{r.cycles:,.0f}", f"{r.mac_per_cycle:.0f}")
        verdict = "equal to the reference" if r.checked else "WRONG"
        table.add_row(r.id, r.pair, r.isa, r.strategy, r.out, *numbers, verdict)
    return table
