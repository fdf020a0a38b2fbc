"""Targets as data: what a pass may ask about the machine that it compiles for.

No pass branches on a target's name. It asks `Target.has(feature)` (LLVM's feature names) or reads a
width or a cost fact, so that a new CPU is a new row of the tables below and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

_SSE2 = frozenset({"sse", "sse2"})
_AVX2 = _SSE2 | {
    *("sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "avx", "avx2"),
    *("fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"),
}
_AVX512 = _AVX2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_AVX512_POPCNT = _AVX512 | {
    *("avx512vpopcntdq", "avx512bitalg", "avx512vbmi", "avx512vbmi2"),
    *("avx512vnni", "avx512ifma", "gfni"),
}
_NEON = frozenset({"neon"})


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


@dataclass(frozen=True)
class Target:
    """One CPU to compile for.

    `features` is the string that LLVM gets beside `cpu`; `isa` is the set of LLVM feature names
    that lowering may rely on. Widths are in bits, cache sizes in bytes. `word_bits` is the word
    that bit-serial kernels prefer, the width of the lanes that their popcounts accumulate in.
    `throughput` is for estimates only: no result depends on it.
    """

    name: str
    triple: str
    cpu: str
    isa: frozenset[str]
    vector_bits: int
    vector_registers: int
    word_bits: int
    index_width: int = 64
    features: str = ""
    l1_bytes: int = 32 * 1024
    l2_bytes: int = 512 * 1024
    throughput: Throughput = Throughput(4, 2, 1, 1, 2, 1)

    @property
    def dot_form(self) -> DotForm:
        """The best dot product of bytes of its instruction set."""
        forms = (form for feature, form in DOT_FORMS.items() if self.has(feature))
        return next(forms, PORTABLE_DOT)

    @property
    def mask_form(self) -> MaskForm:
        """Comparisons and selections of its instruction set."""
        forms = (form for feature, form in MASK_FORMS.items() if self.has(feature))
        return next(forms, PORTABLE_MASK)

    @property
    def lookup_steps(self) -> float:
        """Operations that look a vector of bytes up in a table."""
        has_one = any(map(self.has, BYTE_SHUFFLES))
        return self.throughput.lookups.operations if has_one else PORTABLE_LOOKUP_STEPS

    @property
    def shifts_bytes(self) -> bool:
        """Whether it shifts every byte of a vector, so that a nibble leaves each of them."""
        return self.has("neon")

    @property
    def popcount_steps(self) -> float:
        """Operations that combine, count and add a vector of words."""
        counts = (steps for feature, steps in POPCOUNT_STEPS.items() if self.has(feature))
        return next(counts, PORTABLE_POPCOUNT_STEPS)

    @property
    def popcount_words(self) -> int:
        """Words of a pixel that a pass through the innermost loop of popcounts takes."""
        return POPCOUNT_WORDS.get(self.arch, 1)

    @property
    def spills_long_bodies(self) -> bool:
        """Whether loops that pass over much memory should not be unrolled."""
        return self.arch in SPILLS_LONG_BODIES

    @property
    def lane_registers(self) -> int:
        """How many vectors instructions can take single lanes of while other values are alive."""
        return LANE_REGISTERS.get(self.arch, self.vector_registers)

    @property
    def rounds_floats(self) -> bool:
        """Whether it rounds vectors of f32 to integers in an instruction, without libm."""
        return self.arch == "aarch64" or self.has("sse4.1")

    @property
    def popcount_registers(self) -> int:
        """Vector registers that popcounts take beside the sums and the weights."""
        return POPCOUNT_REGISTERS.get(self.arch, LEAST_POPCOUNT_REGISTERS)

    def has(self, feature: str) -> bool:
        """Whether code for this target may use LLVM's `feature`, for example `avx512vpopcntdq`."""
        return feature in self.isa

    def lanes(self, element_bits: int) -> int:
        """How many elements of `element_bits` one vector register holds."""
        return self.vector_bits // element_bits

    @property
    def flushes_subnormals(self) -> bool:
        """Whether subnormal floats are 0 to its vector instructions, as to NEON of ARMv7.

        Its scalar instructions compute with them as IEEE 754 says.
        """
        return self.arch == "armv7"

    @property
    def narrows_for_every_second(self) -> bool:
        """Whether every second lane of two vectors is had by narrowing pairs, not by a shuffle.

        ARMv7 has no shuffle of two registers into another one, and LLVM moves lane by lane.
        """
        return self.arch == "armv7"

    @property
    def arch(self) -> str:
        """The architecture part of the triple, for example `x86_64`, `aarch64` or `armv7`."""
        return self.triple.partition("-")[0]


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


@dataclass(frozen=True)
class IsaClass:
    """A class of x86-64 machines that a stronger one can be restricted to."""

    cpu: str
    isa: frozenset[str]
    vector_bits: int
    vector_registers: int


