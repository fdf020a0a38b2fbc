"""Functions whose arguments and results have elements of every size, and packed operands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from xdsl.dialects.builtin import TensorType, f32

from lowbit_dialect.codes import SignedType, UnipolarType, parse_code
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.kernel import KernelOp
from lowering.pipeline import lower
from tests.differential.contraction import Conv
from tests.differential.graph import Graph, module_of, tensor

CONVS = {
    "bitserial": Conv((1, 2, 5, 37), 19, (1, 3), padding=(0, 0, 1, 1)),
    "dot": Conv((1, 2, 5, 9), 19, (1, 3), padding=(0, 0, 1, 1), w_code="signed<4>"),
    "lut": Conv((1, 2, 5, 9), 19, (1, 3), padding=(0, 0, 1, 1)),
    "product_lut": Conv((1, 2, 5, 8), 19, (1, 1), padding=(0, 0, 0, 0)),
}
"""A small convolution for each strategy, with a last block of channels that is not whole."""


def words() -> Graph:
    """Words of every width in and out, repacked by way of the workspace."""
    graph, code = Graph(), SignedType(3)
    shape, rng = (3, 21), np.random.default_rng(0)
    layouts = [PackedAttr.get(1, bits, [0, -1, 1]) for bits in (8, 16, 32, 64)]
    values = [
        graph.argument(tensor(code, shape, layout), rng.integers(-4, 4, shape))
        for layout in layouts
    ]
    results = [
        graph.bitpack(graph.unpack(v), k) for v, k in zip(values, layouts[::-1], strict=True)
    ]
    return graph.returns(*results)


def numbers() -> Graph:
    """Floats and i32 in and out, bytes and parameters of a channel in."""
    graph, rng = Graph(), np.random.default_rng(1)
    real = rng.normal(0, 2, (1, 2, 3, 13)).astype(np.float32)
    x = graph.quantize(
        graph.argument(TensorType(f32, real.shape), real), UnipolarType(2), [0.5], -1, "half_even"
    )
    w = graph.values(SignedType(2), rng.integers(-2, 2, (11, 1, 1, 13)), constant=False)
    sums = graph.conv2d(x, w)
    steps = graph.integers(np.sort(rng.integers(-9, 9, (11, 3)), axis=1), constant=False)
    level = graph.threshold(sums, steps, UnipolarType(2))
    other = graph.integers(rng.integers(-99, 99, sums.numbers.shape), constant=False)
    return graph.returns(graph.dequantize(sums, [0.25]), graph.add(sums, other), level)


def contraction(target: str, strategy: str, conv: Conv) -> Graph:
    """Operands that are packed as the strategy's kernel reads them, weights too."""
    codes = parse_code(conv.x_code), parse_code(conv.w_code)
    values = conv.operands("random", "random")

    def build(layouts: Sequence[PackedAttr | None]) -> Graph:
        graph = Graph()
        operands = []
        for code, numbers, layout in zip(codes, values, layouts, strict=True):
            operand = graph.argument(tensor(code, numbers.shape, layout), numbers)
            operands.append(operand if layout is None else graph.unpack(operand))
        return graph.returns(graph.conv2d(*operands, padding=conv.padding))

    kernels = module_of(build([None, None]))
    lower(kernels, target, "kernels", strategy)
    (kernel,) = (op for op in kernels.walk() if isinstance(op, KernelOp))
    types = [operand.type for operand in kernel.operands[:2]]
    # Words of a shifted layout are left to the function itself to make.
    layouts = [t.encoding for t in types if isinstance(t, TensorType)]
    return build([k if isinstance(k, PackedAttr) and not k.shift.data else None for k in layouts])


def functions(target: str) -> Iterator[tuple[str, Graph]]:
    """All of them, each with the strategy that it is for."""
    yield "auto", words()
    yield "auto", numbers()
    for strategy, conv in CONVS.items():
        yield strategy, contraction(target, strategy, conv)
