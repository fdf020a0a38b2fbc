"""Thresholds of Python functions, and the sums that they are found from."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, i32

from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.interpreters.run import interpret
from lowbit_dialect.network import Network
from lowbit_dialect.reference import conv2d, fused_glue_threshold
from lowbit_dialect.step_function import CHUNK, MAX_EVALUATIONS, tabulate
from lowbit_dialect.sums.ranges import SumRange, SumRanges

CODES = ("unipolar<1>", "unipolar<2>", "unipolar<4>", "bipolar<2>", "signed<3>")


def computed(function: Any, sums: SumRange, code: Code) -> None:
    """The thresholds give what the function gives, for every sum."""
    steps = tabulate(function, sums, code)
    assert (np.diff(steps.thresholds, axis=1) >= 0).all()
    every = np.minimum(sums.low + sums.step * np.arange(sums.count)[:, None], sums.high)
    found = fused_glue_threshold(every, steps.thresholds, code, steps.flip)
    np.testing.assert_array_equal(found, function(every))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", CODES)
def test_any_monotone_function(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random steps, of several levels at once, up and down, in channels of different ranges."""
    rng, code = np.random.default_rng(seed), parse_code(name)
    channels = 6
    low = rng.integers(-60, 20, channels)
    step = rng.choice([1, 2, 3], channels)
    sums = SumRange(low, low + step * rng.integers(0, 50, channels), step)
    ends = np.sort(rng.integers(-70, 70, (channels, (1 << code.width) - 1)), axis=1)
    falls = rng.integers(0, 2, channels).astype(bool)
    falls[0], ends[0] = False, 200  # constant
    ends[1] = -200

    def function(acc: NDArray) -> NDArray:
        signed = np.where(falls, -acc, acc)
        levels = (signed[..., None] >= ends).sum(axis=-1)
        return np.sort(code.values)[levels].astype(np.float64)

    computed(function, sums, code)
    monkeypatch.setattr("lowbit_dialect.step_function.CHUNK", 5 * channels)
    computed(function, sums, code)


ROUGH = SumRange(np.array([-9, -9]), np.array([9, 9]), np.array([1, 3]))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (
            lambda acc: np.where((acc > -4) & (acc < 5), [2, 0], 0),
            "it rises at the sum -3 of channel 0 and falls at the sum 5; thresholds stand for",
        ),
        (
            lambda acc: np.where(abs(acc) > 2, [0, 1], 0),
            "it rises at the sum 3 of channel 1 and falls at the sum 0;",
        ),
        (lambda acc: acc[0], r"sums \(n, channels\) = \[19, 2\] the result has shape \[2\]"),
        (
            lambda acc: np.clip(acc, 0, [9, 3]),
            r"4 for the sum 4 of channel 0 is not a value of code unipolar<2> \(0 .. 3\)",
        ),
        (
            lambda acc: np.where(acc == 3, [0, np.nan], 1),
            "nan for the sum 3 of channel 1 is not a value of code",
        ),
        (lambda acc: acc * 0 + 0.5, "0.5 for the sum -9 of channel 0 is not a value"),
        (lambda acc: acc.astype(str), "the result has dtype <U21, not numbers"),
        (lambda acc: None, "the result: cannot be read as an array"),
    ],
)
def test_what_no_thresholds_stand_for(function: Any, says: str) -> None:
    with pytest.raises(ValueError, match=f"^function: .*{says}"):
        tabulate(function, ROUGH, parse_code("unipolar<2>"))


def test_a_turn_between_two_chunks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lowbit_dialect.step_function.CHUNK", 1)
    sums = SumRange.of_numbers(-3, 3)
    with pytest.raises(ValueError, match="rises at the sum 0 of channel 0 and falls at the sum 1"):
        tabulate(lambda acc: acc == 0, sums, parse_code("unipolar<1>"))


