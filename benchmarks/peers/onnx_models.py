"""Layers as ONNX models, which two of the peers read."""

# pyright: reportMissingImports=false
# The libraries are an extra; type checks must pass without them.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.case import ZERO_POINT, Case

X_SCALE, W_SCALE = np.float32(1), np.float32(1)
"""Of inputs and weights: what is computed stays an integer."""
MICROSOFT = "com.microsoft"
_OPSET, _IR_VERSION = 21, 10


def model(
    nodes: Sequence[Any],
    x: tuple[str, Sequence[int]],
    y: tuple[str, Sequence[int]],
    constants: Mapping[str, NDArray | np.generic],
) -> bytes:
    """A serialised model of one input `x` and one output `y`, each a numpy dtype and a shape."""
    from onnx import helper, numpy_helper  # noqa: PLC0415

    def value(name: str, spec: tuple[str, Sequence[int]]) -> Any:
        element = helper.np_dtype_to_tensor_dtype(np.dtype(spec[0]))
        return helper.make_tensor_value_info(name, element, list(spec[1]))

    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "layer", [value("x", x)], [value("y", y)], initializers)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
    made = helper.make_model(graph, opset_imports=opsets)
    made.ir_version = _IR_VERSION
    return made.SerializeToString()


def node(op: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> Any:
    """A node with one output."""
    from onnx import helper  # noqa: PLC0415

    return helper.make_node(op, list(inputs), [output], domain=domain, **attributes)


def conv_attributes(case: Case) -> dict[str, Any]:
    """Attributes of ONNX's convolutions."""
    top, bottom, left, right = case.padding
    return {
        "kernel_shape": [case.kernel] * 2,
        "strides": [case.stride] * 2,
        "pads": [top, left, bottom, right],
    }


def scales(case: Case) -> dict[str, NDArray | np.generic]:
    """Scales and zero points of u8 inputs, i8 weights with a scale a channel, and u8 outputs."""
    oc = case.workload.geometry.oc
    return {
        "x_scale": X_SCALE,
        "x_zero": np.uint8(0),
        "w_scale": np.full(oc, W_SCALE),
        "w_zero": np.zeros(oc, np.int8),
        "y_scale": np.float32(case.y_scale),
        "y_zero": np.uint8(ZERO_POINT),
    }


def quantize_dequantize(case: Case) -> bytes:
    """The layer between u8 tensors, channels first, as a pattern of QDQ nodes."""
    ends = [
        node("DequantizeLinear", ["x", "x_scale", "x_zero"], "x_f32"),
        node(
            *("DequantizeLinear", ["w", "w_scale", "w_zero"], "w_f32"),
            axis=1 if case.workload.is_matmul else 0,
        ),
        node("QuantizeLinear", ["y_f32", "y_scale", "y_zero"], "y"),
    ]
    if case.workload.is_matmul:
        middle = node("MatMul", ["x_f32", "w_f32"], "y_f32")
        shapes, w = (case.x.shape, case.out_shape), case.w
    else:
        middle = node("Conv", ["x_f32", "w_f32"], "y_f32", **conv_attributes(case))
        shapes, w = (case.x_nchw.shape, case.out_nchw), case.w_nchw
    nodes = [*ends[:2], middle, ends[2]]
    return model(nodes, ("uint8", shapes[0]), ("uint8", shapes[1]), scales(case) | {"w": w})
