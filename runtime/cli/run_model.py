"""`lowbit run` on a model: arrays go by the names of its tensors, and any batch is taken."""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from xdsl.dialects.builtin import TensorType

from lowering.importers.lower_model import LoweredModel, Model
from lowering.importers.model_file import ModelError
from lowering.targets import get_target
from runtime.cli.console import duration, show
from runtime.cli.files import write_files
from runtime.cli.named_arrays import check_named, read_named, writers
from runtime.cli.pipeline import chosen_passes, printing
from runtime.cli.profile import both, show_profile, stage_collector
from runtime.compiler import compile


def run_model(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.entry not in (None, "main"):
        raise ValueError(f"no function @{args.entry}: a model has @main")
    if args.unpack:
        raise ValueError("--unpack is for modules: the results of a model are not packed")
    collector = stage_collector(args)
    model = Model.open(args.file)
    targets = check_named(args.output, model.outputs)
    arrays = read_named(args.input, model.inputs, types=model.input_types)
    lowered, parts = fitted(model, arrays)
    pipeline, after = None, None
    if args.pipeline is not None or args.print_after:
        pipeline = chosen_passes(args, get_target(args.target))
        after = printing(args, pipeline)
    if collector is not None:
        after = both(after, collector)
    executable = compile(
        lowered.module,
        args.target,
        use_cache=not args.no_cache,
        strategy=args.strategy,
        records=args.records,
        passes=pipeline,
        after=after,
    )
    found, times = [], []
    for part in range(parts):
        given = [np.array_split(array, parts)[part] for array in arrays]
        start = time.perf_counter()
        results = executable(*given, num_threads=args.num_threads)
        for _ in range(args.repeat):
            times.append(time.perf_counter() - start)
            start = time.perf_counter()
            executable(*given, num_threads=args.num_threads)
        found.append(results if isinstance(results, tuple) else (results,))
    if collector is not None:
        given = [np.array_split(array, parts)[0] for array in arrays]
        show_profile(
            executable, executable.signature.to_storages(given), collector.facts, args.plot
        )
    outputs = {
        name: np.concatenate([np.asarray(part[i]) for part in found])
        if parts > 1
        else np.asarray(found[0][i])
        for i, name in enumerate(model.outputs)
    }
    write_files(writers(targets, outputs))
    table = Table("output", "dtype", "shape")
    for name, array in outputs.items():
        table.add_row(name, str(array.dtype), "x".join(map(str, array.shape)))
    show(table)
    if times:
        threads = f"{args.num_threads} thread{'s' if args.num_threads > 1 else ''}"
        print(f"median of {args.repeat} runs with {threads}: {duration(float(np.median(times)))}")
    return 0


def fitted(model: Model, arrays: list[NDArray]) -> tuple[LoweredModel, int]:
    """The model for the shapes of arrays, and in how many parts of a batch they are run.

    A model whose reshapes fix its batch is run on parts of the arrays.

    Raises:
        ValueError: the shapes do not fit.
    """
    shapes = {name: array.shape for name, array in zip(model.inputs, arrays, strict=True)}
    try:
        return model.lowered(shapes), 1
    except ModelError as error:
        own = _own_shapes(model)
        counts = {
            len(array) // shape[0]
            for array, shape in zip(arrays, own, strict=True)
            if shape and array.shape[1:] == shape[1:] and len(array) % shape[0] == 0
        }
        if len(counts) != 1 or min(counts) < 2 or len(own) < len(arrays):
            raise
        try:
            return model.lowered(), counts.pop()
        except ModelError:
            raise error from None


def _own_shapes(model: Model) -> list[tuple[int, ...]]:
    """The shapes that the model itself names for its inputs, or none."""
    try:
        types = [value.type for value in model.typed().body.block.args]
    except ModelError:
        return []
    return [type_.get_shape() for type_ in types if isinstance(type_, TensorType)]
