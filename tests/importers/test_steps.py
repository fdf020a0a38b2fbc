"""Chains of steps: half-lines of results come from half-lines of arguments, exactly."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from lowering.importers.chain import Chain, Levels, levels_of
from lowering.importers.exact import exact, least_float, square_root
from lowering.importers.roundings import ROUNDINGS
from lowering.importers.steps import (
    Affine,
    Clamp,
    Count,
    Leaky,
    Round,
    Sigmoid,
    Step,
)


def quarters(rng: np.random.Generator, low: int, high: int, count: int):
    return exact(rng.integers(low, high, count) / 4)


def random_step(rng: np.random.Generator) -> Step:
    channels = int(rng.integers(1, 3))
    kind = rng.integers(0, 6)
    if kind == 0:
        return Affine(quarters(rng, -8, 8, channels), quarters(rng, -9, 9, channels))
    if kind == 1:
        low = quarters(rng, -20, 0, channels)
        return Clamp(low, low + quarters(rng, 0, 30, 1))
    if kind == 2:
        return Clamp(exact([0]), exact([inf]))
    if kind == 3:
        return Leaky(quarters(rng, 0, 5, channels))
    if kind == 4:
        return Round(str(rng.choice(list(ROUNDINGS))))
    return Count(quarters(rng, -9, 9, 3 * channels).reshape(channels, 3))


@pytest.mark.parametrize("seed", range(4))
def test_the_source_of_a_half_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(40):
        chain = Chain(tuple(random_step(rng) for _ in range(rng.integers(1, 6))), 0)
        arguments = np.broadcast_to(exact(np.arange(-32, 33) / 8)[:, None], (65, chain.channels))
        results = chain.of(arguments)
        for value in [Fraction(k, 4) for k in range(-8, 9, 3)] + [results[32, 0]]:
            found = chain.source(np.array([[value]], object)).along(chain.channels)
            at, closed, above = found.at[0], found.closed[0], found.above[0]
            is_there = np.where(arguments == at, closed, (arguments > at) == above)
            assert np.array_equal(is_there, results >= value), (chain, value)


def test_roundings_of_halves() -> None:
    halves = exact(np.arange(-5, 6) / 2)[:, None]
    expected = {
        "ROUND": [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2],
        "CEIL": [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3],
        "FLOOR": [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2],
        "UP": [-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3],
        "DOWN": [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2],
        "HALF_UP": [-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3],
        "HALF_DOWN": [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2],
    }
    for mode, numbers in expected.items():
        assert Round(mode).of(halves)[:, 0].tolist() == numbers, mode


def test_sigmoid_is_the_inverse_of_its_source() -> None:
    found = Chain((Sigmoid(),), None).source(exact(["1/2", "9/10", "1/1000"])[:, None])
    at = [float(number) for number in found.at[:, 0]]
    assert at == pytest.approx([0, np.log(9), -np.log(999)], rel=1e-15)


def test_numbers_next_to_a_bound() -> None:
    tenth = Fraction(1, 10)
    above = np.float32(least_float(tenth, True))
    assert Fraction(float(np.nextafter(above, np.float32(0)))) < tenth <= Fraction(float(above))
    assert least_float(Fraction(1), False) == 1 + 2.0**-23
    assert (least_float(Fraction(1), True), least_float(Fraction(10) ** 39, True)) == (1, inf)
    assert least_float(Fraction(0), False) == 2.0**-149
    assert square_root(Fraction(9, 16)) == Fraction(3, 4)
    assert abs(square_root(Fraction(2)) ** 2 - 2) < Fraction(1, 1 << 250)


def test_clamps_behind_a_quantiser_narrow_its_integers() -> None:
    """QuantizeLinear, Clip and DequantizeLinear: 8 bits become 3."""
    steps = (
        Round("HALF_EVEN"),
        Affine(exact([1]), exact([4])),
        Clamp(exact([0]), exact([255])),
        Clamp(exact([1]), exact([6])),
        Affine(exact([0.5]), exact([-2])),
    )
    levels = levels_of(Chain(steps), exact([-inf]), exact([inf]))
    assert isinstance(levels, Levels)
    assert (levels.first, levels.count) == (-3, 6)
    assert (levels.tail.scale[0], levels.tail.offset[0]) == (Fraction(1, 2), 0)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((Affine(exact([2]), exact([0])),), "no quantiser rounds it"),
        ((Round("FLOOR"),), "the quantiser has no range"),
        ((Round("FLOOR"), Clamp(exact([0]), exact([256]))), "it has 257 values, more than 256"),
        (
            (Round("FLOOR"), Clamp(exact([-3]), exact([3])), Leaky(exact([0.5]))),
            "the values behind the quantiser are not equally spaced",
        ),
    ],
)
def test_why_there_are_no_integers(steps: tuple[Step, ...], reason: str) -> None:
    assert levels_of(Chain(steps), exact([-inf]), exact([inf])) == reason
