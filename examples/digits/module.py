"""The trained digits network as a module of the `lowbit` dialect, and back.

The module holds all of it: weights packed at one bit each, thresholds, bias and scale. Attributes
of the module record what training measured.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    f64,
    i64,
)
from xdsl.ir import Attribute, SSAValue

from examples.digits.integer_net import ACTIVATION, PIXEL, WEIGHT, ConvBlock, IntegerNet
from lowbit import Network
from lowbit.codes import parse_code
from lowbit_dialect.constants import constant_values
from lowbit_dialect.ops.contraction import Conv2DOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import MaxPool2DOp

FILE = Path(__file__).parent / "digits.mlir"
"""The trained network, as train.py wrote it."""

IMAGE = (1, 8, 8, 1)
"""One image: batch, height, width, channels."""


@dataclass(frozen=True)
class Measured:
    """What training measured on the held-out images, kept in attributes `digits.<field>`.

    `logits_crc32` is the CRC-32 of the integer logits of all 1797 images as little-endian int32.
    """

    float_accuracy: float
    integer_accuracy: float
    logits_crc32: int


def build_module(net: IntegerNet, measured: Measured | None = None) -> ModuleOp:
    """The network as @main: an image of pixels 0..16 to float logits (1, 1, 1, 10)."""
    pixel, activation, binary = map(parse_code, (PIXEL, ACTIVATION, WEIGHT))
    builder = Network((pixel, IMAGE))
    x = builder.inputs[0]
    for block in net.blocks:
        acc = builder.conv2d(x, block.weights, binary, padding=1)
        x = builder.threshold(acc, block.thresholds, activation, block.flip)
        if block.pool:
            x = builder.max_pool2d(x, (2, 2))
    acc = builder.conv2d(x, net.head_weights, binary)
    bias = builder.constant(net.head_bias.reshape(1, 1, 1, -1))
    module = builder.finish(builder.dequantize(builder.add(acc, bias), [net.head_scale]))
    if measured is not None:
        module.attributes |= {
            f"digits.{field.name}": _number(getattr(measured, field.name))
            for field in fields(Measured)
        }
    return module


def _number(value: float) -> Attribute:
    return IntegerAttr(value, i64) if isinstance(value, int) else FloatAttr(value, f64)


def measured_of(module: ModuleOp) -> Measured:
    """What the attributes of a module from `build_module` record."""
    attributes = [module.attributes[f"digits.{field.name}"] for field in fields(Measured)]
    assert all(isinstance(a, IntegerAttr | FloatAttr) for a in attributes)
    return Measured(*(a.value.data for a in attributes))  # pyright: ignore


def read_net(module: ModuleOp) -> IntegerNet:
    """The network that `build_module` wrote, read from the constants of the module."""
    ops = list(module.walk())
    convs = [op for op in ops if isinstance(op, Conv2DOp)]
    glues = [op for op in ops if isinstance(op, FusedGlueOp)]
    blocks = tuple(
        ConvBlock(
            _weights(conv),
            _integers(glue.parameters[0]).astype(np.int32),
            _integers(glue.parameters[1]).astype(np.bool_),
            any(isinstance(use.operation, MaxPool2DOp) for use in glue.result.uses),
        )
        for conv, glue in zip(convs, glues, strict=False)
    )
    add = next(op for op in ops if isinstance(op, AddOp))
    scale = next(op for op in ops if isinstance(op, DequantizeOp)).scale.get_values()[0]
    bias = _integers(add.rhs).reshape(-1).astype(np.int32)
    return IntegerNet(blocks, _weights(convs[-1]), bias, float(scale))


def _weights(conv: Conv2DOp) -> NDArray[np.int8]:
    unpack = conv.w.owner
    assert isinstance(unpack, UnpackOp)
    constant = unpack.x.owner
    assert isinstance(constant, ConstantOp)
    return constant.values.astype(np.int8)


def _integers(value: SSAValue) -> NDArray[np.integer]:
    values = constant_values(value)
    assert values is not None
    return values
