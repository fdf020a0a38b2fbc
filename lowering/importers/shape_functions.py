"""The types of the results of each operator, from the types and constants of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType, f32, i1, i64
from xdsl.ir import Attribute

from lowbit_dialect.onnx_operators import CHANNELS_LAST
from lowbit_dialect.qonnx import DTYPES, NodeOp, attribute_array
from lowering.importers.evaluate import Constants
from lowering.importers.model_file import ELEMENT_TYPES, MOST_ELEMENTS
from lowering.importers.movement_shapes import MOVEMENTS
from lowering.importers.site import Infer, Result, Site, broadcast
from lowering.importers.windows import windows


def _same(site: Site) -> Result:
    return [(site.type(0).element_type, site.shape(0))]


def _normalised(site: Site) -> Result:
    rank = len(site.shape(0))
    channel = rank - 1 if is_channels_last(site.node) else min(1, rank - 1)
    for i in range(1, 5):
        if site.shape(i) not in ((site.shape(0)[channel],), (1,), ()):
            raise site.error(f"input {i} has shape {list(site.shape(i))}, x {list(site.shape(0))}")
    return _same(site)


def _float(site: Site) -> Result:
    return [(f32, site.shape(0))]


def _quantized(site: Site) -> Result:
    for i in range(1, len(site.node.inputs)):
        if broadcast(site, [site.shape(0), site.shape(i)]) != site.shape(0):
            raise site.error(f"input {i} of shape {list(site.shape(i))} does not fit x")
    return _float(site)


def _multi_threshold(site: Site) -> Result:
    if len(site.shape(1)) != 2:
        raise site.error(f"thresholds have shape {list(site.shape(1))}, expected (C, T)")
    return _float(site)


def _quantize_linear(site: Site) -> Result:
    if site.node.input(2) is not None:
        return [(site.type(2).element_type, site.shape(0))]
    number = site.node.int("output_dtype")
    element = ELEMENT_TYPES.get(number) if number else IntegerType(8, Signedness.UNSIGNED)
    if element is None:
        raise site.error(f"attribute 'output_dtype' is {number}, which is not supported")
    return [(element, site.shape(0))]


def _broadcast(site: Site) -> Result:
    shapes = [site.shape(i) for i in range(len(site.node.inputs))]
    return [(site.type(0).element_type, broadcast(site, shapes))]


def _compared(site: Site) -> Result:
    return [(i1, broadcast(site, [site.shape(0), site.shape(1)]))]


def _where(site: Site) -> Result:
    shapes = [site.shape(i) for i in range(3)]
    return [(site.type(1).element_type, broadcast(site, shapes))]


def is_channels_last(node: NodeOp) -> bool:
    """Whether the activations of a node have their channels last."""
    return node.domain is not None and node.domain.data == CHANNELS_LAST


def channels_first(node: NodeOp, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of activations with their channels ahead of the image."""
    if is_channels_last(node) and len(shape) > 2:
        return (shape[0], shape[-1], *shape[1:-1])
    return tuple(shape)


def _as_given(node: NodeOp, shape: Sequence[int]) -> tuple[int, ...]:
    """The inverse of `channels_first`."""
    if is_channels_last(node) and len(shape) > 2:
        return (shape[0], *shape[2:], shape[1])
    return tuple(shape)


def _conv_of(site: Site, x: int, w: int, element: Attribute) -> Result:
    shape, weights = channels_first(site.node, site.shape(x)), site.shape(w)
    groups = site.node.int("group")
    if len(shape) < 3 or len(shape) != len(weights):
        raise site.error(f"x has shape {list(shape)}, the weights {list(weights)}")
    if groups < 1 or weights[1] * groups != shape[1] or weights[0] % groups:
        raise site.error(
            f"attribute 'group' is {groups}: x has {shape[1]} channels, the weights {list(weights)}"
        )
    found = windows(site.node, shape[2:], weights[2:])
    result = (shape[0], weights[0], *(axis.out for axis in found))
    return [(element, _as_given(site.node, result))]


def _conv(site: Site) -> Result:
    return _conv_of(site, 0, 1, site.type(0).element_type)


def _qlinear_conv(site: Site) -> Result:
    return _conv_of(site, 0, 3, site.type(7).element_type)