ISA_CLASSES: dict[str, IsaClass] = {
    "avx512": IsaClass("x86-64-v4", _AVX512, 512, 32),
    "avx2": IsaClass("x86-64-v3", _AVX2, 256, 16),
    "sse2": IsaClass("x86-64", _SSE2, 128, 16),
}
"""Strongest first: the class of a machine is the first one whose features it all has."""

_ZEN5 = Throughput(issue=8, vector=3.9, popcount=1.99, shuffle=1.99, loads=1.98, stores=1)
"""Measured with streams of one kind of instruction; the rows below are as the makers give them."""
_ZEN4 = Throughput(issue=6, vector=2, popcount=1, shuffle=1, loads=1, stores=0.5)
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

# All four parts: of three, LLVM takes the second for the vendor, and misses the hard-float ABI.
_X86 = "x86_64-unknown-linux-gnu"
_A64 = "aarch64-unknown-linux-gnu"
_ARM = "armv7-unknown-linux-gnueabihf"
_KB = 1024

TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        Target("x86-64", _X86, "x86-64", _SSE2, 128, 16, 64, throughput=_SKYLAKE),
        Target("x86-64-v3", _X86, "x86-64-v3", _AVX2, 256, 16, 64, throughput=_SKYLAKE),
        Target(
            *("x86-64-v4", _X86, "x86-64-v4", _AVX512, 512, 32, 64),
            l2_bytes=1024 * _KB,
            throughput=_ICELAKE,
        ),
        Target(
            *("icelake-server", _X86, "icelake-server", _AVX512_POPCNT, 512, 32, 32),
            l1_bytes=48 * _KB,
            l2_bytes=1280 * _KB,
            throughput=_ICELAKE,
        ),
        Target(
            *("znver4", _X86, "znver4", _AVX512_POPCNT, 512, 32, 32),
            l2_bytes=1024 * _KB,
            throughput=_ZEN4,
        ),
        Target(
            *("znver5", _X86, "znver5", _AVX512_POPCNT | {"avxvnni"}, 512, 32, 32),
            l1_bytes=48 * _KB,
            l2_bytes=1024 * _KB,
            throughput=_ZEN5,
        ),
        Target("cortex-a53", _A64, "cortex-a53", _NEON, 128, 32, 16, throughput=_A53),
        Target(
            *("cortex-a72", _A64, "cortex-a72", _NEON, 128, 32, 16),
            l2_bytes=1024 * _KB,
            throughput=_A72,
        ),
        Target(
            *("neoverse-n1", _A64, "neoverse-n1", _NEON | {"dotprod", "fullfp16"}, 128, 32, 16),
            l1_bytes=64 * _KB,
            l2_bytes=1024 * _KB,
            throughput=_N1,
        ),
        Target(
            *("cortex-a7", _ARM, "cortex-a7", _NEON, 128, 16, 16),
            index_width=32,
            throughput=_A7,
        ),
        Target(
            *("cortex-a9", _ARM, "cortex-a9", _NEON, 128, 16, 16),
            index_width=32,
            features="+neon",
            throughput=_A7,
        ),
    )
}
"""The targets with fixed descriptions. `get_target` knows these and `host`."""


def target_names() -> tuple[str, ...]:
    """Every name that `get_target` takes without a restriction."""
    return ("host", *TARGETS)


@cache
def get_target(name: str) -> Target:
    """The target called `name`: `host`, a key of `TARGETS`, or either with `+isa` (`host+avx2`).

    Raises:
        ValueError: if there is no such target or the restriction is impossible.
    """
    base, plus, isa = name.partition("+")
    if base != "host" and base not in TARGETS:
        raise ValueError(
            f"unknown target {name!r}: expected one of {', '.join(target_names())}, "
            f"optionally followed by +{', +'.join(ISA_CLASSES)}"
        )
    target = _host() if base == "host" else TARGETS[base]
    return restrict(target, isa) if plus else target


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
    return replace(
        target,
        name=f"{target.name}+{isa}",
        cpu=to.cpu,
        features="",
        isa=to.isa,
        vector_bits=to.vector_bits,
        vector_registers=to.vector_registers,
        word_bits=64,
    )


def _host() -> Target:
    from lowering.host_target import host_target  # noqa: PLC0415  it describes by these tables

    return host_target()


def cache_bytes(level: int, default: int) -> int:
    """Bytes of the first core's data cache of `level`, or `default` where nothing says it."""
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            if int((index / "level").read_text()) != level:
                continue
            if (index / "type").read_text().strip() == "Instruction":
                continue
            return int((index / "size").read_text().strip().rstrip("K")) * _KB
        except (OSError, ValueError):
            continue
    return default
