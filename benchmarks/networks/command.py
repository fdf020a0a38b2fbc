"""`python -m benchmarks --network resnet18`: a whole network, beside other libraries."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.networks.ours import BARE, OURS, OurNetwork, thread_times
from benchmarks.networks.peers import KINDS, network_peers
from benchmarks.networks.record import NetworkCase, NetworkRecord
from benchmarks.peers.peer import Peer
from benchmarks.peers.workers import last_core
from benchmarks.remote_worker import RemoteWorker
from examples.networks.resnet18 import PAIRS, build_module, random_network
from runtime.cli.console import duration, show
from runtime.cli.files import check_writable, write_files
from runtime.measure.interleave import Timed, interleave
from runtime.measure.machine import machine, usable_cores
from runtime.measure.result_file import dump_results

NETWORKS = ("resnet18",)
SECONDS = 2.0
"""How long each candidate is timed."""

GLUES = ("threshold", "shift")


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose a network; the others are those of layers."""
    group = parser.add_argument_group("whole networks")
    group.add_argument("--network", choices=NETWORKS, help="time a network in place of layers")
    group.add_argument(
        "--glue", choices=GLUES, default=GLUES[0], help="between its layers (default: threshold)"
    )
    group.add_argument(
        "--size", type=int, default=224, metavar="N", help="rows of its image (default: 224)"
    )


def execute_network(args: argparse.Namespace) -> int:
    """Time the network of each pair; 1 where logits were wrong."""
    pairs = args.pair or ("A1W1",)
    unknown = [pair for pair in pairs if pair not in PAIRS]
    if unknown:
        raise ValueError(f"no network of pair {unknown[0]}: expected one of {', '.join(PAIRS)}")
    if args.json is not None:
        check_writable(args.json)
    targets = [isa if isa == "host" else f"host+{isa}" for isa in args.isa or ("host",)]
    records = [
        measure_network(
            NetworkCase(args.network, pair, args.glue, args.size, target), peers=args.peers
        )
        for pair, target in product(pairs, targets)
    ]
    _show(records)
    if args.json is not None:
        path: Path = args.json
        write_files({path: lambda file: file.write(dump_results(records))})
    return 0 if all(record.checked for record in records) else 1


def measure_network(case: NetworkCase, *, peers: bool, seconds: float = SECONDS) -> NetworkRecord:
    """Time a network, its kernels without glue, and other libraries, in turn on one core."""
    found = [] if not peers else [peer for peer in network_peers(case) if _is_there(peer)]
    workers = [RemoteWorker(OurNetwork(case), last_core(), raise_errors=True)]
    workers += [RemoteWorker(peer, last_core()) for peer in found]
    nothing: Any = None  # a source of a network needs no layer
    try:
        timed = {
            entry.name: Timed(worker, entry, is_peer=worker is not workers[0])
            for worker in workers
            for entry in worker.prepare(nothing, check=True)
        }
        interleave(list(timed.values()), seconds)
    finally:
        for worker in workers:
            worker.stop()
    ours, bare = timed[OURS], timed[BARE]
    whole, facts = ours.samples.seconds, dict(ours.entry.facts)
    kernels = bare.samples.seconds * (1 - bare.entry.facts["pointwise_share"])
    for entry in (t.entry for t in timed.values() if t.entry.error):
        print(f"warning: {entry.name}: {entry.error}", file=sys.stderr)
    module = build_module(random_network(case.pair, case.size, case.glue))
    return NetworkRecord(
        *(case.network, case.pair, case.glue, case.size, case.target),
        seconds=whole,
        checked=ours.entry.verdict == "right",
        glue_share=1 - kernels / whole,
        threads_s=thread_times(module, case, min(2, usable_cores()), calls=200),
        peers={
            name: {"kind": KINDS[name.split("_")[1]], "seconds": t.samples.seconds}
            for name, t in timed.items()
            if t.is_peer and not t.entry.error
        },
        machine=machine(),
        **facts,
    )


def _is_there(peer: Peer) -> bool:
    line = peer.missing()
    if line is not None:
        print(line, file=sys.stderr)
    return line is None


def _show(records: Sequence[NetworkRecord]) -> None:
    """Print a table of all records, and one of the peers."""
    table = Table("network", "pair", "time", "checked", "glue", "workspace", "weights", "code")
    for name in ("cold", "from cache", "x fp32", "x int8"):
        table.add_column(name)
    for r in records:
        ratios = [r.ratio(kind) for kind in ("fp32", "int8")]
        table.add_row(
            *(r.network, r.pair, duration(r.seconds), "yes" if r.checked else "WRONG"),
            f"{100 * r.glue_share:.0f} %",
            *(f"{n / 1e6:.2f} MB" for n in (r.workspace_bytes, r.weight_bytes, r.code_bytes)),
            *(duration(t) for t in (r.cold_compile_s, r.from_cache_s)),
            *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        )
    show(table)
    peers = Table("pair", "peer", "kind", "time")
    for r in records:
        for name, peer in r.peers.items():
            peers.add_row(r.pair, name, peer["kind"], duration(peer["seconds"]))
    if peers.row_count:
        show(peers)
    for r in records:
        times = ", ".join(f"{n}: {duration(t)}" for n, t in r.threads_s.items())
        print(f"{r.pair} by threads: {times}")
