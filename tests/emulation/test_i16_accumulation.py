"""Popcounts in lanes of 16 bits, at the ends of what these hold, under an emulator."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest

from lowbit_dialect import reference
from lowbit_dialect.codes import AFFINE_CODES, AffineCode, parse_code
from lowbit_dialect.sums.bitserial import decompose
from lowbit_dialect.sums.i16_accumulation import NARROW_SUMS, fits_i16, segments
from lowering.targets import get_target
from runtime.remote.program import Job, Unit
from tests.differential.graph import Graph, Numbers, module_of
from tests.differential.strategies import FILLS
from tests.emulation.emulated import emulated, linked
from tests.sweep import swept

KINDS = sorted(AFFINE_CODES)
FILL_PAIRS = (*product(("highest", "lowest"), repeat=2), ("alternating", "highest"))


def codes(x: str, w: str) -> tuple[AffineCode, AffineCode]:
    """Two affine codes."""
    x_code, w_code = parse_code(x), parse_code(w)
    assert isinstance(x_code, AffineCode)
    assert isinstance(w_code, AffineCode)
    return x_code, w_code


def taps_at_ends(x: AffineCode, w: AffineCode) -> Iterator[int]:
    """The most taps of which lanes hold the sums, as i16 and as any 2^16 neighbouring numbers."""
    decomposition = decompose(x, w)
    words = range(1, NARROW_SUMS // 16)

    def last(holds: Callable[[int], bool]) -> int:
        return 16 * bisect_left(words, True, key=lambda n: not holds(16 * n))

    yield last(lambda taps: fits_i16(decomposition.raw_range(taps)))
    yield last(lambda taps: len(segments(decomposition, taps)) == 1)


CODES = [
    *((f"{x}<1>", f"{w}<1>") for x, w in product(KINDS, KINDS)),
    *((f"{x}<2>", f"{w}<2>") for x, w in product(KINDS, KINDS)),
    *((f"{x}<4>", f"{w}<4>") for x, w in product(KINDS, KINDS)),
    *((f"{x}<8>", f"{w}<8>") for x, w in product(KINDS, KINDS)),
    ("unipolar<3>", "signed<5>"),
    ("bipolar<2>", "signed<1>"),
]


@pytest.mark.parametrize("kinds", CODES, ids=" ".join)
def test_segments_hold_their_sums(kinds: tuple[str, str]) -> None:
    """Every partial sum, added up as the tiles do, is what its range says."""
    decomposition = decompose(*codes(*kinds))
    for taps in (16, 576, 4608, 30000, 65520):
        found = segments(decomposition, taps)
        terms = [term for segment in found for group in segment.groups for term in group]
        assert tuple(terms) == decomposition.terms
        low, high, exponent = 0, 0, found[0].exponent
        for segment in found:
            assert 0 <= segment.high - segment.low < NARROW_SUMS
            ends = [0, 0]
            for term in (term for group in segment.groups for term in group):
                weight = taps << (term.exponent - segment.exponent)
                ends[term.sign > 0] += term.sign * weight
            assert (segment.low, segment.high) == tuple(ends)
            shift = exponent - segment.exponent
            low, high = (low << shift) + segment.low, (high << shift) + segment.high
            exponent = segment.exponent
        assert (low << exponent, high << exponent) == decomposition.raw_range(taps)


def test_too_many_taps() -> None:
    with pytest.raises(ValueError, match="lanes of 16 bits do not count to 65536"):
        segments(decompose(*codes("unipolar<1>", "unipolar<1>")), NARROW_SUMS)


def matmul(name: str, kinds: tuple[str, str], taps: int, has_glue: bool) -> Graph:
    """Two rows of sums; as levels, too, whose thresholds are between and at all the sums."""
    (x_code, w_code), graph = codes(*kinds), Graph(name)
    x = np.full((2, taps), x_code.max_value)
    acc = graph.matmul(
        graph.values(x_code, x, constant=False),
        graph.values(w_code, np.full((taps, 9), w_code.max_value), constant=False),
    )
    if not has_glue:
        return graph.returns(acc)
    ends = sorted(int(a) * int(b) * taps for a in _ends(x_code) for b in _ends(w_code))
    steps = np.sort(np.resize([ends[0], ends[-1] - 1, ends[-1], 0, 1, ends[0] + 1], (9, 3)))
    thresholds = graph.integers(steps, constant=True)
    return graph.returns(graph.threshold(acc, thresholds, parse_code("unipolar<2>")))


def _ends(code: AffineCode) -> tuple[int, int]:
    return code.min_value, code.max_value


def expected(graph: Graph, x: Numbers, w: Numbers) -> Numbers:
    """What the graph's function gives for other numbers, through its last operation."""
    acc = reference.matmul(x, w)
    if graph.results[0].type.element_type != parse_code("unipolar<2>"):
        return acc
    taps, (x_code, w_code) = x.shape[1], (graph.inputs[0].code, graph.inputs[1].code)
    assert isinstance(x_code, AffineCode)
    assert isinstance(w_code, AffineCode)
    ends = sorted(int(a) * int(b) * taps for a in _ends(x_code) for b in _ends(w_code))
    steps = np.sort(np.resize([ends[0], ends[-1] - 1, ends[-1], 0, 1, ends[0] + 1], (9, 3)))
    return reference.fused_glue_threshold(acc, steps, parse_code("unipolar<2>"))


