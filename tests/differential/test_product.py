"""Contractions by tables of products against numpy: of codebooks, which have no other kernel, and
of uniform codes."""

from dataclasses import replace
from itertools import cycle, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runtime
from lowbit_dialect.codes import CodebookType, parse_code
from tests.differential.check import TARGETS, check
from tests.differential.contraction import Conv, Matmul
from tests.differential.graph import Graph
from tests.differential.strategies import EXTENTS, examples, seeds
from tests.differential.test_conv2d import convs
from tests.sweep import thinned

PRODUCT = ("product_lut",)
CODE_PAIRS = [
    ("unipolar<2>", "signed<2>"),
    ("bipolar<2>", "signed<3>"),
    ("signed<4>", "unipolar<4>"),
    ("codebook<1, [5, -3]>", "codebook<1, [-1, 1]>"),
    ("codebook<2, [-7, -1, 2, 9]>", "bipolar<2>"),
    ("codebook<2, [9, 0, -7, 2]>", "codebook<2, [4, -4, 1, -11]>"),
    ("unipolar<2>", "codebook<2, [120, -128, 5, 6]>"),
    ("signed<3>", "codebook<3, [-40, -20, -9, -4, 0, 7, 19, 41]>"),
    ("codebook<3, [1, 2, 4, 8, 16, 32, 64, 128]>", "codebook<3, [0, 1, -1, 3, -3, 9, -9, 27]>"),
    ("codebook<2, [-32768, 32767, 0, 1]>", "codebook<2, [-9, 30, 7, -11]>"),
    ("codebook<1, [-20000, 20000]>", "codebook<1, [9, -19000]>"),
    ("unipolar<4>", "codebook<4, [" + ", ".join(str(v * v * (-1) ** v) for v in range(16)) + "]>"),
    ("codebook<4, [" + ", ".join(str(3 ** (v % 8) - v) for v in range(16)) + "]>", "signed<4>"),
    ("codebook<1, [1000, -32000]>", "codebook<6, [" + ", ".join(map(str, range(64))) + "]>"),
    ("unipolar<6>", "codebook<1, [-2, 3]>"),
]
"""Tables of one to four parts in registers; of bytes, halves and words in memory."""


