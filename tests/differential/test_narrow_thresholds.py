"""Thresholds in lanes of 16 and 8 bits: sums and thresholds at the ends of these and beyond."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.layouts.kernels import result_layouts
from lowering.loops.epilogue.narrow_thresholds import Narrowing
from tests.differential.check import STRATEGIES, check, turn
from tests.differential.graph import Graph, Numbers
from tests.differential.strategies import FILLS, INT32, examples
from tests.sweep import some

BITS = (8, 16)


@st.composite
def narrowings(draw: st.DrawFn):
    """A range of sums, and comparands in and around it and at the ends of i32."""
    bits = draw(st.sampled_from(BITS))
    most = 1 << draw(st.integers(1, bits + 2))
    low, high = sorted(draw(st.tuples(*[st.integers(-most, most)] * 2)))
    middle = draw(st.integers(low - 2, high + 2))
    near = st.integers(-3, 3).map(lambda d: middle + d * (1 << (bits - 3)))
    edge = st.sampled_from([low - 1, low, low + 1, high, high + 1, INT32.min + 1, INT32.max])
    comparand = draw(st.sampled_from([near, near | edge, edge]))
    count, lanes = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    comparands = draw(
        st.lists(
            st.lists(comparand, min_size=lanes, max_size=lanes), min_size=count, max_size=count
        )
    )
    signs = draw(st.lists(st.sampled_from([0, -1]), min_size=lanes, max_size=lanes))
    return bits, (low, high), np.array(comparands, np.int64), np.array(signs, np.int64)


@examples(300)
@given(narrowings())
def test_every_comparison_of_every_sum_stays(given_) -> None:
    bits, (low, high), comparands, signs = given_
    narrowing = Narrowing.of(bits, (low, high), comparands, signs)
    if narrowing is None:
        return
    ends = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    sums = np.arange(low, high + 1)[:, None, None]
    moved = sums + narrowing.bias
    if not narrowing.clips:
        assert ends[0] <= moved.min() <= moved.max() <= ends[1]
    narrow = narrowing.comparands(comparands, signs, (low, high))
    assert ends[0] <= narrow.min() <= narrow.max() <= ends[1]
    expected = (sums ^ signs) >= comparands
    np.testing.assert_array_equal((np.clip(moved, *ends) ^ signs) >= narrow, expected)


def test_what_fits_is_narrowed() -> None:
    comparands, signs = np.array([[-3, 5], [100, 7]]), np.array([0, -1])
    assert Narrowing.of(8, (-128, 126), comparands, signs) == Narrowing(8, 0, False)
    assert Narrowing.of(8, (-200, 50), comparands, signs) == Narrowing(8, 75, False)
    assert Narrowing.of(8, (-1000, 1000), comparands, signs) == Narrowing(8, 0, True)
    assert Narrowing.of(8, (-1000, 1000), comparands + 500, signs) is None
    assert Narrowing.of(8, (-1000, 1000), comparands + 500, np.zeros(2, np.int64)) == Narrowing(
        8, -548, True
    )


@dataclass(frozen=True)
class Layer:
    """A convolution of 1 or 2 rows whose sums reach both ends of their range, and its glue."""

    x_code: str
    w_code: str
    ic: int
    oc: int
    bits: int
    taps: int = 1
    groups: int = 1
    layout: str = "nhwc"
    batch: int = 1
    flips: bool = False

    def data(self, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
        """Pixels and channels of every kind of filling."""
        x_code, w_code, fills = parse_code(self.x_code), parse_code(self.w_code), sorted(FILLS)
        x = np.stack(
            [FILLS[fills[k % 4]](rng, x_code, (2, self.ic)) for k in range(9 * self.batch)]
        ).reshape(self.batch, 9, 2, self.ic)
        shape = (self.taps, self.taps, self.ic // self.groups)
        w = np.stack([FILLS[fills[k // 3 % 4]](rng, w_code, shape) for k in range(self.oc)])
        x = x.transpose(0, 2, 1, 3)
        if self.layout == "nchw":
            return x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2)
        return x, w

    def thresholds(self, rng: np.random.Generator, sums: Numbers, kind: str) -> Numbers:
        """Ascending thresholds of each channel."""
        axis = 3 if self.layout == "nhwc" else 1
        rows = np.moveaxis(sums, axis, 0).reshape(self.oc, -1).astype(np.int64)
        count = (1 << self.bits) - 1
        low, high = rows.min(), rows.max()
        ends = [low - 1, low, low + 1, high - 1, high, high + 1]
        ends += [s * (1 << b) + d for s in (1, -1) for b in (7, 15) for d in (-1, 0, 1)]
        steps = {
            "sums": rng.choice(rows, count, axis=1) + rng.integers(-1, 2, (self.oc, count)),
            "near": rng.integers(-9, 9, (self.oc, count)),
            "ends": rng.choice([*ends, -INT32.max, INT32.max], (self.oc, count)),
        }[kind]
        return np.sort(np.clip(steps, INT32.min, INT32.max), axis=1)

    def graph(self, code: Code, kind: str, seed: int) -> Graph:
        """The layer, its levels plain and as the kernels of both strategies read them."""
        rng, graph = np.random.default_rng(seed), Graph()
        x, w = self.data(rng)
        acc = graph.conv2d(
            graph.values(parse_code(self.x_code), x, constant=False),
            graph.values(parse_code(self.w_code), w, constant=True),
            padding=(self.taps // 2,) * 4,
            groups=self.groups,
            layout=self.layout,
        )
        axis = 3 if self.layout == "nhwc" else 1
        flip, sums = None, acc.numbers
        if self.flips:
            flags = rng.random(self.oc) < 0.5
            flip = graph.integers(flags, constant=True)
            shape = [1, 1, 1, self.oc] if axis == 3 else [1, self.oc, 1, 1]
            sums = np.where(flags.reshape(shape), -sums.astype(np.int64), sums)
        steps = graph.integers(self.thresholds(rng, sums, kind), constant=True)
        level = graph.threshold(acc, steps, code, flip, axis)
        results = [level]
        if kind != "near":
            layouts = result_layouts(self.layout, 32 if seed % 2 else 64, self.groups)
            results = [graph.bitpack(level, layouts[seed // 2 % 2])]
        return graph.returns(*results)


LAYERS = {
    "i8": Layer("unipolar<1>", "bipolar<1>", 64, 64, 1),
    "i8 with bias": Layer("unipolar<2>", "bipolar<1>", 64, 64, 2, flips=True),
    "i16 to its ends": Layer("unipolar<4>", "signed<4>", 273, 70, 2),
    "beyond i16": Layer("unipolar<4>", "signed<4>", 300, 33, 4, flips=True),
    "far beyond": Layer("unipolar<8>", "signed<7>", 7, 33, 4),
    "bipolar": Layer("bipolar<2>", "bipolar<1>", 40, 48, 2, taps=3, flips=True),
    "ragged groups": Layer("unipolar<3>", "signed<2>", 20, 36, 3, groups=2, batch=2),
    "nchw": Layer("signed<2>", "signed<3>", 33, 40, 2, taps=3, layout="nchw", batch=2, flips=True),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    layer, seed = LAYERS[name], sorted(LAYERS).index(name)
    kind = ("ends", "sums", "near")[seed % 3]
    code = parse_code(f"{('unipolar', 'signed', 'bipolar')[seed // 2 % 3]}<{layer.bits}>")
    for number, strategy in some(STRATEGIES, seed):
        check(layer.graph(code, kind, seed), [turn(seed, number)], strategies=[strategy])
