"""Single elements of a model's tensors in exact arithmetic, from the integers of its quantisers.

The definitions here are those of the operators, element by element; they share the functions of one
number (`steps`) with the importer, but neither its thresholds nor what it does with scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import CONVERTERS, Conversion
from lowering.importers.evaluate import Constants, evaluate
from lowering.importers.exact import exact
from lowering.importers.shape_functions import is_channels_last, reduced_axes
from lowering.importers.site import Site, value_shape
from lowering.importers.values import Value
from lowering.importers.windows import Axis, windows

Index = tuple[int, ...]

MOVES = frozenset(
    {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Gather",
     "DepthToSpace", "SpaceToDepth", "Expand", "Tile", "Identity"}
)  # fmt: skip
"""Operators whose results are elements of their first input."""


class _Probe(Conversion):
    """A conversion that only finds the steps of a node."""

    def start(self, node: NodeOp, index: int = 0) -> Value:
        return self.input(node, index)


@dataclass
class Elements:
    """Elements of the tensors of a function.

    Args:
        known: the numbers of inputs and of quantisers, as arrays of Fractions or of floats.
    """

    known: Mapping[SSAValue, NDArray]
    constants: Constants = field(default_factory=Constants)
    _moves: dict[SSAValue, NDArray] = field(default_factory=dict)
    _chains: dict[NodeOp, Chain] = field(default_factory=dict)
    _values: dict[tuple[SSAValue, Index], Fraction] = field(default_factory=dict)

    def of(self, value: SSAValue, index: Index) -> Fraction:
        """An element.

        Raises:
            PassFailedException: an operator has no definition here.
        """
        key = (value, index)
        if key in self._values:
            return self._values[key]
        array = self.known.get(value)
        if array is None:
            array = self.constants.of(value)
        if array is not None:
            number = array[index]
            return number if isinstance(number, Fraction) else Fraction(float(number))
        owner = value.owner
        assert isinstance(owner, NodeOp)
        self._values[key] = self._compute(owner, value, index)
        return self._values[key]

    def put(self, value: SSAValue, index: Index, number: Fraction) -> None:
        """Take an element for another number."""
        self._values[value, index] = number

    def before(self, node: NodeOp, index: Index) -> Fraction:
        """The element that a quantiser of one number rounds."""
        return self.of(node.inputs[0], index)

    def quantized(self, node: NodeOp, index: Index) -> Fraction:
        """What a quantiser gives, of the element that it rounds."""
        return self._compute(node, node.outputs[0], index)

    def _compute(self, node: NodeOp, value: SSAValue, index: Index) -> Fraction:
        kind = node.operator.data
        if kind in MOVES:
            return self._moved(node, value, index)
        if kind == "Concat":
            return self._concat(node, index)
        if kind in ("Add", "Sub", "Mul", "Div"):
            a, b = (self._broadcast(node.inputs[i], index) for i in (0, 1))
            return {"Add": a.__add__, "Sub": a.__sub__, "Mul": a.__mul__, "Div": a.__truediv__}[
                kind
            ](b)
        if kind in ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"):
            return self._window(node, index)
        if kind in ("MatMul", "Gemm"):
            return self._product(node, index)
        if kind in ("ReduceMean", "ReduceSum"):
            return self._reduced(node, index)
        return self._pointwise(node, index)

    def _broadcast(self, value: SSAValue, index: Index) -> Fraction:
        shape = value_shape(value)
        own = index[len(index) - len(shape) :]
        return self.of(value, tuple(0 if e == 1 else i for e, i in zip(shape, own, strict=True)))

    def _moved(self, node: NodeOp, value: SSAValue, index: Index) -> Fraction:
        source = node.inputs[0]
        shape = value_shape(source)
        if value not in self._moves:
            places = np.arange(prod(shape), dtype=np.int64).reshape(shape)
            arrays = [
                places,
                *(self.constants.of(node.input(i)) for i in range(1, len(node.inputs))),
            ]
            if len(node.outputs) > 1:
                return self._split(node, value, index)
            self._moves[value] = evaluate(node, arrays)
        place = np.unravel_index(int(self._moves[value][index]), shape)
        return self.of(source, tuple(int(i) for i in place))

    def _split(self, node: NodeOp, value: SSAValue, index: Index) -> Fraction:
        axis = node.int("axis") % len(index)
        shapes = [value_shape(output)[axis] for output in node.outputs]
        start = sum(shapes[: list(node.outputs).index(value)])  # pyright: ignore
        moved = (*index[:axis], index[axis] + start, *index[axis + 1 :])
        return self.of(node.inputs[0], moved)

    def _concat(self, node: NodeOp, index: Index) -> Fraction:
        axis = node.int("axis") % len(index)
        place = index[axis]
        for value in node.inputs:
            extent = value_shape(value)[axis]
            if place < extent:
                return self.of(value, (*index[:axis], place, *index[axis + 1 :]))
            place -= extent
        raise AssertionError("the index lies in an input")

    def _window(self, node: NodeOp, index: Index) -> Fraction:
        kind, x = node.operator.data, node.inputs[0]
        last = is_channels_last(node)
        shape = value_shape(x)
        if last:
            shape = (shape[0], shape[-1], *shape[1:-1])
            index = (index[0], index[-1], *index[1:-1])
        n, channel, *place = index
        is_conv = kind == "Conv"
        if kind.startswith("Global"):
            axes = [Axis(e, e, 1, 1, 0, 0, 1) for e in shape[2:]]
        else:
            kernel = value_shape(node.inputs[1])[2:] if is_conv else None
            axes = windows(node, shape[2:], kernel)
        taps = []
        for tap in np.ndindex(*(axis.kernel for axis in axes)):
            at = [
                p * axis.stride - axis.before + t * axis.dilation
                for p, axis, t in zip(place, axes, tap, strict=True)
            ]
            if all(0 <= a < axis.extent for a, axis in zip(at, axes, strict=True)):
                taps.append((tap, at))

        def element(c: int, at: list[int]) -> Fraction:
            return self.of(x, (n, *at, c) if last else (n, c, *at))

        if not is_conv:
            numbers = [element(channel, at) for _, at in taps]
            if "Max" in kind:
                return max(numbers)
            counted = len(numbers)
            if kind == "AveragePool" and node.int("count_include_pad"):
                counted = prod(axis.counted(p) for p, axis in zip(place, axes, strict=True))
            return sum(numbers, Fraction(0)) / counted
        weights = value_shape(node.inputs[1])
        first = channel // (weights[0] // node.int("group")) * weights[1]
        total = Fraction(0) if node.input(2) is None else self.of(node.inputs[2], (channel,))
        for c in range(weights[1]):
            for tap, at in taps:
                total += element(first + c, at) * self.of(node.inputs[1], (channel, c, *tap))
        return total

    def _product(self, node: NodeOp, index: Index) -> Fraction:
        a, b = node.inputs[0], node.inputs[1]
        is_gemm = node.operator.data == "Gemm"
        flip_a, flip_b = (is_gemm and node.int(name) for name in ("transA", "transB"))
        if len(value_shape(b)) != 2:
            raise PassFailedException(f"{node.title}: stacks of matrices are not verified")
        *rows, column = index
        depth = value_shape(b)[1 if flip_b else 0]
        total = Fraction(0)
        for k in range(depth):
            left = self.of(a, (k, *rows) if flip_a else (*rows, k))
            total += left * self.of(b, (column, k) if flip_b else (k, column))
        if is_gemm:
            total *= Fraction(node.float("alpha"))
            if node.input(2) is not None:
                total += self._broadcast(node.inputs[2], index) * Fraction(node.float("beta"))
        return total

    def _reduced(self, node: NodeOp, index: Index) -> Fraction:
        shape, axes = value_shape(node.inputs[0]), reduced_axes(Site(node, self.constants))
        kept = list(index)
        if not node.int("keepdims"):
            for axis in axes:
                kept.insert(axis, 0)
        total = Fraction(0)
        for place in np.ndindex(*(shape[axis] for axis in axes)):
            at = list(kept)
            for axis, p in zip(axes, place, strict=True):
                at[axis] = p
            total += self.of(node.inputs[0], tuple(at))
        count = prod(shape[axis] for axis in axes)
        return total / count if node.operator.data == "ReduceMean" else total

    def _pointwise(self, node: NodeOp, index: Index) -> Fraction:
        """A function of one number, by its steps."""
        if node not in self._chains:
            probe = _Probe(_NoEmitter(), self.constants)  # pyright: ignore
            shape = value_shape(node.inputs[0])
            probe.values[node.inputs[0]] = Value(np.broadcast_to(np.float32(0), shape))
            result = CONVERTERS[node.operator.data](probe, node)
            if not isinstance(result, Value) or result.shape != shape:
                raise PassFailedException(f"{node.title}: it is not verified")
            self._chains[node] = result.chain
        chain = self._chains[node]
        number = exact([self.of(node.inputs[0], index)])
        channel = 0 if chain.axis is None else index[chain.axis]
        for step in chain.steps:
            own = step.taken(np.array([channel])) if step.channels > 1 else step
            number = own.of(number[None])[0]
        return Fraction(number[0])


class _NoEmitter:
    """Takes records of nodes, and emits nothing."""

    def __init__(self) -> None:
        self.records: list = []
