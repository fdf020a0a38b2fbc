"""The targets with fixed descriptions."""

from __future__ import annotations

from lowering.targets.costs import (
    USUAL_L1_BYTES,
    USUAL_L2_BYTES,
    Costs,
    Lookups,
    Throughput,
    Waits,
)
from lowering.targets.isa_classes import AVX2, AVX512, AVX512_POPCNT, NEON, SSE2
from lowering.targets.target import Target

_ZEN5 = Throughput(issue=8, vector=3.9, popcount=1.99, shuffle=1.99, loads=1.98, stores=1)
"""Measured with streams of one kind of instruction; the rows below are as the makers give them."""


_ZEN4 = Throughput(
    issue=6,
    vector=2,
    popcount=1,
    shuffle=1,
    loads=1,
    stores=0.5,
    byte_products=1,
    splits=True,
    lookups_of_halves=Lookups(mixed=1, are_spread=True),
)
"""Lookups and rates measured; a vector of 512 bits keeps a unit for two cycles."""


_ICELAKE = Throughput(issue=5, vector=2, popcount=1, shuffle=1, loads=2, stores=1)


_SKYLAKE = Throughput(issue=4, vector=3, popcount=1, shuffle=1, loads=2, stores=1)


_IN_ORDER = Waits(pixel=1.7, vector=0, step=14)


_OUT_OF_ORDER = Waits(pixel=0.6, vector=0.1, step=1)


_A53 = Throughput(
    issue=2,
    vector=1,
    popcount=1,
    shuffle=1,
    loads=1,
    stores=1,
    waits=_IN_ORDER,
    in_order=True,
    lookups=Lookups(mixed=1, load_turns=1, body=7, building=2.8),
)


_A72 = Throughput(
    issue=3,
    vector=2,
    popcount=2,
    shuffle=2,
    loads=1,
    stores=1,
    waits=_OUT_OF_ORDER,
    multiply=0.5,
    lookups=Lookups(operations=3, mixed=1),
)


_N1 = Throughput(
    issue=4,
    vector=2,
    popcount=2,
    shuffle=2,
    loads=2,
    stores=1,
    waits=_OUT_OF_ORDER,
    lookups=Lookups(mixed=1),
)


# Half a register at a time: two lookups of halves take as long as one operation.
_A7 = Throughput(
    issue=2,
    vector=0.5,
    popcount=0.5,
    shuffle=0.5,
    loads=0.5,
    stores=0.5,
    waits=Waits(pixel=2, vector=0, step=8),
    in_order=True,
    lookups=Lookups(mixed=1, load_turns=0.25, body=2, building=2.8),
)


# Two instructions a cycle, on registers of 64 bits: a vector of 128 bits is two of them at best.
_SCALAR = Throughput(issue=2, vector=0.5, popcount=0.1, shuffle=0.1, loads=0.5, stores=0.5)


# All four parts: of three, LLVM takes the second for the vendor, and misses the hard-float ABI.
_X86 = "x86_64-unknown-linux-gnu"


_A64 = "aarch64-unknown-linux-gnu"


_ARM = "armv7-unknown-linux-gnueabihf"


_RV64 = "riscv64-unknown-linux-gnu"


_KB = 1024


def _target(
    name: str,
    triple: str,
    cpu: str,
    isa: frozenset[str],
    vector_bits: int,
    vector_registers: int,
    word_bits: int,
    throughput: Throughput,
    l1_bytes: int = USUAL_L1_BYTES,
    l2_bytes: int = USUAL_L2_BYTES,
    index_width: int = 64,
    features: str = "",
) -> Target:
    """A row; what its instruction set costs comes from the tables of `costs`."""
    costs = Costs.of(isa, triple.partition("-")[0], throughput, l1_bytes, l2_bytes)
    widths = vector_bits, vector_registers, word_bits
    return Target(name, triple, cpu, isa, *widths, costs, index_width, features)


TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        _target("x86-64", _X86, "x86-64", SSE2, 128, 16, 64, throughput=_SKYLAKE),
        _target("x86-64-v3", _X86, "x86-64-v3", AVX2, 256, 16, 64, throughput=_SKYLAKE),
        _target(
            *("x86-64-v4", _X86, "x86-64-v4", AVX512, 512, 32, 64),
            l2_bytes=1024 * _KB,
            throughput=_ICELAKE,
        ),
        _target(
            *("icelake-server", _X86, "icelake-server", AVX512_POPCNT, 512, 32, 32),
            l1_bytes=48 * _KB,
            l2_bytes=1280 * _KB,
            throughput=_ICELAKE,
        ),
        _target(
            *("znver4", _X86, "znver4", AVX512_POPCNT, 512, 32, 32),
            l2_bytes=1024 * _KB,
            throughput=_ZEN4,
        ),
        _target(
            *("znver5", _X86, "znver5", AVX512_POPCNT | {"avxvnni"}, 512, 32, 32),
            l1_bytes=48 * _KB,
            l2_bytes=1024 * _KB,
            throughput=_ZEN5,
        ),
        _target("cortex-a53", _A64, "cortex-a53", NEON, 128, 32, 16, throughput=_A53),
        _target(
            *("cortex-a72", _A64, "cortex-a72", NEON, 128, 32, 16),
            l2_bytes=1024 * _KB,
            throughput=_A72,
        ),
        _target(
            *("neoverse-n1", _A64, "neoverse-n1", NEON | {"dotprod", "fullfp16"}, 128, 32, 16),
            l1_bytes=64 * _KB,
            l2_bytes=1024 * _KB,
            throughput=_N1,
        ),
        _target(
            *("cortex-a7", _ARM, "cortex-a7", NEON, 128, 16, 16),
            index_width=32,
            throughput=_A7,
        ),
        _target(
            *("cortex-a9", _ARM, "cortex-a9", NEON, 128, 16, 16),
            index_width=32,
            features="+neon",
            throughput=_A7,
        ),
        _target(
            *("rv64gc", _RV64, "generic-rv64", frozenset(), 128, 8, 64),
            features="+m,+a,+f,+d,+c",
            throughput=_SCALAR,
        ),
    )
}
"""The targets with fixed descriptions. `get_target` knows these and `host`."""

BUILT_IN: frozenset[Target] = frozenset(TARGETS.values())
"""The targets above, of which tests say that LLVM knows them as they are described."""
