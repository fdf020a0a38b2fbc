"""The scale form of glue against gemmlowp's own words, in Python integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import TensorType, i32

from lowbit_dialect.codes import Code, SignedType, UnipolarType
from lowbit_dialect.epilogue_schedule import EpilogueScheduleAttr
from lowbit_dialect.interpreters import interpret
from lowbit_dialect.network import Network
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.reference import fused_glue_scale
from lowering.loops.epilogue.narrow_scale import NarrowScale
from lowering.pipeline import lower
from runtime import compile
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph, tensor
from tests.differential.strategies import examples, seeds

LEAST, MOST = -(2**31), 2**31 - 1
ENDS = [LEAST, LEAST + 1, -(2**30), -3, -1, 0, 1, 2, 2**30, MOST - 1, MOST]


def gemmlowp(acc: int, multiplier: int, shift: int) -> int:
    """SaturatingRoundingDoublingHighMul and RoundingDivideByPOT of fixedpoint.h."""
    if acc == multiplier == LEAST:
        high = MOST
    else:
        product = acc * multiplier
        nudged = product + (1 << 30 if product >= 0 else 1 - (1 << 30))
        high = abs(nudged) // (1 << 31) * (1 if nudged >= 0 else -1)
    mask = (1 << shift) - 1
    remainder, threshold = high & mask, (mask >> 1) + (1 if high < 0 else 0)
    return (high >> shift) + (1 if remainder > threshold else 0)


def ends(*, constant: bool) -> Graph:
    """Ends of i32 and their neighbours as sums and multipliers, with some shifts, one a channel."""
    rng, graph = np.random.default_rng(0), Graph()
    multipliers = np.array([m for m in ENDS for _ in range(4)])
    shifts = np.tile([0, 1, 24, 31], len(ENDS))
    sums = np.concatenate([ENDS, rng.integers(LEAST, MOST, 13)])
    acc = graph.argument(
        tensor(i32, (len(sums), len(shifts))),
        np.repeat(sums[:, None], len(shifts), axis=1).astype(np.int32),
    )
    offset = graph.integers(np.zeros(len(shifts), int), constant=constant)
    parameters = (offset, *(graph.integers(v, constant=constant) for v in (multipliers, shifts)))
    results = []
    for code, zero in ((SignedType(8), 128), (UnipolarType(4), 3), (UnipolarType(1), LEAST)):
        result = TensorType(code, acc.numbers.shape)

        def scale(acc, *ssa, result=result, zero=zero) -> FusedGlueOp:
            return FusedGlueOp.scale(acc, ssa, result, zero=zero)

        value = graph.apply(scale, acc, *parameters)
        top = (1 << code.width) - 1
        for (row, column), found in np.ndenumerate(value.numbers):
            scaled = gemmlowp(int(sums[row]), int(multipliers[column]), int(shifts[column]))
            level = min(max(scaled + zero, 0), top)
            assert found == level + code.min_value
        results.append(value)
    return graph.returns(*results)


@pytest.mark.parametrize("target", TARGETS)
def test_ends_of_i32(target: str) -> None:
    check(ends(constant=TARGETS.index(target) % 2 == 0), [target])


def test_a_requantised_layer() -> None:
    """A scale of 0.0123 as TFLite would write it, behind a packed contraction."""
    rng = np.random.default_rng(1)
    x, w = rng.integers(0, 4, (1, 9, 9, 32)), rng.integers(-2, 2, (24, 3, 3, 32))
    exponent = -6  # 0.0123 = 0.7872 * 2^-6
    multiplier = round(0.0123 * 2 ** (31 - exponent))
    net = Network(tensor(UnipolarType(2), x.shape))
    acc = net.conv2d(net.inputs[0], w, "signed<2>", padding=1)
    bias = rng.integers(-500, 500, 24)
    module = net.finish(net.scale(acc, multiplier, -exponent, "unipolar<4>", bias, zero=7))
    found = compile(module, use_cache=False)(x)
    sums = np.asarray(
        [
            [
                np.tensordot(np.pad(x[0], ((1, 1), (1, 1), (0, 0)))[r : r + 3, c : c + 3], k, 3)
                for k in w
            ]
            for r in range(9)
            for c in range(9)
        ]
    )
    expected = np.clip(
        [[gemmlowp(int(v), multiplier, 6) + 7 for v in r] for r in sums + bias], 0, 15
    )
    np.testing.assert_array_equal(found.reshape(81, 24), expected)
    assert len(np.unique(expected)) > 8


def test_bad_parameters() -> None:
    with pytest.raises(ValueError, match="multiplier needs 2 entries, got 1"):
        fused_glue_scale([[1, 2]], [0, 0], [1], [0, 0], "unipolar<2>")
    net = Network(tensor(i32, (1, 4)))
    with pytest.raises(ValueError, match="multiplier: 2147483648 at index"):
        net.scale(net.inputs[0], 2**31, 0, "unipolar<2>")
    with pytest.raises(ValueError, match="multiplier: expected integers"):
        net.scale(net.inputs[0], 0.5, 0, "unipolar<2>")


def scale_glue(parameters: np.ndarray, code: Code, zero: int) -> FusedGlueOp:
    net = Network(("i32", (1, parameters.shape[1])))
    offset, multiplier, shift = parameters
    net.scale(net.inputs[0], multiplier, shift, code, offset, zero)
    (glue,) = (op for op in net.inputs[0].uses)
    assert isinstance(glue.operation, FusedGlueOp)
    return glue.operation


def narrow_levels(found: NarrowScale, acc: np.ndarray, top: int) -> np.ndarray:
    moved = acc * found.multipliers + found.biases
    assert np.abs(moved).max() <= MOST
    return np.clip(moved >> found.shifts, 0, top)


@examples(40)
@given(seeds, st.integers(1, 8), st.booleans(), st.sampled_from([0, 3, -100, 128]))
def test_narrow_products_give_every_sum_the_level(
    seed: int, bits: int, is_dyadic: bool, zero: int
) -> None:
    """Of all sums in a range, or there are none; scales of few bits and of 31, of either sign."""
    rng, code = np.random.default_rng(seed), UnipolarType(bits)
    high = int(rng.integers(1, 5000))
    sums, shift = (-int(rng.integers(0, high)), high), rng.integers(0, 14, 4)
    multiplier = rng.integers(1 << 30, MOST, 4) * rng.choice([-1, 1], 4)
    if is_dyadic:
        multiplier = multiplier >> 24 << 24
    parameters = np.stack([rng.integers(-high, high, 4), multiplier, shift])
    for channel in range(4):
        of_channel = parameters[:, channel : channel + 1]
        found = NarrowScale.of(scale_glue(of_channel, code, zero), sums)
        acc = np.arange(sums[0], sums[1] + 1)[:, None]
        offset, factor, bits_right = of_channel
        expected = fused_glue_scale(acc, offset, factor, bits_right, code, zero=zero)
        if found is not None:
            np.testing.assert_array_equal(narrow_levels(found, acc, (1 << bits) - 1), expected)
        elif is_dyadic and zero <= 0 and multiplier[channel] > 0:
            raise AssertionError(f"a scale of 7 bits of sums above 0: {of_channel.T}, {sums}")


def test_ties_away_from_zero_are_not_narrow() -> None:
    """-1 / 2 and 1 / 2 round to -1 and to 1: no bias does that."""
    parameters = np.array([[0], [1 << 30], [0]])
    assert NarrowScale.of(scale_glue(parameters, UnipolarType(8), 128), (-9, 9)) is not None
    parameters = np.array([[0], [MOST], [1]])
    assert NarrowScale.of(scale_glue(parameters, UnipolarType(8), 128), (-9, 9)) is None
    assert NarrowScale.of(scale_glue(parameters, UnipolarType(8), 0), (-9, 9)) is not None


@pytest.mark.parametrize("target", TARGETS)
def test_a_layer_with_products_of_either_width(target: str) -> None:
    rng = np.random.default_rng(5)
    x, w = rng.integers(0, 4, (1, 6, 7, 35)), rng.choice([-1, 1], (21, 3, 3, 35))
    net = Network(("unipolar<2>", x.shape))
    acc = net.conv2d(net.inputs[0], w, "bipolar<1>", padding=1)
    factors = rng.integers(64, 128, 21) << 24
    module = net.finish(net.scale(acc, factors, rng.integers(0, 4, 21), "signed<8>", 200))
    (expected,) = interpret(module, "main", x)
    text = module.clone()
    lower(text, target, until="kernels")
    plans = [op for op in text.walk() if isinstance(op, KernelOp)]
    assert [plan.plan_of_epilogue.product_bits.data for plan in plans] == [32]
    found = [compile(text, target)(x)]
    plans[0].properties["epilogue_schedule"] = EpilogueScheduleAttr.get()
    found.append(compile(text, target)(x))
    for values in found:
        np.testing.assert_array_equal(values, expected)


def test_one_level() -> None:
    """Glue of a contraction whose lowest level is its highest."""
    net = Network(("signed<4>", (2, 8)))
    sums = net.matmul(net.inputs[0], np.ones((8, 4), int), "signed<2>")
    levels = net.scale(sums, [2**30] * 4, [1] * 4, "unipolar<3>", lo=3, hi=3)
    found = compile(net.finish(levels), use_cache=False)(np.full((2, 8), 7))
    np.testing.assert_array_equal(found, np.full((2, 4), 3))
