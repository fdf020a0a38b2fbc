"""Products of words of one and two bytes, at the ends of what lanes hold, under an emulator."""

from itertools import product

import numpy as np
import pytest

from lowbit_dialect import reference
from lowbit_dialect.codes import AFFINE_CODES, AffineCode, parse_code
from lowbit_dialect.sums.dot import DotSums
from lowering.strategies.dot.dot_words import DotWords, dot_words
from lowering.targets import get_target
from runtime.remote.program import Job, Unit
from tests.differential.graph import Graph, module_of
from tests.differential.strategies import FILLS
from tests.emulation.emulated import emulated, linked
from tests.sweep import some

KINDS = sorted(AFFINE_CODES)
CODES = tuple(
    (AFFINE_CODES[x](x_bits), AFFINE_CODES[w](w_bits))
    for x_bits, w_bits in product(range(1, 9), repeat=2)
    for x, w in product(KINDS, KINDS)
)
FILL_PAIRS = (*product(("highest", "lowest"), repeat=2), ("alternating", "highest"))
EMULATED = ("cortex-a53", "neoverse-n1", "cortex-a7")
SATURATED = (
    ("unipolar<2>", "signed<2>"),
    ("unipolar<2>", "bipolar<2>"),
    ("bipolar<3>", "signed<3>"),
    ("unipolar<1>", "signed<5>"),
    ("unipolar<4>", "signed<4>"),
    ("signed<4>", "bipolar<4>"),
    ("unipolar<7>", "signed<8>"),
    ("bipolar<8>", "bipolar<1>"),
    ("unipolar<8>", "signed<5>"),
    ("unipolar<8>", "signed<8>"),
)


def product_of(x: AffineCode, w: AffineCode, words: DotWords) -> tuple[DotSums, list[int]]:
    """How two codes multiply, and the bytes of w at their ends."""
    level = (1 << w.width) - 1
    if words.holds == "levels":
        return DotSums(x, w, max_level_byte=level), [0, level]
    return DotSums(x, w), [w.min_value, w.max_value]


@pytest.mark.parametrize("name", ["cortex-a53", "neoverse-n1"])
def test_lanes_hold_their_sums(name: str) -> None:
    """As many products as are added in a lane, at their ends: with numbers of any size."""
    for x, w in CODES:
        if w.min_value < -128 or w.max_value > 127:
            continue
        words = dot_words((x, w), get_target(name))
        found, bytes_ = product_of(x, w, words)
        is_unsigned = words.holds == "levels"
        most = np.iinfo(np.uint16 if is_unsigned else np.int16)
        if words.size < 4:
            steps = found.i16_words(words.size, is_unsigned)
            assert steps > 0
            ends = [steps * words.size * found.max_level * byte for byte in bytes_]
            assert most.min <= min(ends) <= max(ends) <= most.max
        if words.size == 2:
            n, level = found.digit_words, found.max_level
            for low, high in product(bytes_, repeat=2):
                number = n * (level + 256 * level) * (256 * high + low)
                lane = int(np.array(number & 0xFFFF, np.uint16).view(np.int16))
                assert (lane + 128) >> 8 == n * level * (low + high), (x, w)
        if not get_target(name).dot_form.mixed_signs:
            assert is_unsigned or found.max_level < 128


def test_words() -> None:
    def words(target: str, x: str, w: str) -> tuple[int, str]:
        found = dot_words((parse_code(x), parse_code(w)), get_target(target))
        return found.size, found.holds

    assert words("cortex-a53", "unipolar<2>", "signed<2>") == (2, "digits")
    assert words("cortex-a53", "unipolar<4>", "signed<4>") == (1, "values")
    assert words("cortex-a7", "unipolar<8>", "bipolar<1>") == (1, "levels")
    assert words("neoverse-n1", "unipolar<7>", "signed<8>") == (4, "values")
    assert words("neoverse-n1", "unipolar<8>", "signed<2>") == (4, "levels")
    assert words("znver5", "unipolar<8>", "signed<2>") == (4, "values")


def lengths(x: str, w: str, target: str) -> set[int]:
    """Channels: remainders of words and bodies, the ends of lanes, and beyond them."""
    x_code, w_code = parse_code(x), parse_code(w)
    assert isinstance(x_code, AffineCode)
    assert isinstance(w_code, AffineCode)
    words = dot_words((x_code, w_code), get_target(target))
    found, _ = product_of(x_code, w_code, words)
    if words.size == 4:
        return {1, 15, 33, 64, 87, 4608}
    ends = found.i16_words(words.size, words.holds == "levels") * words.size
    return {1, 15, 33, 64, 87, ends, ends + 1, min(2 * ends + 3, 10000)}


@pytest.mark.parametrize("name", EMULATED)
def test_saturated_sums(name: str) -> None:
    """All codes at their ends, on both sides of every limit."""
    target, graphs, rng = get_target(name), list[Graph](), np.random.default_rng(0)
    for _, (x, w) in some(SATURATED, EMULATED.index(name)):
        for k in sorted(lengths(x, w, name)):
            graph = Graph(f"f{len(graphs)}")
            x_code, w_code = parse_code(x), parse_code(w)
            y = graph.matmul(
                graph.values(x_code, np.full((2, k), x_code.max_value), constant=False),
                graph.values(w_code, np.full((k, 9), w_code.max_value), constant=False),
            )
            graphs.append(graph.returns(y))
    units = [Unit.of(module_of(graph), target, "dot") for graph in graphs]
    program, jobs, wanted = linked(units, name), [], []
    for graph, fills in product(graphs, FILL_PAIRS):
        x, w = (
            FILLS[fill](rng, value.code, value.numbers.shape)
            for fill, value in zip(fills, graph.inputs, strict=True)
        )
        storages = program.signatures[graph.name].to_storages((x, w))
        jobs.append(Job(graph.name, storages, place="end"))
        wanted.append((graph, fills, reference.matmul(x, w)))
    with emulated(name) as machine:
        program.put(machine)
        reports = program.run(machine, jobs, 300)
    for report, (graph, fills, numbers) in zip(reports, wanted, strict=True):
        where = f"{name} {[v.type for v in graph.inputs]} {fills}"
        assert not report.faults, where
        found = program.signatures[graph.name].from_storages(report.outputs)
        np.testing.assert_array_equal(np.asarray(found), numbers, where)
