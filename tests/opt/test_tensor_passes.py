"""The passes of level 1: the same integers, for every sum that can occur."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import StringAttr, i32
from xdsl.ir import SSAValue

from lowbit_dialect import reference
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.constants import constant_values
from lowbit_dialect.interpreters.run import interpret
from lowbit_dialect.ops.base import floats
from lowbit_dialect.ops.channelwise import ChannelwiseOp
from lowbit_dialect.ops.elementwise import AddOp
from lowbit_dialect.ops.floats import AffineOp, BatchNormOp, ClipOp, FloatOp, RoundOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.reference import fused_glue_shift, fused_glue_threshold
from lowbit_dialect.sums.ranges import SumRange, SumRanges
from lowering.pipeline import lower
from lowering.tensors.float_to_thresholds import FloatToThresholdsPass
from lowering.tensors.thresholds_to_shift import offsets_and_shifts
from runtime import compile
from tests.differential.check import check
from tests.differential.graph import Graph, module_of, tensor

CODES = ("unipolar<1>", "unipolar<2>", "unipolar<4>", "bipolar<1>", "bipolar<2>", "signed<4>")
CHANNELS = 6


def given(*numbers: float) -> NDArray[np.float32]:
    return np.array(numbers, np.float32)


def chain_op(rng: np.random.Generator) -> Callable[[SSAValue], FloatOp]:
    """A float operation, its numbers for each channel or for all, slopes of either sign or zero."""
    count = int(rng.choice([1, CHANNELS]))
    signs = rng.choice([-1, 1, 1, 0], count)

    def some(spread: float) -> list[float]:
        return rng.normal(0, spread, count).astype(np.float32).tolist()

    slopes = [float(s * np.float32(abs(v))) for s, v in zip(signs, some(1), strict=True)]
    kinds: list[tuple[type[FloatOp], dict]] = [
        (AffineOp, {"scale": floats(slopes), "offset": floats(some(3))}),
        (
            BatchNormOp,
            {
                "mean": floats(some(3)),
                "variance": floats([abs(v) for v in some(4)]),
                "gamma": floats(slopes),
                "beta": floats(some(2)),
            },
        ),
        (ClipOp, {"low": floats([0.0])}),
        (ClipOp, {"low": floats([-1.5]), "high": floats([abs(v) for v in some(6)])}),
        (
            RoundOp,
            {"to": StringAttr(str(rng.choice(["half_even", "half_up", "half_away", "floor"])))},
        ),
    ]
    kind, clauses = kinds[rng.integers(len(kinds))]
    return lambda x: kind.build_op([x], [x.type], **clauses)


def layer(seed: int, code: Code) -> Graph:
    """A product whose rows reach many of its sums, a chain of random operations, a quantiser."""
    rng, graph = np.random.default_rng(seed), Graph()
    x_code = parse_code(str(rng.choice(["unipolar<2>", "bipolar<1>", "signed<3>"])))
    numbers = rng.choice(x_code.values, (64, 30))
    numbers[:31] = np.where(np.arange(31)[:, None] > np.arange(30), x_code.max_value, numbers[:31])
    x = graph.values(x_code, numbers, constant=False)
    w = rng.choice([-1, 1], (30, CHANNELS))
    w[:, 0] = 1
    value = graph.matmul(x, graph.values(parse_code("bipolar<1>"), w, constant=True))
    value = graph.dequantize(value, [float(np.float32(rng.uniform(0.01, 0.4)))])
    for _ in range(rng.integers(0, 5)):
        value = graph.apply(chain_op(rng), value)
    scale = [float(np.float32(rng.uniform(0.3, 2)))]
    rounding = str(rng.choice(["half_even", "half_up", "half_away"]))
    return graph.returns(graph.quantize(value, code, scale, -1, rounding))


def known(value: SSAValue) -> NDArray:
    values = constant_values(value)
    assert values is not None
    return values


@pytest.mark.parametrize("seed", range(40))
def test_chains_become_thresholds(seed: int) -> None:
    """For every sum that can occur, in every channel, and for the inputs of the graph."""
    code = parse_code(CODES[seed % len(CODES)])
    graph = layer(seed, code)
    module = module_of(graph)
    chain = [op for op in module.walk() if isinstance(op, ChannelwiseOp)]
    FloatToThresholdsPass().apply(Context(), module)
    module.verify()
    assert not [op for op in module.walk() if isinstance(op, ChannelwiseOp)]
    (glue,) = (op for op in module.walk() if isinstance(op, FusedGlueOp))
    sums = SumRanges().of(glue.acc).along(1, CHANNELS)
    every = np.minimum(
        sums.low + np.maximum(sums.step, 1) * np.arange(sums.count)[:, None], sums.high
    )
    expected: NDArray = every
    for op in chain:
        expected = op.evaluate(expected)
    found = glue.evaluate(every, *map(known, glue.parameters))
    np.testing.assert_array_equal(found, expected)
    (levels,) = interpret(module, "main", *(v.numbers for v in graph.inputs))
    np.testing.assert_array_equal(np.asarray(levels), graph.results[0].numbers)


def test_thresholds_of_any_i32() -> None:
    """Where nothing is known of the sums: all 2^32 of them are halved, few are looked at."""
    graph, code = Graph(), parse_code("signed<8>")
    ends = np.array([-(2**31), 2**31 - 1, 0, 12, -13, 15_000_000], np.int32)
    acc = graph.argument(tensor(i32, (6, 2)), np.repeat(ends[:, None], 2, axis=1))
    scaled = graph.dequantize(acc, [1e-7, 0.1])
    moved = graph.apply(lambda x: AffineOp.build_op([x], [x.type], scale=floats([-1.0])), scaled)
    check(graph.returns(graph.quantize(moved, code, [1.0], -1, "half_even")), ["host"])
    module = module_of(graph)
    lower(module, until="tensors")
    assert [op.name for op in module.walk() if isinstance(op, ChannelwiseOp)] == []


@pytest.mark.parametrize("seed", range(20))
def test_shifts_give_the_levels_of_thresholds(seed: int) -> None:
    """Thresholds that a shift was made into, moved within the gaps between sums."""
    rng = np.random.default_rng(seed)
    width, channels = int(rng.integers(1, 6)), 4
    count = (1 << width) - 1
    step = rng.integers(1, 4, channels)
    low = rng.integers(-200, 10, channels)
    sums = SumRange(low, low + step * rng.integers(1, 80, channels), step)
    shift = rng.integers(0, 5, channels)
    offset = rng.integers(-150, 150, channels)
    every = np.minimum(low + step * np.arange(sums.count)[:, None], sums.high)
    code = parse_code(f"unipolar<{width}>")
    exact = (np.arange(1, count + 1) << shift[:, None]) - offset[:, None]
    expected = fused_glue_shift(every, offset, shift, code)
    # The sums that a threshold lies between are apart by the step.
    moved = low[:, None] - (low[:, None] - exact) // step[:, None] * step[:, None]
    moved -= rng.integers(0, step[:, None], moved.shape)
    np.testing.assert_array_equal(fused_glue_threshold(every, moved, code), expected)
    found = offsets_and_shifts(moved, sums)
    assert found is not None
    np.testing.assert_array_equal(fused_glue_shift(every, *found, code), expected)
    if count > 2:
        spaced = np.tile([0, 4, 9, 100][: min(count, 4)], (channels, 1))
        spaced = np.concatenate([spaced, np.full((channels, count - spaced.shape[1]), 200)], axis=1)
        assert offsets_and_shifts(spaced, SumRange.of_numbers(-300, 300).along(0, channels)) is None


def test_a_float_layer_is_one_kernel() -> None:
    """Written as an importer writes it, compiled without a float between input and output."""
    rng = np.random.default_rng(0)
    code, graph = parse_code("unipolar<2>"), Graph()
    x = graph.values(code, rng.integers(0, 4, (1, 6, 6, 32)), constant=False)
    w = graph.values(parse_code("bipolar<1>"), rng.choice([-1, 1], (8, 3, 3, 32)), constant=True)
    bias = np.broadcast_to(rng.integers(-40, 40, 8), (1, 6, 6, 8))
    acc = graph.conv2d(x, w, padding=(1, 1, 1, 1))
    acc = graph.add(acc, graph.integers(np.ascontiguousarray(bias), constant=True))
    scale = np.abs(rng.normal(0.05, 0.02, 8)).astype(np.float32).tolist()
    clauses = {
        "mean": floats(rng.normal(0, 1, 8).astype(np.float32).tolist()),
        "variance": floats(rng.uniform(0.5, 2, 8).astype(np.float32).tolist()),
        "gamma": floats(rng.normal(0, 1, 8).astype(np.float32).tolist()),
    }
    value = graph.dequantize(acc, scale)
    value = graph.apply(lambda x: BatchNormOp.build_op([x], [x.type], **clauses), value)
    value = graph.apply(lambda x: ClipOp.build_op([x], [x.type], low=floats([0.0])), value)
    graph.returns(graph.quantize(value, code, [0.4], -1, "half_even"))
    assert len(np.unique(graph.results[0].numbers)) == 4
    check(graph, ["host"])
    module = module_of(graph)
    lower(module, until="kernels")
    assert not [op for op in module.walk() if isinstance(op, ChannelwiseOp | AddOp)]
    assert len(compile(module_of(graph), use_cache=False).signature.stages) == 2  # pack, kernel


def test_float_operations_are_those_of_f32() -> None:
    x = given(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2**23 + 1, -(2**24), np.nan)
    expected = {
        "half_even": [-2, -2, 0, 0, 2, 2],
        "half_up": [-2, -1, 0, 1, 2, 3],
        "half_away": [-3, -2, -1, 1, 2, 3],
        "floor": [-3, -2, -1, 0, 1, 2],
    }
    for rounding, values in expected.items():
        found = reference.round_(x, rounding)
        assert found[:6].tolist() == values
        assert found[6:8].tolist() == [2**23 + 1, -(2**24)]
        assert np.isnan(found[8])
        assert not np.signbit(found[:6][found[:6] == 0]).any()
    third, tenth = np.float32(1) / np.float32(3), np.float32(0.1)
    assert reference.affine(given(7), third, tenth)[0] == np.float32(7 * third) + tenth
    normal = reference.batch_norm(given(7), 0.1, 3.0, third, tenth, 1e-5)
    deviation = np.sqrt(np.float32(3) + np.float32(1e-5))
    assert normal[0] == np.float32(np.float32((given(7) - tenth)[0] / deviation) * third) + tenth
    assert reference.clip(given(-1, 2, 7), 0, [6.0]).tolist() == [0, 2, 6]
