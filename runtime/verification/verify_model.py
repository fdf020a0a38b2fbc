"""Compare a compiled model with exact arithmetic, and with the executor of QONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.exact_elements import Elements
from lowering.importers.lower_model import Model
from lowering.importers.model_file import ModelError
from lowering.importers.values import Value
from runtime.compiler import compile
from runtime.verification import executor

MOST_TIES = 1e-3
"""The largest share of a quantiser's values that may be ties."""

MOST_DIFFERENCES = 4096
"""Differences to the executor that are proved one by one."""

NOISE = 2.0**-12
"""How far float32 may lead the executor off, as a share of the largest number of the tensor."""


Run = Callable[[ModuleOp, Sequence[NDArray]], Sequence[Any]]
"""The results of `@main` of a module."""


@dataclass
class QuantizerReport:
    """What was found of a quantiser.

    Args:
        node: its name.
        values: how many integers it gave.
        checked: of these against exact arithmetic.
        ties: differences to the executor that float32 explains; None without an executor.
        errors: what is wrong.
    """

    node: str
    values: int
    checked: int = 0
    ties: int | None = None
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Verification:
    """The reports of all quantisers in the order of the model, and what has no integers."""

    quantizers: Sequence[QuantizerReport]
    floats: Sequence[str]

    def check(self) -> None:
        """Raise a ModelError that names the first layer that is wrong."""
        for report in self.quantizers:
            if report.errors:
                more = len(report.errors) - 1
                raise ModelError(
                    f"quantiser {report.node!r}: {report.errors[0]}"
                    + (f" (and {more} more)" if more else "")
                )
            if report.ties and report.ties > MOST_TIES * report.values:
                raise ModelError(
                    f"quantiser {report.node!r}: {report.ties} of {report.values} values are ties"
                )


def verify_model(
    path: Path,
    model: Model,
    arrays: Sequence[NDArray],
    target: str = "host",
    samples: int = 64,
    run: Run | None = None,
) -> Verification:
    """Compile a model with its quantisers' integers as results, run it, and compare these.

    Args:
        path: of the model, for the executor.
        model: the same.
        arrays: its inputs.
        target: to compile for; this machine must run it.
        samples: how many integers of each quantiser are computed again in exact arithmetic.
        run: computes a module in place of compiled code.

    Raises:
        ModelError: the model is not supported, or the executor fails.
    """
    shapes = {name: array.shape for name, array in zip(model.inputs, arrays, strict=True)}
    lowered = model.lowered(shapes, with_quantizers=True)
    if run is None:
        results = compile(lowered.module, target)(*arrays)
        outputs = results if isinstance(results, tuple) else (results,)
    else:
        outputs = run(lowered.module, arrays)
    computed = iter(outputs[len(model.outputs) :])
    function = model.typed(shapes)
    nodes = {
        op.label.data: op
        for op in function.body.block.ops
        if isinstance(op, NodeOp) and op.label is not None
    }
    known: dict[SSAValue, NDArray] = dict(zip(function.body.block.args, arrays, strict=True))
    found = {}
    for label, value in lowered.converted.quantizers:
        node = nodes[label]
        is_constant = isinstance(value.data, np.ndarray)
        array = np.asarray(value.data if is_constant else next(computed)).astype(np.int64)
        elements = Elements(dict(known))
        found[label] = _Quantizer(node, value, array, elements)
        known[node.outputs[0]] = found[label].numbers()
    rng = np.random.default_rng(0)
    for quantizer in found.values():
        quantizer.check_samples(rng, samples)
    if executor.is_installed():
        _against_executor(path, model, arrays, found)
    floats = [
        f"{record.node}: {record.why_float}"
        for record in lowered.converted.records
        if record.why_float
    ]
    return Verification([quantizer.report for quantizer in found.values()], floats)


