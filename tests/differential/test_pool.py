"""Pooling in every layout: vectors and what is left beside them, edges, strides, guarded ends."""

from collections.abc import Sequence

import numpy as np
import pytest

from lowbit_dialect.codes import BipolarType, Code, SignedType, UnipolarType
from lowbit_dialect.layouts.kernels import activation_layout, byte_activation_layout
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.network import Network
from lowering.pipeline import lower
from runtime import compile
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, module_of, tensor
from tests.guard import guarded
from tests.sweep import some

CODES = (UnipolarType(1), BipolarType(2), SignedType(3), UnipolarType(8))
PoolWindow = tuple[Sequence[int], Sequence[int], Sequence[int]]
WINDOWS: tuple[PoolWindow, ...] = (
    ((2, 2), (2, 2), (0, 0, 0, 0)),
    ((2, 2), (1, 1), (0, 1, 0, 1)),
    ((3, 3), (2, 2), (1, 1, 1, 1)),
    ((1, 3), (1, 3), (0, 0, 2, 1)),
    ((3, 2), (3, 1), (2, 0, 1, 0)),
)
"""Kernel, strides, padding."""
SIZES = ((5, 6, 3), (4, 9, 33), (3, 37, 64), (6, 70, 5))
"""Rows, columns, channels."""


def layouts(order: str) -> list[PackedAttr | None]:
    frame = (1, 0, 2, 1)
    return [
        None,
        activation_layout(order, 32),
        activation_layout(order, 64, frame),
        byte_activation_layout(order),
        byte_activation_layout(order, frame),
    ]


def shape_of(size: tuple[int, int, int], order: str) -> tuple[int, ...]:
    h, w, c = size
    return (2, h, w, c) if order == "nhwc" else (2, c, h, w)


def pooled(size, code: Code, layout: PackedAttr | None, order: str, window: PoolWindow) -> Graph:
    graph, shape = Graph(), shape_of(size, order)
    numbers = np.random.default_rng(0).choice(code.values, shape)
    x = graph.argument(tensor(code, shape, layout), numbers)
    return graph.returns(graph.max_pool2d(x, *window, order))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("order", ["nhwc", "nchw"])
def test_every_layout(target: str, order: str) -> None:
    turn = TARGETS.index(target)
    for n, (size, layout) in some([(s, p) for s in SIZES for p in layouts(order)], turn):
        # Each size and layout meets some codes and windows, in turn.
        for _, k in some(range(2), turn // 2):
            window, code = WINDOWS[(n + k * 2) % len(WINDOWS)], CODES[(n + k) % len(CODES)]
            check(pooled(size, code, layout, order, window), [target], 2)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_read_beyond_the_end(target: str) -> None:
    for order in ("nhwc", "nchw"):
        for layout in (None, activation_layout(order, 32), byte_activation_layout(order)):
            for window in WINDOWS[:3]:
                graph = pooled((4, 36, 7), SignedType(2), layout, order, window)
                executable = compile(module_of(graph), target, use_cache=False)
                (x,), (y,) = graph.inputs, graph.results
                given = x.result.words if isinstance(x.result, PackedArray) else x.result
                expected = y.result.words if isinstance(y.result, PackedArray) else y.result
                data = given.astype(np.int8) if layout is None else given
                found = np.zeros(expected.shape, data.dtype)
                executable.run([guarded(data)], [found])
                np.testing.assert_array_equal(found, expected, f"{order} {layout} {window}")


def two_layers() -> Graph:
    """Twice a convolution, thresholds and pooling, of 4-bit activations and weights."""
    rng, code, weights = np.random.default_rng(0), UnipolarType(4), SignedType(4)
    graph = Graph()
    x = graph.values(code, rng.choice(code.values, (1, 8, 8, 20)), constant=False)
    for _ in range(2):
        w = graph.values(weights, rng.choice(weights.values, (20, 3, 3, 20)), constant=True)
        acc = graph.conv2d(x, w, padding=(1, 1, 1, 1))
        steps = np.sort(rng.integers(-900, 900, (20, 15)), axis=1)
        x = graph.threshold(acc, graph.integers(steps, constant=True), code)
        x = graph.max_pool2d(x, (2, 2))
    return graph.returns(x)


def test_pooling_between_dot_kernels_stays_in_bytes() -> None:
    """No bit planes, no packing: levels leave one kernel as bytes and enter the next as such."""
    check(two_layers(), strategies=("dot",))
    executable = compile(module_of(two_layers()), "host", use_cache=False, strategy="dot")
    stages = [name.split("_", 2)[2] for name, _ in executable.signature.stages]
    assert stages.count("max_pool2d") == 2
    assert stages.count("bitpack") == 1, stages


LARGE_WINDOWS: tuple[PoolWindow, ...] = (
    ((5, 5), (2, 2), (2, 2, 2, 2)),
    ((6, 70), (6, 70), (0, 0, 0, 0)),
    ((6, 19), (1, 2), (3, 2, 9, 8)),
    ((1, 40), (1, 1), (0, 0, 0, 20)),
    ((17, 1), (1, 1), (12, 16, 0, 0)),
)
"""Windows of more taps than are unrolled: loops over rows, over columns, over both."""


def test_large_windows() -> None:
    """On all targets in turn."""
    turn = 0
    for order in ("nhwc", "nchw"):
        for layout in layouts(order):
            for window in LARGE_WINDOWS:
                code, target = CODES[turn % len(CODES)], TARGETS[turn % len(TARGETS)]
                check(pooled((6, 70, 5), code, layout, order, window), [target], 2)
                turn += 1


def test_code_does_not_grow_with_the_window() -> None:
    """As many operations for a window of 289 million taps as for one of 400."""
    counts = set()
    for extent in (20, 1000, 17_000):
        net = Network(tensor(SignedType(2), (1, extent, extent, 7), None))
        module = net.finish(net.max_pool2d(net.inputs[0], (extent, extent)))
        lower(module, "x86-64-v4")
        counts.add(sum(1 for _ in module.walk()))
    assert len(counts) == 1