def test_memory_does_not_grow_with_the_sums() -> None:
    """A layer of 490 taps, 127 times 3: 12 million sums of 32 channels."""
    bound, channels = 490 * 127 * 3, 32
    sums = SumRange.of_numbers(-bound, bound).along(0, channels)
    sizes = []

    def function(acc: NDArray) -> NDArray:
        sizes.append(acc.size)
        return np.clip(np.round(acc * 1e-4), 0, 15)

    tracemalloc.start()
    steps = tabulate(function, sums, parse_code("unipolar<4>"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
    assert max(sizes) <= CHUNK
    assert sum(sizes) == (2 * bound + 1) * channels
    assert steps.thresholds.tolist() == [[5001, *range(15000, 140001, 10000), 145001]] * 32 or (
        np.array_equal(function(steps.thresholds.T), np.tile(range(1, 16), (32, 1)).T)
        and np.array_equal(function(steps.thresholds.T - 1), np.tile(range(15), (32, 1)).T)
    )


def test_more_sums_than_are_looked_at_are_refused() -> None:
    net = Network(TensorType(i32, (1, 4)))
    with pytest.raises(ValueError, match=r"4294967296 different sums in 4 channels, more than the"):
        net.glue(net.inputs[0], np.sign, "signed<2>")
    calls = []
    tabulate(
        lambda acc: calls.append(acc.shape) or acc > 0,
        SumRange.of_numbers(0, 9).along(0, 3),
        parse_code("unipolar<1>"),
    )
    assert calls == [(10, 3)]
    assert MAX_EVALUATIONS == 1 << 26


def reached(values: NDArray) -> list[int]:
    """Least and largest number, and the greatest common step, of what was seen."""
    low = int(values.min())
    return [low, int(values.max()), int(np.gcd.reduce(values.reshape(-1) - low))]


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 0, 0, 1)])
@pytest.mark.parametrize(
    ("x_name", "w_name"),
    [
        ("bipolar<1>", "bipolar<1>"),
        ("unipolar<2>", "signed<2>"),
        ("bipolar<2>", "unipolar<2>"),
        ("codebook<1, [3, 7]>", "bipolar<1>"),
    ],
)
def test_sums_of_a_convolution_are_those_that_it_can_reach(
    x_name: str, w_name: str, padding: tuple[int, ...]
) -> None:
    """The ends and the step of all sums of a small layer, found by trying all its inputs."""
    rng, x_code, w_code = np.random.default_rng(0), parse_code(x_name), parse_code(w_name)
    weights = rng.choice(w_code.values, (5, 2, 2, 1))
    weights[0] = w_code.max_value
    every = np.array(np.meshgrid(*[x_code.values] * 4)).reshape(4, -1).T.reshape(-1, 2, 2, 1)
    sums = conv2d(every, weights, padding=padding).reshape(-1, 5)
    net = Network(TensorType(x_code, (1, 2, 2, 1)))
    acc = net.conv2d(net.inputs[0], weights, w_name, padding=padding)
    found = SumRanges().of(acc)
    for c in range(5):
        low, high, step = reached(sums[:, c])
        known = [int(a[c]) for a in (found.low, found.high, found.step)]
        assert known[0] <= low <= high <= known[1]
        assert low == known[0] or (low - known[0]) % known[2] == 0
        assert step == known[2] or step % known[2] == 0
        if not any(padding):
            assert known == [low, high, step]


def test_sums_of_sums() -> None:
    net = Network(TensorType(parse_code("unipolar<2>"), (1, 4)), TensorType(i32, (1, 3)))
    acc = net.matmul(net.inputs[0], [[2, -2, 0]] * 4, "signed<3>")
    bias = net.constant([[1, 2, 3]])
    ranges = SumRanges()
    total = ranges.of(net.add(acc, bias))
    assert total.low.tolist() == [1, -22, 3]
    assert total.high.tolist() == [25, 2, 3]
    assert total.step.tolist() == [2, 2, 0]
    assert ranges.of(net.add(acc, net.inputs[1])).bound == 2**31
    assert total.of_all_channels().step.tolist() == [1]


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_glue_of_a_layer(layout: str) -> None:
    """Batch norm of either slope, ReLU and rounding, in the builder."""
    rng, code = np.random.default_rng(3), parse_code("unipolar<2>")
    shape = (1, 5, 6, 3) if layout == "nhwc" else (1, 3, 5, 6)
    kernel = (8, 3, 3, 3)
    axis = -1 if layout == "nhwc" else 1
    weights = rng.choice([-1, 1], kernel)
    gamma, beta = rng.normal(0, 0.3, 8), rng.normal(0.5, 1, 8)
    gamma[2] = 0

    def chain(acc: NDArray) -> NDArray:
        return np.clip(np.round(gamma * acc + beta), 0, 3)

    net = Network(TensorType(code, shape))
    acc = net.conv2d(net.inputs[0], weights, "bipolar<1>", padding=1, layout=layout)
    module = net.finish(net.glue(acc, chain, code, axis))
    x = rng.integers(0, 4, shape)
    sums = np.moveaxis(conv2d(x, weights, padding=(1, 1, 1, 1), layout=layout), axis, -1)
    expected = np.moveaxis(chain(sums), -1, axis)
    np.testing.assert_array_equal(np.asarray(interpret(module, "main", x)[0]), expected)
    assert len(np.unique(expected)) == 4