def _against_executor(
    path: Path, model: Model, arrays: Sequence[NDArray], found: Mapping[str, _Quantizer]
) -> None:
    """Each quantiser's numbers against the executor's, which goes on from ours."""

    def after(name: str, read: str, output: str, context: dict[str, NDArray]) -> None:
        quantizer = found.get(name)
        if quantizer is not None:
            theirs = np.asarray(context[output], np.float64)
            context[output] = quantizer.compare(theirs, np.asarray(context[read])).astype(
                context[output].dtype
            )

    inputs = dict(zip(model.inputs, arrays, strict=True))
    executor.execute(path, inputs, after)


class _Quantizer:
    """The integers that a quantiser gave, and what they stand for."""

    def __init__(self, node: NodeOp, value: Value, integers: NDArray, elements: Elements):
        self.node, self.value, self.integers, self.elements = node, value, integers, elements
        label = node.label.data if node.label is not None else ""
        self.report = QuantizerReport(label, integers.size)

    def numbers(self) -> NDArray:
        """The numbers that the integers stand for, as Fractions."""
        tail, axis = self.value.chain.affine, self.value.chain.axis
        assert tail is not None
        low = int(self.integers.min(initial=0))
        count = int(self.integers.max(initial=0)) - low + 1
        channels = self.value.chain.channels
        table = np.empty((count, channels), object)
        for k in range(count):
            table[k] = Fraction(low + k) * tail.scale + tail.offset
        if channels == 1 or axis is None:
            return table[:, 0][self.integers - low]
        own = np.arange(channels).reshape(
            [-1 if d == axis else 1 for d in range(self.integers.ndim)]
        )
        return table[self.integers - low, own]

    def check_samples(self, rng: np.random.Generator, samples: int) -> None:
        """Compute some of the integers again."""
        size = self.integers.size
        numbers = self.numbers()
        for place in rng.choice(size, min(samples, size), replace=False):
            index = tuple(int(i) for i in np.unravel_index(int(place), self.integers.shape))
            self._check(index, numbers[index])

    def _check(self, index: tuple[int, ...], number: Fraction) -> bool:
        self.report.checked += 1
        exact = self.elements.quantized(self.node, index)
        if exact != number:
            self.report.errors.append(
                f"{float(number):g} at {list(index)}, exact arithmetic gives {float(exact):g}"
            )
        return exact == number

    def compare(self, theirs: NDArray, read: NDArray) -> NDArray:
        """Ours in place of the executor's numbers; each difference is proved a tie or an error."""
        numbers = self.numbers()
        ours = numbers.astype(np.float64)
        unit = np.abs(np.array([float(s) for s in self.value.chain.affine.scale])).min()  # pyright: ignore
        self.report.ties = 0
        differing = np.argwhere(np.abs(ours - theirs) > unit / 4)
        for row in differing[:MOST_DIFFERENCES]:
            index = tuple(int(i) for i in row)
            if self._check(index, numbers[index]) and self._is_explained(
                index, theirs[index], read
            ):
                self.report.ties += 1
        self.report.ties += max(0, len(differing) - MOST_DIFFERENCES)
        return ours

    def _is_explained(self, index: tuple[int, ...], theirs: float, read: NDArray) -> bool:
        """Whether what the executor read, next to the exact number, gives what it has."""
        number, near = self.elements.before(self.node, index), float(read[index])
        largest = float(np.abs(read[np.isfinite(read)]).max(initial=0))
        step = np.spacing(np.float32(near))
        for moved in (near, near - 2 * float(step), near + 2 * float(step)):
            elements = Elements(self.elements.known, self.elements.constants)
            elements.put(self.node.inputs[0], index, Fraction(moved))
            found = float(elements.quantized(self.node, index))
            is_theirs = abs(found - theirs) <= abs(theirs) * 1e-5 + 1e-30
            if is_theirs and abs(near - float(number)) <= largest * NOISE:
                return True
        self.report.errors.append(
            f"at {list(index)} the executor has {theirs:g} of {near!r}, exactly {float(number)!r},"
            " which its rounding does not explain"
        )
        return False
