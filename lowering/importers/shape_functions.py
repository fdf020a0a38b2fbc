"""The types of the results of each operator, from the types and constants of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType, f32, i1, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.onnx_operators import CHANNELS_LAST
from lowbit_dialect.qonnx import DTYPES, NodeOp, attribute_array
from lowering.importers.evaluate import Constants
from lowering.importers.model_file import ELEMENT_TYPES, MOST_ELEMENTS
from lowering.importers.windows import windows


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


def broadcast(site: Site, shapes: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The shape that shapes broadcast to."""
    try:
        return tuple(np.broadcast_shapes(*map(tuple, shapes)))
    except ValueError:
        raise site.error(f"shapes {[list(s) for s in shapes]} do not fit each other") from None


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


def _concat(site: Site) -> Result:
    shapes = [list(site.shape(i)) for i in range(len(site.node.inputs))]
    axis = site.axis("axis", len(shapes[0]))
    total = 0
    for shape in shapes:
        if len(shape) != len(shapes[0]):
            raise site.error(f"shapes {shapes} do not fit each other")
        total += shape[axis]
    shape = [*shapes[0][:axis], total, *shapes[0][axis + 1 :]]
    if any([*s[:axis], total, *s[axis + 1 :]] != shape for s in shapes):
        raise site.error(f"shapes {shapes} do not fit each other")
    return [(site.type(0).element_type, shape)]