def _conv_transpose(site: Site) -> Result:
    node, shape, weights = site.node, site.shape(0), site.shape(1)
    rank = len(shape) - 2
    if rank < 1 or len(weights) != len(shape) or weights[0] != shape[1]:
        raise site.error(f"x has shape {list(shape)}, the weights {list(weights)}")
    if node.has("output_shape") or node.word("auto_pad") != "NOTSET":
        raise site.error("attributes 'output_shape' and 'auto_pad' are not supported")
    pads = node.numbers("pads") or [0] * 2 * rank
    strides = node.numbers("strides") or [1] * rank
    dilations = node.numbers("dilations") or [1] * rank
    more = node.numbers("output_padding") or [0] * rank
    if [len(pads), len(strides), len(dilations), len(more)] != [2 * rank, rank, rank, rank]:
        raise site.error("attributes 'pads', 'strides' or 'dilations' have other lengths than x")
    out = [
        strides[i] * (shape[2 + i] - 1)
        + more[i]
        + (weights[2 + i] - 1) * dilations[i]
        + 1
        - pads[i]
        - pads[rank + i]
        for i in range(rank)
    ]
    if min([*out, *strides, *dilations]) < 1 or min([*pads, *more]) < 0:
        raise site.error(f"the image is {out}")
    return [(f32, (shape[0], weights[1] * node.int("group"), *out))]


def _matmul_of(site: Site, a: int, b: int, element: Attribute) -> Result:
    left, right = site.shape(a), site.shape(b)
    if not left or not right:
        raise site.error("the operands must have a dimension")
    x = left if len(left) > 1 else (1, *left)
    y = right if len(right) > 1 else (*right, 1)
    if x[-1] != y[-2]:
        raise site.error(f"shapes {list(left)} and {list(right)} do not fit each other")
    shape = [*broadcast(site, [x[:-2], y[:-2]]), x[-2], y[-1]]
    if len(left) == 1:
        del shape[-2]
    if len(right) == 1:
        del shape[-1]
    return [(element, shape)]


def _matmul(site: Site) -> Result:
    return _matmul_of(site, 0, 1, site.type(0).element_type)


def _qlinear_matmul(site: Site) -> Result:
    return _matmul_of(site, 0, 3, site.type(7).element_type)


def _gemm(site: Site) -> Result:
    a, b = site.shape(0), site.shape(1)
    if len(a) != 2 or len(b) != 2:
        raise site.error(f"shapes {list(a)} and {list(b)}: expected matrices")
    m, k = a[::-1] if site.node.int("transA") else a
    k_b, n = b[::-1] if site.node.int("transB") else b
    if k != k_b:
        raise site.error(f"shapes {list(a)} and {list(b)} do not fit each other")
    if site.node.input(2) is not None and broadcast(site, [(m, n), site.shape(2)]) != (m, n):
        raise site.error(f"C has shape {list(site.shape(2))}, the product {[m, n]}")
    return [(f32, (m, n))]


def _pool(site: Site) -> Result:
    shape = channels_first(site.node, site.shape(0))
    if len(shape) < 3:
        raise site.error(f"x has shape {list(shape)}, expected an image")
    found = windows(site.node, shape[2:])
    result = (*shape[:2], *(axis.out for axis in found))
    return [(site.type(0).element_type, _as_given(site.node, result))]


def _global_pool(site: Site) -> Result:
    shape = site.shape(0)
    return [(site.type(0).element_type, (*shape[:2], *[1] * (len(shape) - 2)))]


def reduced_axes(site: Site) -> list[int]:
    """The dimensions that a reduction removes."""
    rank = len(site.shape(0))
    axes = site.numbers("axes", 1)
    if not axes:
        return [] if site.node.int("noop_with_empty_axes") else list(range(rank))
    return sorted({site.dimension(axis, rank) for axis in axes})


def _without(shape: Sequence[int], axes: Sequence[int], keep: int) -> list[int]:
    if keep:
        return [1 if d in axes else extent for d, extent in enumerate(shape)]
    return [extent for d, extent in enumerate(shape) if d not in axes]


def _reduce(site: Site) -> Result:
    shape = _without(site.shape(0), reduced_axes(site), site.node.int("keepdims"))
    return [(site.type(0).element_type, shape)]


def _arg_max(site: Site) -> Result:
    shape = site.shape(0)
    axis = site.axis("axis", len(shape))
    return [(i64, _without(shape, [axis], site.node.int("keepdims")))]


