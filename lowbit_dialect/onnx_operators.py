"""The operators of ONNX and QONNX that lowbit knows: their inputs and attributes.

The domain of an operator is not part of its name here: exporters write those of QONNX in several
domains, some of which their models do not import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

ONNX_DOMAINS = frozenset({"", "ai.onnx"})
"""The domains of the operators of ONNX."""

CHANNELS_LAST = "qonnx.custom_op.channels_last"
"""The domain of operators whose activations have their channels last."""

QONNX_DOMAINS = frozenset(
    {"onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general", CHANNELS_LAST}
)
"""The domains of the operators of QONNX."""

Default: TypeAlias = int | float | str | tuple[int, ...] | tuple[float, ...] | None


@dataclass(frozen=True)
class AttributeKind:
    """What an attribute holds, and its value where it is not given (None for no value)."""

    kind: str
    default: Default = None
    allowed: tuple[int | str, ...] = ()


def _int(default: int | None = None, *allowed: int) -> AttributeKind:
    return AttributeKind("int", default, allowed)


def _flag(default: int = 0) -> AttributeKind:
    return AttributeKind("int", default, (0, 1))


def _float(default: float | None = None) -> AttributeKind:
    return AttributeKind("float", default)


def _word(default: str, *allowed: str) -> AttributeKind:
    return AttributeKind("string", default, allowed)


_INTS = AttributeKind("ints")


@dataclass(frozen=True)
class Operator:
    """An operator: the least and the largest number of inputs, and its attributes by name."""

    least: int
    most: int
    attributes: Mapping[str, AttributeKind] = field(default_factory=dict)
    outputs: int = 1

    def default(self, name: str) -> Default:
        """The value of an attribute that is not given."""
        return self.attributes[name].default


_MANY = 1 << 16
_WINDOW = {
    "auto_pad": _word("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
    "kernel_shape": _INTS,
    "pads": _INTS,
    "strides": _INTS,
}
_CONV = _WINDOW | {"dilations": _INTS, "group": _int(1)}
_POOL = _WINDOW | {"ceil_mode": _flag(), "dilations": _INTS}
_ROUNDING = _word(
    "ROUND", "ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN",
    "ROUND_TO_ZERO",
)  # fmt: skip
_QUANT = Operator(4, 4, {"signed": _flag(1), "narrow": _flag(1), "rounding_mode": _ROUNDING})
_LINEAR = {
    "axis": _int(1),
    "block_size": _int(0),
    "saturate": _flag(1),
    "output_dtype": _int(0),
    "precision": _int(0),
}
_UNARY = Operator(1, 1)
_BINARY = Operator(2, 2, {"axis": _int(), "broadcast": _int()})
_REDUCE = Operator(1, 2, {"axes": _INTS, "keepdims": _flag(1), "noop_with_empty_axes": _flag()})
_AXIS_1 = {"axis": _int(1)}

OPERATORS: dict[str, Operator] = {
    # QONNX
    "Quant": _QUANT,
    "IntQuant": _QUANT,
    "BipolarQuant": Operator(2, 2),
    "Trunc": Operator(
        5, 6, {"rounding_mode": AttributeKind("string", "FLOOR", _ROUNDING.allowed),
               "signed": _flag(1), "narrow": _flag(0)},
    ),
    "MultiThreshold": Operator(
        2, 2,
        {"out_dtype": _word(""), "out_scale": _float(1.0), "out_bias": _float(0.0),
         "data_layout": _word("")},
    ),
    # Quantisers of ONNX
    "QuantizeLinear": Operator(2, 3, _LINEAR),
    "DequantizeLinear": Operator(2, 3, _LINEAR),
    "QLinearConv": Operator(8, 9, _CONV),
    "QLinearMatMul": Operator(8, 8),
    # Products
    "Conv": Operator(2, 3, _CONV),
    "ConvTranspose": Operator(2, 3, _CONV | {"output_padding": _INTS, "output_shape": _INTS}),
    "Gemm": Operator(
        2, 3, {"alpha": _float(1.0), "beta": _float(1.0), "transA": _flag(), "transB": _flag(),
               "broadcast": _int()},
    ),
    "MatMul": Operator(2, 2),
    # Elementwise
    "BatchNormalization": Operator(
        5, 5,
        {"epsilon": _float(1e-5), "momentum": _float(0.9), "spatial": _int(1, 1),
         "training_mode": _int(0, 0), "is_test": _int(1)},
        outputs=5,
    ),
    "Relu": _UNARY,
    "LeakyRelu": Operator(1, 1, {"alpha": _float(0.01)}),
    "PRelu": Operator(2, 2),
    "Clip": Operator(1, 3, {"min": _float(), "max": _float()}),
    "HardTanh": Operator(1, 1, {"min_val": _float(-1.0), "max_val": _float(1.0)}),
    "HardSigmoid": Operator(1, 1, {"alpha": _float(0.2), "beta": _float(0.5)}),
    "Sigmoid": _UNARY,
    "Tanh": _UNARY,
    "Floor": _UNARY,
    "Ceil": _UNARY,
    "Round": _UNARY,
    "Neg": _UNARY,
    "Abs": _UNARY,
    "Exp": _UNARY,
    "Log": _UNARY,
    "Sqrt": _UNARY,
    "Reciprocal": _UNARY,
    "Identity": _UNARY,
    "Dropout": Operator(1, 3, {"ratio": _float(0.5), "seed": _int(), "is_test": _int()}, outputs=2),
    "Add": _BINARY,
    "Sub": _BINARY,
    "Mul": _BINARY,
    "Div": _BINARY,
    "Pow": _BINARY,
    "Min": Operator(1, _MANY),
    "Max": Operator(1, _MANY),
    "Softmax": Operator(1, 1, {"axis": _int()}),
    # Windows and reductions
    "MaxPool": Operator(1, 1, _POOL | {"storage_order": _int(0)}, outputs=2),
    "AveragePool": Operator(1, 1, _POOL | {"count_include_pad": _flag()}),
    "GlobalAveragePool": _UNARY,
    "GlobalMaxPool": _UNARY,
    "ReduceMean": _REDUCE,
    "ReduceSum": _REDUCE,
    "ReduceMax": _REDUCE,
    "ArgMax": Operator(
        1, 1, {"axis": _int(0), "keepdims": _flag(1), "select_last_index": _flag()}
    ),
    "TopK": Operator(
        1, 2, {"axis": _int(-1), "k": _int(), "largest": _flag(1), "sorted": _flag(1)}, outputs=2
    ),
    # Movement of elements
    "Concat": Operator(1, _MANY, _AXIS_1),
    "Split": Operator(
        1, 2, {"axis": _int(0), "split": _INTS, "num_outputs": _int()}, outputs=_MANY
    ),
    "Slice": Operator(1, 5, {"axes": _INTS, "starts": _INTS, "ends": _INTS}),
    "Flatten": Operator(1, 1, _AXIS_1),
    "Reshape": Operator(1, 2, {"shape": _INTS, "allowzero": _flag()}),
    "Transpose": Operator(1, 1, {"perm": _INTS}),
    "Squeeze": Operator(1, 2, {"axes": _INTS}),
    "Unsqueeze": Operator(1, 2, {"axes": _INTS}),
    "Pad": Operator(
        1, 4,
        {"mode": _word("constant", "constant", "reflect", "edge", "wrap"), "pads": _INTS,
         "paddings": _INTS, "value": _float(0.0)},
    ),
    "Resize": Operator(
        1, 4,
        {
            "mode": _word("nearest", "nearest", "linear", "cubic"),
            "coordinate_transformation_mode": _word("half_pixel"),
            "nearest_mode": _word("round_prefer_floor"),
            "cubic_coeff_a": _float(-0.75), "exclude_outside": _flag(),
            "extrapolation_value": _float(0.0), "antialias": _flag(), "axes": _INTS,
            "keep_aspect_ratio_policy": _word("stretch"),
        },
    ),
    "Upsample": Operator(
        1, 2, {"mode": _word("nearest", "nearest", "linear"), "scales": AttributeKind("floats"),
               "height_scale": _float(), "width_scale": _float()},
    ),
    "DepthToSpace": Operator(
        1, 1, {"blocksize": _int(), "mode": _word("DCR", "DCR", "CRD")}
    ),
    "SpaceToDepth": Operator(1, 1, {"blocksize": _int()}),
    # Shapes and constants
    "Constant": Operator(
        0, 0,
        {"value": AttributeKind("tensor"), "value_float": _float(), "value_int": _int(),
         "value_floats": AttributeKind("floats"), "value_ints": _INTS},
    ),
    "ConstantOfShape": Operator(1, 1, {"value": AttributeKind("tensor")}),
    "Shape": Operator(1, 1, {"start": _int(0), "end": _int()}),
    "Size": _UNARY,
    "Gather": Operator(2, 2, {"axis": _int(0)}),
    "Cast": Operator(1, 1, {"to": _int(1), "saturate": _flag(1), "round_mode": _word("up")}),
    "Expand": Operator(2, 2),
    "Tile": Operator(2, 3),
    "Range": Operator(3, 3),
    "Equal": _BINARY,
    "Where": Operator(3, 3),
}  # fmt: skip
"""Every operator by its name."""

QUANTIZERS = frozenset(
    {"Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold", "QuantizeLinear",
     "QLinearConv", "QLinearMatMul"}
)  # fmt: skip
"""Operators whose results are few numbers."""
