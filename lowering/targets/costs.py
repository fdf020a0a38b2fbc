"""What instructions and memory cost on a target.

Level 2 chooses kernels and schedules by these facts. Below level 2 nothing asks for them: the code
of a kernel depends on its schedule and on the target's capabilities alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from lowering.targets.arch import ARCHITECTURES


@dataclass(frozen=True)
class Waits:
    """Cycles that a pass of a tile of popcounts takes beside its operations; for estimates.

    `pixel` for each word that goes to all lanes, `vector` for each vector of weights, `step` for
    the pass: out of order, the operations hide nearly all of it; in order, they wait for the first
    words, and the last sums for them.
    """

    pixel: float = 0.03
    vector: float = 0.03
    step: float = 0


@dataclass(frozen=True)
class Lookups:
    """What looking bytes up takes beside other operations; for estimates.

    `operations` of the vector units look a full register up. Lookups and additions take `mixed`
    times longer together than their units would need, where operations are given to units as they
    come, not as it would be best. Where they `are_spread`, additions go to all units alike, and so
    to those that shuffle and shift as often as to others. In order, a load takes `load_turns` of
    the turn of an operation, 0 where loads are hidden. A pass of a loop of lookups waits `body`
    cycles, and tables take `building` times longer to fill than their operations would.
    """

    operations: float = 1
    mixed: float = 1.1
    load_turns: float = 0
    body: float = 0
    building: float = 1
    are_spread: bool = False


@dataclass(frozen=True)
class Throughput:
    """Instructions that a core starts each cycle, on full vector registers and data in L1.

    `issue` counts all of them, `vector` those of the vector units, and the others the kinds that
    only some of the units take. `multiply` are multiply-accumulates of lanes of i16,
    `widening_multiply` those of i8 into i16, both a vector of i16 each. `byte_products` are dot
    products of bytes, where each is one instruction; `DotCosts` may allow fewer. A core that
    executes `in_order` does one kind of work at a time. A core that `splits` its widest vectors
    works on halves of them, and the rates are those of whole ones; `lookups_of_halves` are for code
    that has no wider vectors. `l2_vectors` come from the second cache level in a cycle.
    """

    issue: float
    vector: float
    popcount: float
    shuffle: float
    loads: float
    stores: float
    waits: Waits = Waits()
    multiply: float = 1
    widening_multiply: float = 1
    in_order: bool = False
    lookups: Lookups = Lookups()
    byte_products: float = 8
    splits: bool = False
    lookups_of_halves: Lookups = Lookups()
    l2_vectors: float = 0.6

    def together(self, shuffles: float, others: float) -> float:
        """Cycles of shuffles or shifts and of operations that all vector units take, mixed."""
        if self.lookups.are_spread:
            return shuffles / self.shuffle + others / self.vector
        return max((shuffles + others) / self.vector, shuffles / self.shuffle)

    @property
    def narrow_loads(self) -> float:
        """Loads of no more than half a register that start each cycle."""
        return 2 * self.loads if self.splits else self.loads

    def of_halves(self) -> Throughput:
        """The rates of vectors of half the width, for code that has no wider ones."""
        if not self.splits:
            return self
        rates = ("vector", "popcount", "shuffle", "loads", "stores", "byte_products", "l2_vectors")
        doubled = {name: 2 * getattr(self, name) for name in rates}
        return replace(self, splits=False, lookups=self.lookups_of_halves, **doubled)


USUAL_THROUGHPUT = Throughput(issue=4, vector=2, popcount=1, shuffle=1, loads=2, stores=1)
"""Of a core that nothing else is known of."""

USUAL_L1_BYTES, USUAL_L2_BYTES = 32 * 1024, 512 * 1024


@dataclass(frozen=True)
class DotCosts:
    """Sums of products of bytes, four to a lane of i32.

    `rate` is how many of the operations start each cycle, at most. A dot product and its addition
    take `operations`; `wide_operations` where two products can leave i16, and `i16_operations`
    where lanes of i16 are summed first, if `i16_lanes` says that this pays.
    """

    rate: float
    operations: float
    wide_operations: float
    i16_operations: float = 0
    i16_lanes: bool = False


@dataclass(frozen=True)
class MaskCosts:
    """Comparing lanes and using the mask, in operations.

    `select` picks one of two vectors by a mask, `count` adds 1 where the mask is set. Masks in
    registers of their own are dear to make and cheap to use; those of vectors the other way round.
    """

    compare: float
    select: float
    count: float


@dataclass(frozen=True)
class Costs:
    """All cost facts of a target.

    Caches are in bytes. `lookup_steps` are operations that look a vector of bytes up in a table,
    `popcount_steps` those that combine, count and add a vector of words. `popcount_words` are the
    words of a pixel that a pass through the innermost loop of popcounts takes best, and
    `spills_long_bodies` tells that loops which pass over much memory are better not unrolled.
    """

    throughput: Throughput
    l1_bytes: int
    l2_bytes: int
    dot: DotCosts
    masks: MaskCosts
    lookup_steps: float
    popcount_steps: float
    popcount_words: int = 1
    spills_long_bodies: bool = False

    @staticmethod
    def of(
        isa: frozenset[str],
        arch: str,
        throughput: Throughput = USUAL_THROUGHPUT,
        l1_bytes: int = USUAL_L1_BYTES,
        l2_bytes: int = USUAL_L2_BYTES,
    ) -> Costs:
        """The facts of a core of an instruction set, what is particular about it given."""
        has_shuffles = not isa.isdisjoint(BYTE_SHUFFLES)
        dot = _best(DOT_COSTS, isa, DotCosts(2, 16, 16))
        if dot.operations == 1:
            dot = replace(dot, rate=min(dot.rate, throughput.byte_products))
        return Costs(
            throughput,
            l1_bytes,
            l2_bytes,
            dot,
            _best(MASK_COSTS, isa, MaskCosts(compare=1, select=3, count=1)),
            throughput.lookups.operations if has_shuffles else PORTABLE_LOOKUP_STEPS,
            _best(POPCOUNT_STEPS, isa, 20),
            ARCHITECTURES[arch].popcount_words,
            ARCHITECTURES[arch].spills_long_bodies,
        )


_T = TypeVar("_T")


def _best(table: Mapping[str, _T], isa: frozenset[str], otherwise: _T) -> _T:
    """The entry of the first feature of a table that an instruction set has."""
    return next((entry for feature, entry in table.items() if feature in isa), otherwise)


DOT_COSTS: dict[str, DotCosts] = {
    "avx512vnni": DotCosts(2, 1, 1),
    "avx512bw": DotCosts(2, 3, 5, 2, True),
    "avx2": DotCosts(3.4, 3, 5, 2, True),
    "dotprod": DotCosts(2, 1, 1),
    "neon": DotCosts(2, 1, 1),
}
"""By the feature that has it, the best first."""

MASK_COSTS: dict[str, MaskCosts] = {
    "avx512bw": MaskCosts(compare=3, select=1, count=1),
    "sse4.1": MaskCosts(compare=1, select=2, count=1),
    "neon": MaskCosts(compare=1, select=1, count=1),
}
"""By the feature that has it, the best first."""

BYTE_SHUFFLES = ("ssse3", "neon")
"""The features that shuffle bytes of a vector; without, entries are compared one by one."""

PORTABLE_LOOKUP_STEPS = 32

POPCOUNT_STEPS: dict[str, float] = {"avx512vpopcntdq": 3, "avx512bw": 9, "avx2": 9, "neon": 3}
"""By the feature that counts bits of vectors, the best first; without, counts are made of sums."""
