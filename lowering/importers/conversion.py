"""The conversion of a model, node by node, to integers where that is exact and to floats elsewhere.

A converter of `CONVERTERS` makes the values of a node's outputs from those of its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import PassFailedException, VerifyException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.chain import Chain
from lowering.importers.emitter import Emitter, Record
from lowering.importers.evaluate import Constants
from lowering.importers.exact import Exact
from lowering.importers.extract_integers import extract
from lowering.importers.float_values import as_floats
from lowering.importers.site import Site
from lowering.importers.steps import Step
from lowering.importers.values import Value, parameter

MOST_PARAMETERS = 1 << 20
"""Numbers of the largest constant that is read exactly."""


@dataclass
class Conversion:
    """What is known while the nodes of a function are converted."""

    emitter: Emitter
    constants: Constants = field(default_factory=Constants)
    values: dict[SSAValue, Value] = field(default_factory=dict)

    def of(self, value: SSAValue) -> Value:
        """What became of a value of the model."""
        if value not in self.values:
            array = self.constants.of(value)
            assert array is not None, "nodes come after their inputs"
            dtype = np.float32 if array.dtype.kind == "f" else np.int64
            self.values[value] = Value(array.astype(dtype))
        return self.values[value]

    def site(self, node: NodeOp) -> Site:
        """The node with the types of its inputs."""
        return Site(node, self.constants)

    def input(self, node: NodeOp, index: int = 0) -> Value:
        """An input of a node.

        Raises:
            PassFailedException: it is left out.
        """
        value = node.input(index)
        if value is None:
            raise PassFailedException(f"{node.title}: input {index} is missing")
        return self.of(value)

    def start(self, node: NodeOp, index: int = 0) -> Value:
        """An input of a node from where steps go on.

        The integers of a quantiser that others read, too, are computed once.
        """
        value, given = self.input(node, index), node.input(index)
        assert given is not None
        if value.chain.rounds and len(list(given.uses)) > 1:
            integers = extract(value, self.emitter)
            if isinstance(integers, Value):
                return integers
        return value

    def exact(self, node: NodeOp, index: int) -> Exact | None:
        """The numbers of a constant input, quantised ones too, or None where it is no constant.

        Raises:
            PassFailedException: a number is NaN.
        """
        value = node.input(index)
        found = None if value is None else self.of(value)
        if found is None or not found.is_constant:
            return None
        if np.prod(found.shape, dtype=np.int64) > MOST_PARAMETERS:
            return None
        try:
            return found.numbers()
        except ValueError as error:
            raise PassFailedException(f"{node.title}: input {index}: {error}") from error

    def channels(
        self, node: NodeOp, index: int, shape: tuple[int, ...]
    ) -> tuple[Exact, int | None] | None:
        """A constant input as a number for each index of a dimension; see `values.parameter`.

        Raises:
            PassFailedException: a number is NaN or infinite.
        """
        numbers = self.exact(node, index)
        if numbers is None:
            return None
        if any(isinstance(number, float) for number in numbers.reshape(-1)):
            raise PassFailedException(f"{node.title}: input {index}: not all numbers are finite")
        return parameter(numbers, shape)

    def extract(self, value: Value) -> Value | str:
        """See `extract_integers.extract`."""
        return extract(value, self.emitter)

    def floats(self, node: NodeOp, value: Value) -> SSAValue:
        """See `float_values.as_floats`."""
        try:
            return as_floats(value, self.emitter)
        except PassFailedException as error:
            raise PassFailedException(f"{node.title}: {error}") from error

    def floats_of(self, value: Value) -> SSAValue:
        """See `float_values.as_floats`."""
        return as_floats(value, self.emitter)

    def append(self, value: Value, step: Step, axis: int | None) -> Value:
        """A value with a step behind its chain."""
        chain = value.chain.then(step, axis)
        if chain is None:
            # The channels of the chain lie along another dimension.
            start = extract(value, self.emitter) if value.chain.rounds else "no quantiser"
            known = start if isinstance(start, Value) else value
            chain = known.chain.then(step, axis)
            if chain is None:
                floats = Value(as_floats(known, self.emitter))
                chain = floats.chain.then(step, axis)
                assert chain is not None
                return Value(floats.data, chain)
            return Value(known.data, chain)
        return Value(value.data, chain)

    def integers(self, op, chain: Chain) -> Value:
        """What an operation of integers gives, and what that stands for.

        Raises:
            VerifyException: the operation does not verify.
        """
        op.verify()
        return Value(self.emitter.insert(op), chain)

    def record(self, node: NodeOp, why_float: str = "", *values: SSAValue) -> None:
        """Note what became of a node."""
        label = node.label.data if node.label is not None else ""
        self.emitter.records.append(Record(label, node.operator.data, why_float, values))


Converter: TypeAlias = Callable[[Conversion, NodeOp], Value | Sequence[Value]]

CONVERTERS: dict[str, Converter] = {}
"""By operator."""


def converts(*operators: str) -> Callable[[Converter], Converter]:
    """Register a converter of operators."""

    def register(converter: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(operators, converter))
        return converter

    return register


def convert(conversion: Conversion, node: NodeOp) -> None:
    """Convert a node, and note the values of its outputs.

    Raises:
        PassFailedException: it cannot be converted; the message names it.
    """
    converter = CONVERTERS.get(node.operator.data)
    if converter is None:
        raise PassFailedException(
            f"{node.title}: operator {node.operator.data!r} is supported on constants only"
        )
    try:
        result = converter(conversion, node)
    except (VerifyException, ValueError, ArithmeticError) as error:
        raise PassFailedException(f"{node.title}: {error}") from error
    values = [result] if isinstance(result, Value) else list(result)
    for output, value in zip(node.outputs, values, strict=False):
        if isinstance(output.type, TensorType) and tuple(output.type.get_shape()) != value.shape:
            raise PassFailedException(
                f"{node.title}: the shape {list(value.shape)} of its result is not supported"
            )
        conversion.values[output] = value
