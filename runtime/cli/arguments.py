"""Arguments that several commands share, and the types of arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from lowering.record_sources import NO_RECORDS, SHIPPED_RECORDS
from lowering.strategies import AUTO, strategy_choices
from lowering.targets import ISA_CLASSES, target_names


def add_file(parser: argparse.ArgumentParser) -> None:
    """The file with the module."""
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="MLIR with functions of tensors, or an ONNX model"
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """The machine to compile for."""
    parser.add_argument(
        "--target",
        default="host",
        metavar="T",
        help=f"machine to compile for: {', '.join(target_names())}; with "
        f"{', '.join('+' + name for name in ISA_CLASSES)} behind it only that much of it"
        " (default: host)",
    )


def add_entry(parser: argparse.ArgumentParser) -> None:
    """The function meant."""
    parser.add_argument(
        "--entry", metavar="NAME", help="the function (default: the only one, or @main)"
    )


def add_records(parser: argparse.ArgumentParser) -> None:
    """Measurements that choose kernels."""
    parser.add_argument(
        "--records",
        default=SHIPPED_RECORDS,
        metavar="FILE",
        help="what `lowbit tune` measured, asked before the records that come with lowbit;"
        f" {SHIPPED_RECORDS} (the default) for these alone, {NO_RECORDS} for the cost model alone",
    )


def add_strategy(parser: argparse.ArgumentParser) -> None:
    """The strategy of the contractions."""
    parser.add_argument(
        "--strategy",
        choices=strategy_choices(),
        default=AUTO,
        help="how contractions are computed (default: auto, what suits the target)",
    )


def positive(text: str) -> int:
    """A positive integer, as an argparse type."""
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text!r}")
    return value
