"""Elements that move: reshapes and the like of values with their chains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from lowbit_dialect.ops.move import TransposeOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowering.importers.chain import Chain
from lowering.importers.conversion import Conversion
from lowering.importers.extract_integers import extract
from lowering.importers.float_values import as_floats
from lowering.importers.values import Value

Move = Callable[[NDArray], NDArray]
"""Moves the elements of an array."""

Emit = Callable[[SSAValue], SSAValue]
"""Moves the elements of a tensor of the function."""


def moved(conversion: Conversion, value: Value, move: Move, emit: Emit) -> Value:
    """A value whose elements are moved.

    What a quantiser gives is moved as integers. The channels of the chain move with the elements;
    where they do not lie along one dimension then, the numbers are moved as floats.

    Args:
        value: any value.
        move: on arrays.
        emit: the same on tensors.
    """
    if value.chain.rounds:
        found = extract(value, conversion.emitter)
        if isinstance(found, Value):
            value = found
    chain = _moved_chain(value, move)
    if chain is None:
        return Value(emit(as_floats(value, conversion.emitter)))
    if isinstance(value.data, np.ndarray):
        return Value(np.ascontiguousarray(move(value.data)), chain)
    return Value(emit(value.data), chain)


def _moved_chain(value: Value, move: Move) -> Chain | None:
    """The chain behind elements that have moved, or None where its channels got mixed."""
    chain, axis = value.chain, value.chain.axis
    if axis is None or chain.channels == 1:
        return Chain(chain.steps, None)
    shape = value.shape
    own = np.arange(shape[axis]).reshape([-1 if d == axis else 1 for d in range(len(shape))])
    channels = move(np.broadcast_to(own, shape))
    if not channels.size:
        return Chain(chain.steps, None)
    if (channels == channels.flat[0]).all():
        return chain.taken(channels.reshape(-1)[:1], None)
    for dim in range(channels.ndim):
        rows = np.moveaxis(channels, dim, 0).reshape(channels.shape[dim], -1)
        if (rows == rows[:, :1]).all():
            return chain.taken(rows[:, 0], dim)
    return None


def reshaped(conversion: Conversion, value: Value, shape: Sequence[int]) -> Value:
    """A value under another shape."""
    if value.shape == tuple(shape):
        return value
    return moved(
        conversion,
        value,
        lambda array: array.reshape(shape),
        lambda x: conversion.emitter.insert(ReshapeOp.get(x, shape)),
    )


def permuted(conversion: Conversion, value: Value, perm: Sequence[int]) -> Value:
    """A value with its dimensions in another order."""
    shape = value.shape
    if list(perm) == list(range(len(shape))):
        return value

    def emit(x: SSAValue) -> SSAValue:
        # Dimensions of one element move as in a reshape.
        if [d for d in perm if shape[d] > 1] == sorted(d for d in perm if shape[d] > 1):
            return conversion.emitter.insert(ReshapeOp.get(x, [shape[d] for d in perm]))
        return conversion.emitter.insert(TransposeOp.get(x, perm))

    return moved(conversion, value, lambda array: array.transpose(perm), emit)
