"""`lowbit run` on a model: arrays go by the names of its tensors, and any batch is taken."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from xdsl.dialects.builtin import TensorType

from lowering.importers.lower_model import LoweredModel, Model
from lowering.importers.model_file import ModelError
from runtime.cli.console import show
from runtime.cli.files import write_files
from runtime.cli.named_arrays import check_named, read_named, writers
from runtime.cli.profile import show_profile, stage_collector
from runtime.cli.running import compiled, show_small, show_times


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
    executable = compiled(args, lowered.module, collector)
    pieces = [*zip(*(np.array_split(array, parts) for array in arrays), strict=True)] or [()]

    def run() -> list[tuple]:
        results = [executable(*given, num_threads=args.num_threads) for given in pieces]
        return [part if isinstance(part, tuple) else (part,) for part in results]

    found = run()
    if collector is not None:
        inputs = executable.signature.to_storages(pieces[0])
        show_profile(executable, inputs, collector.facts, args.plot)
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
    show_small(outputs)
    show_times(run, args.repeat, args.num_threads)
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
