"""Run a function of a module on arrays.

Inputs are .npy files in the order of the function's arguments, outputs in the order of its results.
Tensors of low-bit codes are arrays of the integers they stand for, of any integer dtype. Packed
tensors are arrays of their words in the physical shape; a packed input may also be given as
integers, and --unpack writes packed results as integers.

An ONNX model has names for its inputs and outputs: NAME=X.npy is the array of that name, and
X.npz holds arrays by name, for --input and --output alike. Without names the order is the model's.
The first dimension of an array may have another extent than in the model, a batch.

A function of memrefs works on its arguments in place. Each is an --input; the --output files, one
for each argument in the same order, get the arrays as they are after one run. No input file
changes, unless an --output names it. /dev/null stands for an array that is not wanted.

Results of at most 20 elements are printed, whether they are written or not.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from lowbit_dialect.layouts.packed_array import PackedArray
from runtime.cli.arguments import (
    add_entry,
    add_file,
    add_records,
    add_strategy,
    add_target,
    positive,
)
from runtime.cli.console import show
from runtime.cli.files import check_writable, read_array, write_files
from runtime.cli.pipeline import add_pipeline
from runtime.cli.profile import show_profile, stage_collector
from runtime.cli.running import compiled, show_small, show_times
from runtime.executable import Executable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit run`."""
    add_file(parser)
    parser.add_argument(
        *("-i", "--input"),
        action="append",
        type=Path,
        default=[],
        metavar="X.npy",
        help="an input; repeat it for several",
    )
    parser.add_argument(
        *("-o", "--output"),
        action="append",
        type=Path,
        default=[],
        metavar="Y.npy",
        help="where a result goes; repeat it for several, leave it out to write none",
    )
    add_target(parser)
    add_strategy(parser)
    add_records(parser)
    add_entry(parser)
    add_pipeline(parser)
    parser.add_argument(
        "--num-threads", type=positive, default=1, metavar="N", help="threads (default: 1)"
    )
    parser.add_argument(
        "--repeat",
        type=positive,
        default=0,
        metavar="N",
        help="run N times more and print the median time of a run, without reading and writing",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="time each stage on one thread, and print a table of them",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="with --profile, draw the times of the stages (.svg, .png or .pdf)",
    )
    parser.add_argument(
        "--unpack", action="store_true", help="write packed results as integers, not as words"
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="compile anew and keep nothing on disk"
    )


def execute(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.file.suffix.lower() == ".onnx":
        from runtime.cli.run_model import run_model  # noqa: PLC0415

        return run_model(args)
    for path in args.output:
        check_writable(path)
    files = [path.resolve() for path in args.output if str(path) != os.devnull]
    if len(set(files)) < len(files):
        raise ValueError("--output names one file twice")
    collector = stage_collector(args)
    arrays = [read_array(path) for path in args.input]
    executable = compiled(args, args.file, collector, args.entry)
    signature = executable.signature
    if len(arrays) != len(signature.arguments):
        types = ", ".join(spec.text for spec in signature.arguments)
        raise ValueError(
            f"@{signature.name} takes {len(signature.arguments)} inputs ({types}),"
            f" got {len(arrays)}: give each with --input"
        )
    if args.output and len(args.output) != len(signature.written):
        raise ValueError(
            f"@{signature.name} {'changes' if signature.in_place else 'gives'}"
            f" {len(signature.written)} {'arguments' if signature.in_place else 'results'},"
            f" got {len(args.output)} of --output"
        )
    inputs = [
        spec.to_storage(array, str(path))
        for spec, array, path in zip(signature.arguments, arrays, args.input, strict=True)
    ]
    if signature.in_place:
        # An array may be given twice, and is changed.
        inputs = outputs = [array.copy() for array in inputs]
        executable.run(inputs, [], args.num_threads)
        repeated = [array.copy() for array in inputs], list[NDArray]()
    else:
        outputs = [spec.new_storage() for spec in signature.results]
        executable.run(inputs, outputs, args.num_threads)
        repeated = inputs, outputs
    if collector is not None:
        show_profile(executable, repeated[0], collector.facts, args.plot)
    results = _results(executable, outputs, unpack=args.unpack)
    write_files(
        {
            path: lambda file, array=array: np.lib.format.write_array(
                file, array, allow_pickle=False
            )
            for path, array in zip(args.output, results, strict=False)
        }
    )
    table = Table("result", "dtype", "shape", "type")
    for i, (array, spec) in enumerate(zip(results, signature.written, strict=True)):
        name = str(args.output[i]) if args.output else str(i)
        table.add_row(name, str(array.dtype), "x".join(map(str, array.shape)), spec.text)
    show(table)
    # Of two arrays with one name (/dev/null) both are printed.
    for i, array in enumerate(results):
        show_small({str(args.output[i]) if args.output else str(i): array})
    show_times(lambda: executable.run(*repeated, args.num_threads), args.repeat, args.num_threads)
    return 0


def _results(executable: Executable, outputs: list[NDArray], *, unpack: bool) -> list[NDArray]:
    """The arrays to write."""
    results = []
    for spec, buffer in zip(executable.signature.written, outputs, strict=True):
        value = spec.from_storage(buffer)
        if isinstance(value, PackedArray):
            codec = spec.codec
            assert codec is not None, "packed tensors have a code"
            value = value.values.astype(codec.value_dtype) if unpack else value.words
        results.append(value)
    return results