def _split(site: Site) -> Result:
    shape, count = list(site.shape(0)), len(site.node.outputs)
    axis = site.axis("axis", len(shape))
    parts = site.numbers("split", 1)
    if parts is None:
        size = -(-shape[axis] // count)
        parts = [min(size, shape[axis] - i * size) for i in range(count)]
    if len(parts) != count or sum(parts) != shape[axis] or min(parts) < 1:
        raise site.error(f"parts {parts} of {shape[axis]} in {count} outputs")
    element = site.type(0).element_type
    return [(element, [*shape[:axis], part, *shape[axis + 1 :]]) for part in parts]


def slices(site: Site) -> tuple[slice, ...]:
    """The part that `Slice` takes along each dimension."""
    shape = site.shape(0)
    starts, ends = site.numbers("starts", 1), site.numbers("ends", 2)
    if starts is None or ends is None:
        raise site.error("starts and ends are missing")
    axes = site.numbers("axes", 3) or list(range(len(starts)))
    given = site.constant(4)
    steps = [1] * len(starts) if given is None else [int(step) for step in given.reshape(-1)]
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise site.error(f"starts {starts}, ends {ends}, axes {axes}, steps {steps} do not fit")
    found = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        dim = site.dimension(axis, len(shape))
        stop = None if step < 0 and end < -shape[dim] else end
        found[dim] = slice(start, stop, step)
    return tuple(found)


def _slice(site: Site) -> Result:
    parts = zip(site.shape(0), slices(site), strict=True)
    shape = [len(range(*part.indices(extent))) for extent, part in parts]
    return [(site.type(0).element_type, shape)]


def _flatten(site: Site) -> Result:
    shape = site.shape(0)
    axis = site.axis("axis", max(len(shape), 1), 1)
    return [(site.type(0).element_type, (prod(shape[:axis]), prod(shape[axis:])))]


def _reshape(site: Site) -> Result:
    shape = site.shape(0)
    given = site.numbers("shape", 1)
    if given is None:
        raise site.error("the shape is missing")
    if not site.node.int("allowzero"):
        if any(extent == 0 and i >= len(shape) for i, extent in enumerate(given)):
            raise site.error(f"shape {given} keeps extents that x, {list(shape)}, lacks")
        given = [extent or shape[i] for i, extent in enumerate(given)]
    if given.count(-1) == 1:
        known = -prod(given)
        given = [prod(shape) // known if e == -1 and known else e for e in given]
    if min(given, default=1) < 0 or prod(given) != prod(shape):
        raise site.error(f"x of shape {list(shape)} cannot have shape {given}")
    return [(site.type(0).element_type, given)]


def permutation(site: Site) -> list[int]:
    """The order of dimensions of `Transpose`."""
    rank = len(site.shape(0))
    perm = site.node.numbers("perm") or list(reversed(range(rank)))
    if sorted(perm) != list(range(rank)):
        raise site.error(f"attribute 'perm' is {perm}, x has {rank} dimensions")
    return perm


def _transpose(site: Site) -> Result:
    shape = site.shape(0)
    return [(site.type(0).element_type, [shape[d] for d in permutation(site)])]


def _squeeze(site: Site) -> Result:
    shape = site.shape(0)
    axes = site.numbers("axes", 1)
    dims = (
        [d for d, extent in enumerate(shape) if extent == 1]
        if axes is None
        else [site.dimension(axis, len(shape)) for axis in axes]
    )
    if any(shape[d] != 1 for d in dims):
        raise site.error(f"axes {axes} of {list(shape)} are not all 1")
    return [(site.type(0).element_type, [e for d, e in enumerate(shape) if d not in dims])]


def _unsqueeze(site: Site) -> Result:
    axes, shape = site.numbers("axes", 1) or [], list(site.shape(0))
    rank = len(shape) + len(axes)
    for dim in sorted(site.dimension(axis, rank) for axis in axes):
        shape.insert(dim, 1)
    return [(site.type(0).element_type, shape)]


def pads_of(site: Site) -> list[tuple[int, int]]:
    """The padding of `Pad` ahead of and behind each dimension."""
    rank = len(site.shape(0))
    pads = site.node.numbers("paddings") or site.numbers("pads", 1) or []
    axes = site.constant(3)
    dims = range(rank) if axes is None else [site.dimension(int(a), rank) for a in axes.reshape(-1)]
    if len(pads) != 2 * len(dims):
        raise site.error(f"attribute 'pads' has {len(pads)} numbers, expected {2 * len(dims)}")
    found = [(0, 0)] * rank
    for i, dim in enumerate(dims):
        found[dim] = (pads[i], pads[i + len(dims)])
    return found


def _pad(site: Site) -> Result:
    shape = [
        extent + before + after
        for extent, (before, after) in zip(site.shape(0), pads_of(site), strict=True)
    ]
    return [(site.type(0).element_type, shape)]


def _resize(site: Site) -> Result:
    shape = site.shape(0)
    is_upsample = site.node.operator.data == "Upsample"
    sizes = None if is_upsample else site.constant(3)
    if sizes is not None and sizes.size:
        given = [int(size) for size in sizes.reshape(-1)]
    else:
        first = 1 if is_upsample or len(site.node.inputs) == 2 else 2
        scales = site.node.numbers("scales") if is_upsample else None
        if scales is None:
            array = site.constant(first)
            scales = [] if array is None else [float(s) for s in array.reshape(-1)]
        if not all(0 < s < 1 << 16 for s in scales):
            raise site.error(f"scales {scales} are not positive")
        given = [int(np.floor(e * s)) for e, s in zip(shape, scales, strict=False)]
    if site.node.has("axes"):
        raise site.error("attribute 'axes' is not supported")
    if len(given) != len(shape):
        raise site.error(f"sizes or scales for {len(given)} of {len(shape)} dimensions")
    return [(site.type(0).element_type, given)]


def _depth_to_space(site: Site) -> Result:
    size, (n, c, h, w) = site.node.int("blocksize"), _image(site)
    if size < 1 or c % (size * size):
        raise site.error(f"attribute 'blocksize' is {size}, x has {c} channels")
    return [(site.type(0).element_type, (n, c // (size * size), h * size, w * size))]


def _space_to_depth(site: Site) -> Result:
    size, (n, c, h, w) = site.node.int("blocksize"), _image(site)
    if size < 1 or h % size or w % size:
        raise site.error(f"attribute 'blocksize' is {size}, the image is {h}x{w}")
    return [(site.type(0).element_type, (n, c * size * size, h // size, w // size))]


def _image(site: Site) -> tuple[int, ...]:
    shape = site.shape(0)
    if len(shape) != 4:
        raise site.error(f"x has shape {list(shape)}, expected an image")
    return shape


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


def _gather(site: Site) -> Result:
    shape = site.shape(0)
    axis = site.axis("axis", len(shape))
    return [(site.type(0).element_type, (*shape[:axis], *site.shape(1), *shape[axis + 1 :]))]


def _cast(site: Site) -> Result:
    element = ELEMENT_TYPES.get(site.node.int("to"))
    if element is None:
        raise site.error(f"attribute 'to' is {site.node.int('to')}, which is not supported")
    return [(element, site.shape(0))]


def _dropout(site: Site) -> Result:
    return [(site.type(0).element_type, site.shape(0)), (i1, site.shape(0))]


INFER: dict[str, Infer] = {
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
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Pad": _pad,
    "Resize": _resize,
    "Upsample": _resize,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Constant": _constant,
    "ConstantOfShape": _of_shape,
    "Expand": _of_shape,
    "Shape": _shape,
    "Size": _shape,
    "Gather": _gather,
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


def value_shape(value: SSAValue) -> tuple[int, ...]:
    """The shape of a value whose type is known."""
    assert isinstance(value.type, TensorType)
    return tuple(value.type.get_shape())