def _top_k(site: Site) -> Result:
    shape = list(site.shape(0))
    given = site.constant(1)
    k = site.node.int("k") if given is None else int(given.reshape(-1)[0])
    axis = site.axis("axis", len(shape))
    if not 1 <= k <= shape[axis]:
        raise site.error(f"k is {k}, expected 1 .. {shape[axis]}")
    shape[axis] = k
    return [(site.type(0).element_type, shape), (i64, shape)]


def _constant(site: Site) -> Result:
    array = site.constants.of(site.node.outputs[0])
    if array is None or array.dtype not in DTYPES:
        raise site.error("the constant is not supported")
    return [(DTYPES[array.dtype], array.shape)]


def _of_shape(site: Site) -> Result:
    array = site.constant(1 if site.node.operator.data == "Expand" else 0)
    given = [] if array is None else [int(e) for e in array.reshape(-1)]
    if min(given, default=0) < 0:
        raise site.error(f"shape {given}")
    if site.node.operator.data == "Expand":
        return [(site.type(0).element_type, broadcast(site, [site.shape(0), given]))]
    value = site.node.attributes.get("value")
    element = f32 if value is None else DTYPES[attribute_array(value).dtype]  # pyright: ignore
    return [(element, given)]


def _tile(site: Site) -> Result:
    repeats = site.numbers("repeats", 1) or []
    shape = site.shape(0)
    if len(repeats) != len(shape) or min(repeats, default=1) < 1:
        raise site.error(f"repeats {repeats} of {list(shape)}")
    return [(site.type(0).element_type, [e * r for e, r in zip(shape, repeats, strict=True)])]


def _range(site: Site) -> Result:
    numbers = [site.constant(i) for i in range(3)]
    start, limit, delta = (float(n.reshape(-1)[0]) for n in numbers if n is not None)
    if not delta or not np.isfinite([start, limit, delta]).all():
        raise site.error("start, limit and delta must be finite, and delta not 0")
    count = max(0, int(np.ceil((limit - start) / delta)))
    return [(site.type(0).element_type, [count])]


def _shape(site: Site) -> Result:
    array = site.constants.of(site.node.outputs[0])
    assert array is not None, "the input has a shape"
    return [(i64, array.shape)]


def _cast(site: Site) -> Result:
    element = ELEMENT_TYPES.get(site.node.int("to"))
    if element is None:
        raise site.error(f"attribute 'to' is {site.node.int('to')}, which is not supported")
    return [(element, site.shape(0))]


def _dropout(site: Site) -> Result:
    return [(site.type(0).element_type, site.shape(0)), (i1, site.shape(0))]


INFER: dict[str, Infer] = {
    **MOVEMENTS,
    **dict.fromkeys(("Quant", "IntQuant", "BipolarQuant", "Trunc"), _quantized),
    "MultiThreshold": _multi_threshold,
    "QuantizeLinear": _quantize_linear,
    "DequantizeLinear": _float,
    "QLinearConv": _qlinear_conv,
    "QLinearMatMul": _qlinear_matmul,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _normalised,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "PRelu"), _broadcast),
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _global_pool,
    "GlobalMaxPool": _global_pool,
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax"), _reduce),
    "ArgMax": _arg_max,
    "TopK": _top_k,
    "Constant": _constant,
    "ConstantOfShape": _of_shape,
    "Expand": _of_shape,
    "Shape": _shape,
    "Size": _shape,
    "Cast": _cast,
    "Tile": _tile,
    "Range": _range,
    "Equal": _compared,
    "Where": _where,
    "Dropout": _dropout,
}
"""By operator; one that is not here gives what its first input is."""


def result_types(node: NodeOp, constants: Constants) -> list[TensorType]:
    """The types of the results of a node whose inputs have types.

    Raises:
        PassFailedException: the inputs or attributes do not fit; the message names the node.
    """
    site = Site(node, constants)
    found = INFER.get(node.operator.data, _same)(site)
    types = []
    for element, shape in list(found)[: len(node.outputs)]:
        if prod(shape) > MOST_ELEMENTS or min(shape, default=1) < 0:
            raise site.error(
                f"the result has shape {list(shape)}: at most 2^28 elements are allowed"
            )
        types.append(TensorType(element, shape))
    if len(types) < len(node.outputs):
        raise site.error(f"{len(node.outputs)} outputs, expected at most {len(types)}")
    return types
