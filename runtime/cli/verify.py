"""Prove that the integers of a compiled model are those of its float graph.

Every quantiser's integers, as the compiled code computes them from the arrays of --data, are
compared with exact (rational) arithmetic at random places, and all of them with the executor of
QONNX where the package qonnx is installed. A difference to the executor counts as a tie where exact
arithmetic gives our integer, and a number that a rounding of float32 is away gives the executor's;
any other difference is an error that names the first layer, and so are ties of more than 0.1 % of
a layer's values.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.table import Table

from runtime.cli.arguments import add_target, positive
from runtime.cli.console import count, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit verify`."""
    parser.add_argument("file", metavar="FILE.onnx", type=Path, help="an ONNX model")
    parser.add_argument(
        *("-d", "--data"),
        action="append",
        type=Path,
        default=[],
        metavar="X.npy",
        help="an input, as `lowbit run --input` takes it",
    )
    parser.add_argument(
        "--samples",
        type=positive,
        default=64,
        metavar="N",
        help="integers of each quantiser that exact arithmetic computes again (default: 64)",
    )
    add_target(parser)


def execute(args: argparse.Namespace) -> int:
    """Run the command."""
    # The package onnx takes long to import.
    from lowering.importers.lower_model import Model  # noqa: PLC0415
    from runtime.cli.named_arrays import read_named  # noqa: PLC0415
    from runtime.verification.verify_model import verify_model  # noqa: PLC0415

    model = Model.open(args.file)
    arrays = read_named(args.data, model.inputs, "--data", model.input_types)
    found = verify_model(args.file, model, arrays, args.target, args.samples)
    table = Table("quantiser")
    for title in ("values", "exact", "ties", "errors"):
        table.add_column(title, justify="right")
    for report in found.quantizers:
        ties = "-" if report.ties is None else count(report.ties)
        numbers = count(report.values), count(report.checked), ties, count(len(report.errors))
        table.add_row(report.node, *numbers)
    show(table)
    for text in found.floats:
        print(f"in floating point: {text}")
    if any(report.ties is None for report in found.quantizers):
        print("the package qonnx is not installed: not compared with its executor")
    found.check()
    return 0
