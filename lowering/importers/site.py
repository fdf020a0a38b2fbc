"""A node whose inputs have types: what functions of shapes ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.evaluate import Constants


@dataclass
class Site:
    """A node whose inputs have types."""

    node: NodeOp
    constants: Constants

    def error(self, text: str) -> PassFailedException:
        """An error at this node."""
        return PassFailedException(f"{self.node.title}: {text}")

    def type(self, index: int) -> TensorType:
        """The type of an input."""
        value = self.node.input(index)
        if value is None or not isinstance(value.type, TensorType):
            raise self.error(f"input {index} is missing")
        return value.type

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of an input."""
        return tuple(self.type(index).get_shape())

    def constant(self, index: int) -> NDArray | None:
        """The elements of an input, or None where it is left out.

        Raises:
            PassFailedException: it is no constant.
        """
        value = self.node.input(index)
        if value is None:
            return None
        array = self.constants.of(value)
        if array is None:
            raise self.error(f"input {index} must be a constant")
        return array

    def numbers(self, name: str, index: int) -> list[int] | None:
        """Integers that are an attribute or, in later versions, an input."""
        given = self.node.numbers(name)
        if given is not None:
            return given
        array = self.constant(index)
        return None if array is None else [int(number) for number in array.reshape(-1)]

    def axis(self, name: str, rank: int, most: int = 0) -> int:
        """An attribute that is a dimension, counted from the front."""
        return self.dimension(self.node.int(name), rank, name, most)

    def dimension(self, axis: int, rank: int, name: str = "axes", most: int = 0) -> int:
        """A dimension, counted from the front; `most` more than the last one are allowed."""
        if not -rank <= axis < rank + most:
            raise self.error(f"attribute {name!r}: {axis} is not one of {rank} dimensions")
        return axis % rank if axis < 0 else axis


Result = Sequence[tuple[Attribute, Sequence[int]]]
Infer = Callable[[Site], Result]
"""Element types and shapes of the results of a node."""


def broadcast(site: Site, shapes: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The shape that shapes broadcast to."""
    try:
        return tuple(np.broadcast_shapes(*map(tuple, shapes)))
    except ValueError:
        raise site.error(f"shapes {[list(s) for s in shapes]} do not fit each other") from None


def value_shape(value: SSAValue) -> tuple[int, ...]:
    """The shape of a value whose type is known."""
    assert isinstance(value.type, TensorType)
    return tuple(value.type.get_shape())
