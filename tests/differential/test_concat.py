"""Concatenation of plain and of packed tensors: words that begin anywhere in a word."""

from itertools import product

import numpy as np
import pytest
from xdsl.dialects.builtin import f32, i32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType, UnipolarType, parse_code
from lowbit_dialect.layouts.kernels import activation_layout, byte_activation_layout
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.pack import BitpackOp
from lowering.pipeline import lower
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, module_of, tensor

CHANNELS = ([32, 64], [5, 7, 9], [31, 1, 33], [40, 100, 3], [64], [1] * 11 + [130])
"""Channels of the operands: whole words, parts of one, and words across several."""


def packed(order: str, layout: PackedAttr, channels: list[int], seed: int) -> Graph:
    """Operands with frames of their own and without, joined along the channels."""
    rng, graph, code = (
        np.random.default_rng(seed),
        Graph(),
        (UnipolarType(2), SignedType(3))[seed % 2],
    )
    inputs = []
    for i, count in enumerate(channels):
        shape = (2, 3, 19, count) if order == "nhwc" else (2, count, 3, 19)
        theirs = layout if i % 2 else layout.with_frame(())
        inputs.append(graph.argument(tensor(code, shape, theirs), rng.choice(code.values, shape)))
    axis = 3 if order == "nhwc" else 1
    return graph.returns(graph.apply(lambda *x: ConcatOp.get(x, axis, layout), *inputs))


def cases() -> list[Graph]:
    """Every layout with every list of channels."""
    kinds = [
        (order, layout)
        for order in ("nhwc", "nchw")
        for layout in (
            activation_layout(order, 32, (1, 0, 2, 1)),
            activation_layout(order, 64),
            byte_activation_layout(order, (0, 1, 1, 0)),
        )
    ]
    return [
        packed(order, layout, channels, i)
        for i, ((order, layout), channels) in enumerate(product(kinds, CHANNELS))
    ]


AXES = (0, 1, -1)


def plain(axis: int) -> Graph:
    """Any element type along a dimension, constants too."""
    rng, graph, results = np.random.default_rng(0), Graph(), []
    code = parse_code("bipolar<2>")
    shapes = [[3, 4, 5] for _ in range(3)]
    for shape, extent in zip(shapes, (1, 37, 4), strict=True):
        shape[axis] = extent
    coded = [
        graph.values(code, rng.choice(code.values, shape), constant=i == 1)
        for i, shape in enumerate(shapes)
    ]
    sums = [graph.argument(tensor(i32, s), rng.integers(-9, 9, s, np.int32)) for s in shapes]
    floats = [graph.argument(tensor(f32, s), rng.normal(size=s).astype(np.float32)) for s in shapes]
    for values in (coded, sums, floats):
        results.append(graph.apply(lambda *x: ConcatOp.get(x, axis), *values))
    return graph.returns(*results)


@pytest.mark.parametrize("target", TARGETS)
def test_packed(target: str) -> None:
    turn = TARGETS.index(target)
    for graph in cases()[turn :: len(TARGETS)]:
        check(graph, [target], 2)


def test_plain() -> None:
    for axis in AXES:
        check(plain(axis), ["host"])


def test_fire_module_is_joined_packed() -> None:
    """Two convolutions of one input, joined and read by a third: nothing but words is moved."""
    rng, code, graph = np.random.default_rng(0), UnipolarType(2), Graph()
    weights = parse_code("bipolar<1>")

    def layer(x, kernel: int, count: int):
        shape = (count, kernel, kernel, x.numbers.shape[3])
        w = graph.values(weights, rng.choice([-1, 1], shape), constant=True)
        acc = graph.conv2d(x, w, padding=(kernel // 2,) * 4)
        steps = np.sort(rng.integers(-20, 20, (count, 3)), axis=1)
        return graph.threshold(acc, graph.integers(steps, constant=True), code)

    x = graph.values(code, rng.integers(0, 4, (1, 6, 7, 32)), constant=False)

    def join(*values: SSAValue) -> ConcatOp:
        return ConcatOp.get(values, 3)

    graph.returns(layer(graph.apply(join, layer(x, 1, 32), layer(x, 3, 40)), 3, 16))
    check(graph, ["host"])
    module = module_of(graph)
    lower(module, until="kernels", strategy="bitserial")
    outer = [op for op in module.walk() if isinstance(op, BitpackOp)]
    packs = [op for op in outer if op.parent_op() is not None and "func" in op.parent_op().name]  # pyright: ignore
    assert len(packs) == 1  # of the input
