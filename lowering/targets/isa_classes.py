"""Sets of features, and the classes of x86-64 machines that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lowering.targets.costs import Costs
from lowering.targets.target import Target

SSE2 = frozenset({"sse", "sse2"})


AVX2 = SSE2 | {
    *("sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "avx", "avx2"),
    *("fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"),
}


AVX512 = AVX2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


AVX512_POPCNT = AVX512 | {
    *("avx512vpopcntdq", "avx512bitalg", "avx512vbmi", "avx512vbmi2"),
    *("avx512vnni", "avx512ifma", "gfni"),
}


NEON = frozenset({"neon"})


@dataclass(frozen=True)
class IsaClass:
    """A class of x86-64 machines that a stronger one can be restricted to."""

    cpu: str
    isa: frozenset[str]
    vector_bits: int
    vector_registers: int


ISA_CLASSES: dict[str, IsaClass] = {
    "avx512": IsaClass("x86-64-v4", AVX512, 512, 32),
    "avx2": IsaClass("x86-64-v3", AVX2, 256, 16),
    "sse2": IsaClass("x86-64", SSE2, 128, 16),
}
"""Strongest first: the class of a machine is the first one whose features it all has."""


def restrict(target: Target, isa: str) -> Target:
    """`target` as if its vector instructions ended at the class `isa`, a key of `ISA_CLASSES`.

    A machine of that very class comes back unchanged, with all its extensions.

    Raises:
        ValueError: if there is no such class, or the target is weaker than it.
    """
    if isa not in ISA_CLASSES:
        raise ValueError(
            f"unknown instruction-set class {isa!r}: expected one of {', '.join(ISA_CLASSES)}"
        )
    to = ISA_CLASSES[isa]
    if not to.isa <= target.isa:
        raise ValueError(
            f"target {target.name!r} cannot be restricted to {isa!r}: it lacks "
            f"{', '.join(sorted(to.isa - target.isa))}"
        )
    if to.vector_bits == target.vector_bits:
        return target
    old = target.costs
    throughput = old.throughput.of_halves()
    costs = Costs.of(to.isa, target.arch, throughput, old.l1_bytes, old.l2_bytes)
    return replace(
        target,
        costs=costs,
        name=f"{target.name}+{isa}",
        cpu=to.cpu,
        features="",
        isa=to.isa,
        vector_bits=to.vector_bits,
        vector_registers=to.vector_registers,
        word_bits=64,
    )