def channels_for(x_code: str, w_code: str) -> int:
    """So few that no sum of 9 taps leaves i32."""
    x, w = parse_code(x_code), parse_code(w_code)
    return min(33, (2**31 - 1) // (9 * x.max_magnitude * w.max_magnitude))


@pytest.mark.parametrize(
    ("x_code", "w_code", "target"), thinned((*pair, t) for pair in CODE_PAIRS for t in TARGETS)
)
def test_codes(x_code: str, w_code: str, target: str) -> None:
    channels = channels_for(x_code, w_code) or 1
    taps = (2, 1) if channels == 1 else (3, 3)
    codes = {"x_code": x_code, "w_code": w_code, "strategies": PRODUCT}
    conv = Conv((2, 4, 5, channels), 9, taps, padding=(2, 1, 1, 2), **codes)
    conv.check(target, num_threads=2)
    if target == TARGETS[CODE_PAIRS.index((x_code, w_code)) % len(TARGETS)]:
        conv.check_constant(target)
        Matmul(3, channels, 18, **codes).check(target)


@pytest.mark.parametrize("x_code", ["codebook<2, [-7, -1, 2, 9]>", "codebook<2, [4, 3, 2, 1]>"])
@pytest.mark.parametrize("target", TARGETS)
def test_padding(x_code: str, target: str) -> None:
    """Codebooks without a 0: what lies in the padding counts 0 in every border class."""
    codes = {"x_code": x_code, "w_code": "codebook<2, [7, -3, 2, 30]>", "strategies": PRODUCT}
    conv = Conv((1, 3, 3, 5), 3, (3, 3), **codes)
    for padding in ((1, 1, 1, 1), (0, 2, 1, 0)):
        replace(conv, padding=padding).check(target)
    padded = replace(conv, padding=(3, 2, 1, 2), strides=(2, 3), dilation=(1, 2))
    padded.check_constant(target)


@pytest.mark.parametrize(
    ("channels", "oc", "groups"), [(4, 4, 4), (34, 6, 2), (70, 68, 2), (33, 33, 33), (1, 1, 1)]
)
def test_groups(channels: int, oc: int, groups: int) -> None:
    codes = {
        "x_code": "codebook<2, [-7, -1, 2, 9]>",
        "w_code": "codebook<3, [3, 1, 4, -1, 5, 9, 2, 6]>",
        "strategies": PRODUCT,
    }
    for target, layout in zip(TARGETS, cycle(["nhwc", "nchw"]), strict=False):
        Conv((1, 3, 4, channels), oc, groups=groups, layout=layout, **codes).check(target, 2)


@pytest.mark.parametrize("channels", thinned([*EXTENTS, 259]))
def test_remainders(channels: int) -> None:
    """Every remainder of a word; more lookups than bytes can sum."""
    target = TARGETS[channels % len(TARGETS)]
    codes = {
        "x_code": "codebook<2, [-7, -1, 2, 9]>",
        "w_code": "codebook<2, [3, 1, -4, 11]>",
        "strategies": PRODUCT,
    }
    Conv((1, 2, 3, channels), channels, (1, 2), padding=(0, 0, 1, 0), **codes).check(target)
    Matmul(2, channels, 3, **codes).check(target)


def codebook_layers(entries: list[int], form: str) -> Graph:
    """Glue between layers makes levels of a codebook, ascending or not."""
    code = CodebookType(len(entries).bit_length() - 1, entries)
    weights = CodebookType(2, [-3, 5, 1, 0])
    rng, graph = np.random.default_rng(0), Graph()
    x = graph.values(code, rng.choice(code.values, (2, 5, 6, 9)), constant=False)
    sums = []
    for _ in range(2):
        channels = x.numbers.shape[3]
        filters = rng.choice(weights.values, (7, 3, 3, channels))
        acc = graph.conv2d(x, graph.values(weights, filters, constant=True), padding=(1, 1, 1, 1))
        sums.append(acc)
        if form == "threshold":
            count = len(entries) - 1
            steps = np.sort(rng.integers(-90, 90, (7, count)), axis=1)
            x = graph.threshold(acc, graph.integers(steps, constant=True), code)
        else:
            offset = graph.integers(rng.integers(60, 90, 7), constant=True)
            shift = graph.integers(np.full(7, 6), constant=True)
            x = graph.shift(acc, offset, shift, code)
    return graph.returns(x, sums[-1])


ENTRIES = ([-7, -1, 2, 9], [9, -7, 2, -1], [2, 1])
FORMS = ("threshold", "shift")


@pytest.mark.parametrize(
    ("entries", "form", "target"), thinned(product(ENTRIES, FORMS, TARGETS), len(TARGETS) - 1)
)
def test_layers(entries: list[int], form: str, target: str) -> None:
    check(codebook_layers(entries, form), [target], 2, PRODUCT)


@st.composite
def codebooks(draw: st.DrawFn, most: int) -> CodebookType:
    bits = draw(st.integers(1, most))
    values = st.integers(-draw(st.sampled_from([3, 90, 300])) - (1 << bits), 300)
    entries = draw(st.lists(values, min_size=1 << bits, max_size=1 << bits, unique=True))
    return CodebookType(bits, entries)


@examples(12)
@given(convs(), st.data(), st.sampled_from(TARGETS), st.integers(1, 3), seeds)
def test_any(conv: Conv, data: st.DataObject, target: str, num_threads: int, seed: int) -> None:
    x = data.draw(codebooks(4))
    w = data.draw(codebooks(min(4, 8 - x.width)))
    conv = replace(conv, x_code=str(x), w_code=str(w), strategies=PRODUCT)
    (conv.check_constant if seed % 2 else conv.check)(target, num_threads, seed)


@pytest.mark.parametrize(
    ("x_code", "w_code"), [("unipolar<5>", "signed<4>"), ("codebook<8, %s>", "signed<1>")]
)
def test_what_has_no_table(x_code: str, w_code: str) -> None:
    if "%s" in x_code:
        x_code %= list(range(256))
    x, w = np.zeros((2, 3), np.int64), np.zeros((3, 2), np.int64)
    with pytest.raises(ValueError, match="tables of products are indexed by 8 bits at most"):
        runtime.matmul(x, w, x_code=x_code, w_code=w_code, strategy="product_lut")


def glue_of_unsorted_codebooks(bits: int, axis: int) -> Graph:
    """Glue that is no epilogue, on vectors and on their rests."""
    rng, graph = np.random.default_rng(bits), Graph()
    code = CodebookType(bits, rng.permutation(np.arange(1 << bits) * 3 - 100).tolist())
    acc = graph.integers(rng.integers(-200, 200, (5, 37)), constant=False)
    count = (5, 37)[axis]
    steps = np.sort(rng.integers(-200, 200, (count, min(7, (1 << bits) - 1))), axis=1)
    level = graph.threshold(acc, graph.integers(steps, constant=True), code, axis=axis)
    shifts = graph.integers(np.full(count, 2), constant=True)
    offsets = graph.integers(rng.integers(0, 90, count), constant=False)
    return graph.returns(level, graph.shift(acc, offsets, shifts, code, axis=axis))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("bits", [1, 3, 7])
def test_glue_of_unsorted_codebooks(bits: int, axis: int) -> None:
    check(glue_of_unsorted_codebooks(bits, axis))
