"""What loops of lookups become: they spill no vector, and two pixels share operations on ARM."""

from collections import Counter
from itertools import product

import pytest

from lowering.targets import get_target
from runtime.analysis.assembly import Instruction
from runtime.analysis.levels import Levels
from runtime.measure.layer import Layer
from runtime.measure.workloads import load_workloads
from tests.sweep import thinned

LOOKUPS = ("tbl", "vtbl.8", "vpshufb", "vpermb")
STORES = ("st", "vst")


def fills_memory(instruction: Instruction) -> bool:
    """Whether it stores something that is no spill."""
    to_memory = instruction.mnemonic.startswith("vmov") and "(" in instruction.operands[-1]
    return not instruction.spill and (to_memory or instruction.mnemonic.startswith(STORES))


def lookup_loop(name: str, pair: str) -> list[Instruction]:
    """The loop with the most lookups among those that fill no table."""
    target = get_target(name)
    workload = next(w for w in load_workloads() if w.id == "C9")
    layer = Layer.random(workload, pair)
    levels = Levels.of(layer.module("packed", "lut", target), target, strategy="lut")
    stage = next(n for n, _ in levels.signatures[0].stages if n.endswith("lut_conv"))
    loops = [
        loop
        for loop in levels.assembly[stage].innermost_loops
        if not any(fills_memory(i) for i in loop)
    ]
    return max(loops, key=lambda loop: sum(i.mnemonic in LOOKUPS for i in loop))


@pytest.mark.parametrize(
    ("name", "pair"),
    thinned(
        product(["cortex-a53", "neoverse-n1", "cortex-a9"], ["A1W1", "A2W1", "A3W1", "A4W1"]), 3
    ),
)
def test_a_loop_of_lookups_spills_no_vector(name: str, pair: str):
    loop = lookup_loop(name, pair)
    assert sum(i.mnemonic in LOOKUPS for i in loop) >= 8
    assert [i for i in loop if i.spill >= 16 or i.reload >= 16] == []


@pytest.mark.parametrize(("name", "pair"), [("x86-64-v3", "A4W1"), ("znver4", "A2W2")])
def test_sums_of_entries_keep_their_order(name: str, pair: str):
    """Trees of the additions, as LLVM's machine combiner makes them, would spill accumulators."""
    loop = lookup_loop(name, pair)
    assert sum(i.mnemonic in LOOKUPS for i in loop) >= 8
    assert [i for i in loop if i.spill >= 16 or i.reload >= 16] == []


@pytest.mark.parametrize("name", ["cortex-a53", "cortex-a72", "neoverse-n1"])
def test_a_lookup_for_two_pixels_takes_three_operations(name: str):
    """A2W1: a lookup, an addition, and an addition of what is left without a nibble."""
    counts = Counter(i.mnemonic for i in lookup_loop(name, "A2W1") if "16b" in str(i.operands))
    assert counts["tbl"] == counts["add"] == counts["usra"]
