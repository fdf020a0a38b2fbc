"""Constants of a model: those in its file, and those that are computed of them."""

from __future__ import annotations

import warnings
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.at_fork import load_module
from lowbit_dialect.onnx_operators import QUANTIZERS
from lowbit_dialect.qonnx import NARROW, ConstantOp, NodeOp, attribute_array
from lowering.importers.model_file import onnx

MOST_FOLDED = 1 << 24
"""Elements of the largest constant that is computed."""

_KEPT = QUANTIZERS | {"DequantizeLinear"}
"""Operators that are left on constants: they say which integers these are."""


class Constants:
    """The constants of a function, each computed once."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, NDArray | None] = {}

    def of(self, value: SSAValue | None) -> NDArray | None:
        """The elements of a value, or None where it is no constant."""
        if value is None:
            return None
        if value not in self._known:
            self._known[value] = self._find(value)
        return self._known[value]

    def _find(self, value: SSAValue) -> NDArray | None:
        owner = value.owner
        if isinstance(owner, ConstantOp):
            return owner.array
        if not isinstance(owner, NodeOp) or owner.operator.data in _KEPT or len(owner.outputs) > 1:
            return None
        if owner.operator.data in ("Shape", "Size"):
            return _shape(owner)
        arrays = []
        for i in range(len(owner.inputs)):
            given = owner.input(i)
            array = self.of(given)
            if given is not None and (array is None or _element(given) in NARROW):
                return None
            arrays.append(array)
        result = value.type
        if isinstance(result, TensorType) and prod(result.get_shape()) > MOST_FOLDED:
            return None
        return evaluate(owner, arrays)


def _element(value: SSAValue) -> Attribute | None:
    return value.type.element_type if isinstance(value.type, TensorType) else None


def _shape(node: NodeOp) -> NDArray | None:
    type_ = node.inputs[0].type
    if not isinstance(type_, TensorType) or not type_.has_static_shape():
        return None
    shape = np.array(type_.get_shape(), np.int64)
    if node.operator.data == "Size":
        return np.array(shape.prod(), np.int64)
    end = node.int("end") if node.has("end") else len(shape)
    return shape[node.int("start") : end]


def evaluate(node: NodeOp, arrays: list[NDArray | None]) -> NDArray:
    """What the reference of ONNX computes for a node.

    Raises:
        PassFailedException: it refuses the numbers; the message names the node.
    """
    package = onnx()
    reference = load_module("onnx.reference")

    helper = package.helper
    names = ["" if array is None else f"x{i}" for i, array in enumerate(arrays)]
    proto = helper.make_node(node.operator.data, names, ["y"])
    for name, attr in node.attributes.items():
        proto.attribute.append(helper.make_attribute(name, _plain(attr)))
    given = {name: a for name, a in zip(names, arrays, strict=True) if a is not None}
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for name, a in given.items()
    ]
    output = helper.make_tensor_value_info("y", package.TensorProto.UNDEFINED, None)
    graph = helper.make_graph([proto], "node", infos, [output])
    version = node.version_number or 13
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            (result,) = reference.ReferenceEvaluator(model).run(None, given)
    except Exception as error:  # whatever the reference raises for numbers it does not take
        raise PassFailedException(f"{node.title}: cannot be computed: {error}") from error
    return np.asarray(result)


def _plain(attr: Attribute):
    """An attribute as Python's numbers and texts, or as a tensor."""
    if isinstance(attr, IntegerAttr | FloatAttr):
        return attr.value.data
    if isinstance(attr, StringAttr):
        return attr.data
    if isinstance(attr, DenseArrayBase):
        return list(attr.get_values())
    assert isinstance(attr, DenseIntOrFPElementsAttr)
    return onnx().numpy_helper.from_array(attribute_array(attr))
