"""Build `two_layers.mlir`, the small network of the documentation, with the Python API.

A float image is quantised, goes through a 3x3 convolution with 1-bit weights, thresholds, a max
pool and a 1x1 convolution, and leaves as floats.

    python docs/examples/two_layers.py > docs/examples/two_layers.mlir
"""

from __future__ import annotations

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType, f32
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint

from lowbit_dialect.codes import BipolarType, Code, UnipolarType
from lowbit_dialect.kernel_layouts import weight_layout
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.contraction import Conv2DOp, conv_clauses
from lowbit_dialect.ops.elementwise import DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowering.kernels.constants import constant_tensor

ACTIVATION, WEIGHT = UnipolarType(2), BipolarType(1)


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """Shape of a value known to be a tensor."""
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def named(value: SSAValue, name: str) -> SSAValue:
    """The value, with a name for printing."""
    value.name_hint = name
    return value


def build_module(seed: int = 0) -> ModuleOp:
    """The network, its weights and thresholds drawn with this seed."""
    rng = np.random.default_rng(seed)
    function = func.FuncOp("main", ([TensorType(f32, [1, 8, 8, 16])], []))
    build = Builder(InsertPoint.at_end(function.body.block)).insert

    def weights(name: str, shape: tuple[int, ...]) -> SSAValue:
        """Random +-1, stored packed in bytes and unpacked by an operation that is folded."""
        packed = TensorType(WEIGHT, shape, weight_layout("nhwc", 8, 1))
        values = ConstantOp.from_values(rng.choice([-1, 1], shape), packed)
        return named(build(UnpackOp.get(build(values))).result, name)

    def quantize(x: SSAValue, code: Code, scale: float) -> SSAValue:
        op = QuantizeOp.build_op(
            [x],
            [TensorType(code, shape_of(x))],
            scale=floats([scale]),
            axis=int_(-1),
            round=StringAttr("half_even"),
        )
        return build(op).result

    image = named(function.body.block.args[0], "image")
    x = named(quantize(image, ACTIVATION, 0.25), "x")
    w1 = weights("w1", (32, 3, 3, 16))
    y = named(build(Conv2DOp.get(x, w1, **conv_clauses(padding=(1, 1, 1, 1)))).result, "y")
    levels = np.sort(rng.integers(-60, 60, (32, 3)), axis=1)
    thresholds = named(build(constant_tensor(levels)).result, "t")
    glue = FusedGlueOp.threshold(y, thresholds, TensorType(ACTIVATION, shape_of(y)))
    q = named(build(glue).result, "q")
    pooled = named(build(MaxPool2DOp.get(q, (2, 2))).result, "pooled")
    w2 = weights("w2", (8, 1, 1, 32))
    z = named(build(Conv2DOp.get(pooled, w2, **conv_clauses())).result, "z")
    logits = DequantizeOp.build_op(
        [z], [TensorType(f32, shape_of(z))], scale=floats([0.125]), axis=int_(-1)
    )
    build(func.ReturnOp(named(build(logits).result, "logits")))
    function.update_function_type()
    return ModuleOp([function])


if __name__ == "__main__":
    print(build_module())
