"""What instructions cost on a target; for estimates, no result depends on it."""

from __future__ import annotations

from dataclasses import dataclass


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
    come, not as it would be best. In order, a load takes `load_turns` of the turn of an operation,
    0 where loads are hidden. A pass of a loop of lookups waits `body` cycles, and tables take
    `building` times longer to fill than their operations would.
    """

    operations: float = 1
    mixed: float = 1.1
    load_turns: float = 0
    body: float = 0
    building: float = 1


@dataclass(frozen=True)
class Throughput:
    """Instructions that a core starts each cycle, on full vector registers and data in L1.

    `issue` counts all of them, `vector` those of the vector units, and the others the kinds that
    only some of the units take. `multiply` are multiply-accumulates of lanes of i16,
    `widening_multiply` those of i8 into i16, both a vector of i16 each. A core that executes
    `in_order` does one kind of work at a time.
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


USUAL_THROUGHPUT = Throughput(issue=4, vector=2, popcount=1, shuffle=1, loads=2, stores=1)
"""Of a core that nothing else is known of."""


@dataclass(frozen=True)
class DotForm:
    """How a target adds up products of bytes, four to a lane of i32; for estimates.

    `rate` is how many of the operations start each cycle. A dot product and its addition take
    `operations`; `wide_operations` where two products can leave i16, and `i16_operations` where
    lanes of i16 are summed first, if `i16_lanes` says that this pays.

    `words` are the bytes that a word may have (`level_product`), what is best first. With
    `mixed_signs` bytes of x are unsigned and those of w signed, elsewhere both are one or the
    other. With `by_lane` a vector of words of x is loaded at once, and instructions take one of its
    lanes for all.
    """

    rate: float
    operations: float
    wide_operations: float
    i16_operations: float = 0
    i16_lanes: bool = False
    words: tuple[int, ...] = (4,)
    mixed_signs: bool = True
    by_lane: bool = False


@dataclass(frozen=True)
class MaskForm:
    """What comparing lanes and using the mask takes, in operations; for estimates.

    `select` picks one of two vectors by a mask, `count` adds 1 where the mask is set.
    `packs_together` says that masks become words by sums, which several of them share.
    """

    compare: float
    select: float
    count: float
    packs_together: bool = False


DOT_FORMS: dict[str, DotForm] = {
    "avx512vnni": DotForm(2, 1, 1),
    "avx512bw": DotForm(2, 3, 5, 2, True),
    "avx2": DotForm(3.4, 3, 5, 2, True),
    "dotprod": DotForm(2, 1, 1, mixed_signs=False, by_lane=True),
    "neon": DotForm(2, 1, 1, words=(2, 1), mixed_signs=False, by_lane=True),
}
"""By the feature that has it, the best first."""


PORTABLE_DOT = DotForm(2, 16, 16)


MASK_FORMS: dict[str, MaskForm] = {
    "avx512bw": MaskForm(compare=3, select=1, count=1),
    "sse4.1": MaskForm(compare=1, select=2, count=1),
    "neon": MaskForm(compare=1, select=1, count=1, packs_together=True),
}
"""By the feature that has it, the best first. Masks in registers of their own are dear to make and
cheap to use; those of vectors the other way round."""


PORTABLE_MASK = MaskForm(compare=1, select=3, count=1)


BYTE_SHUFFLES = ("ssse3", "neon")
"""The features that shuffle bytes of a vector; without, entries are compared one by one."""


PORTABLE_LOOKUP_STEPS = 32


POPCOUNT_STEPS: dict[str, float] = {"avx512vpopcntdq": 3, "avx512bw": 9, "avx2": 9, "neon": 3}
"""By the feature that counts bits of vectors, the best first; without, counts are made of sums."""


PORTABLE_POPCOUNT_STEPS = 20


POPCOUNT_REGISTERS = {"aarch64": 6}
"""By architecture: where LLVM orders operations for their latency, several are under way at once,
and it does not take back what that costs in spills."""


LEAST_POPCOUNT_REGISTERS = 2
"""A word of x and a count."""


POPCOUNT_WORDS = {"armv7": 2}
"""By architecture: tiles of few registers are small, and the loop's own steps count there."""


SPILLS_LONG_BODIES = ("armv7",)
"""Architectures where LLVM reads through one pointer that moves on, and so all of a body at its
beginning: what is not needed at once then goes to the stack."""


LANE_REGISTERS = {"armv7": 2}
"""By architecture: vectors that instructions take single lanes of. On ARMv7 these must be q0 to q3,
which LLVM gives to sums as well."""