SATURATED = (
    ("unipolar<1>", "unipolar<1>"),
    ("bipolar<1>", "bipolar<1>"),
    ("unipolar<2>", "bipolar<2>"),
    ("signed<2>", "bipolar<2>"),
    ("signed<4>", "signed<4>"),
    ("bipolar<4>", "bipolar<4>"),
    ("unipolar<8>", "signed<2>"),
    ("signed<8>", "bipolar<8>"),
)
WIDEST = ("signed<2>", "bipolar<2>")
"""Codes whose sums are also checked over more taps than lanes count, and over nearly as many."""


@pytest.mark.parametrize("name", [*swept("cortex-a53"), "cortex-a7", *swept("neoverse-n1")])
def test_saturated_sums(name: str) -> None:
    """All codes at their ends, on both sides of every limit, as sums and as levels."""
    graphs: list[Graph] = []
    for kinds in SATURATED:
        ends = [end for end in taps_at_ends(*codes(*kinds)) if end]
        taps = {4608, *ends, *(end + 1 for end in ends)}
        taps |= {65520, 70000} if kinds == WIDEST else set()
        for count in sorted(taps):
            graphs.append(matmul(f"f{len(graphs)}", kinds, count, has_glue=count in ends))
    run_all(graphs, name)


def run_all(graphs: list[Graph], name: str) -> None:
    """Every function with inputs of every kind."""
    target, rng = get_target(name), np.random.default_rng(0)
    units = [Unit.of(module_of(graph), target, "bitserial") for graph in graphs]
    program, jobs, wanted = linked(units, name), [], []
    for graph in graphs:
        for fills in FILL_PAIRS:
            x, w = (
                FILLS[fill](rng, value.code, value.numbers.shape)
                for fill, value in zip(fills, graph.inputs, strict=True)
            )
            signature = program.signatures[graph.name]
            jobs.append(Job(graph.name, signature.to_storages((x, w)), place="end"))
            wanted.append((graph, fills, expected(graph, x, w)))
    with emulated(name) as machine:
        program.put(machine)
        reports = program.run(machine, jobs, 300)
    for report, (graph, fills, numbers) in zip(reports, wanted, strict=True):
        shapes = [v.type for v in graph.inputs]
        where = f"{name} {shapes} {fills}"
        assert not report.faults, where
        found = program.signatures[graph.name].from_storages(report.outputs)
        np.testing.assert_array_equal(np.asarray(found), numbers, where)
