"""One CPU to compile for, as data."""

from __future__ import annotations

from dataclasses import dataclass

from lowering.targets.arch import ARCHITECTURES, Architecture
from lowering.targets.capabilities import DOT_FORMS, PORTABLE_DOT, DotForm
from lowering.targets.consistency import why_inconsistent
from lowering.targets.costs import Costs


@dataclass(frozen=True)
class Target:
    """One CPU to compile for.

    `features` is the string that LLVM gets beside `cpu`; `isa` is the set of LLVM feature names
    that lowering may rely on. Widths are in bits. `word_bits` is the word that bit-serial kernels
    prefer, the width of the lanes that their popcounts accumulate in. Level 2 chooses by `costs`;
    below it the other facts, capabilities, are all that passes ask for.

    Raises:
        ValueError: the fields contradict each other. Whether LLVM knows the processor, and whether
            that has the features, is found out where code is generated.
    """

    name: str
    triple: str
    cpu: str
    isa: frozenset[str]
    vector_bits: int
    vector_registers: int
    word_bits: int
    costs: Costs
    index_width: int = 64
    features: str = ""

    def __post_init__(self) -> None:
        reason = why_inconsistent(self)
        if reason is not None:
            raise ValueError(f"there is no target like {self.name!r}: {reason}")

    @property
    def dot_form(self) -> DotForm:
        """The best dot product of bytes of its instruction set."""
        forms = (form for feature, form in DOT_FORMS.items() if self.has(feature))
        return next(forms, PORTABLE_DOT)

    @property
    def packs_masks_together(self) -> bool:
        """Whether masks become words by sums, which several of them share."""
        return self.has("neon")

    @property
    def shifts_bytes(self) -> bool:
        """Whether it shifts every byte of a vector, so that a nibble leaves each of them."""
        return self.has("neon")

    @property
    def lane_registers(self) -> int:
        """How many vectors instructions can take single lanes of while other values are alive."""
        return self.architecture.lane_registers or self.vector_registers

    @property
    def rounds_floats(self) -> bool:
        """Whether it rounds vectors of f32 to integers in an instruction, without libm."""
        return self.architecture.rounds_floats or self.has("sse4.1")

    @property
    def fuses_multiply_add(self) -> bool:
        """Whether an instruction multiplies and adds vectors of f32, rounded once."""
        return self.architecture.fuses_multiply_add or self.has("fma")

    @property
    def popcount_registers(self) -> int:
        """Vector registers that popcounts take beside the sums and the weights."""
        return self.architecture.popcount_registers

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
        return self.architecture.flushes_subnormals

    @property
    def narrows_for_every_second(self) -> bool:
        """Whether every second lane of two vectors is had by narrowing pairs, not by a shuffle."""
        return self.architecture.narrows_for_every_second

    @property
    def arch(self) -> str:
        """The architecture part of the triple, for example `x86_64`, `aarch64` or `armv7`."""
        return self.triple.partition("-")[0]

    @property
    def architecture(self) -> Architecture:
        """The facts of its architecture."""
        return ARCHITECTURES[self.arch]
