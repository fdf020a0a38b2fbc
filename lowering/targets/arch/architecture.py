"""What there is to know of an architecture, beside the processors that are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Waiting:
    """How a thread waits.

    `futex` is the number of that system call, and `long` the type of libc's syscall. `intrinsic`
    tells the core that it waits; `spins` of it, before the thread leaves its core to others, take
    some tens of microseconds. Without an intrinsic the thread executes nothing between two looks.
    """

    futex: int
    long: str
    intrinsic: str
    arguments: str
    spins: int

    @property
    def declaration(self) -> str:
        """The intrinsic's declaration in LLVM IR."""
        if not self.intrinsic:
            return ""
        return f"declare void @{self.intrinsic}({self.arguments.partition(' ')[0]})"

    @property
    def pause(self) -> str:
        """A call of the intrinsic in LLVM IR."""
        return f"call void @{self.intrinsic}({self.arguments})" if self.intrinsic else ""


@dataclass(frozen=True)
class InstructionSyntax:
    """How instructions are written in assembly.

    Attributes:
        kinds: by kind of vector instructions the beginnings of their mnemonics, in one text.
        vector: a pattern of the operands of vector instructions, or of their mnemonics where
            `vector_by_mnemonic`.
        memory: a pattern of an operand in memory.
        branch: a pattern of the mnemonics that leave a block.
        loads: what the mnemonics of loads begin with, where operations have no operand in memory.
        stores: the same for stores.
        has_memory_operands: whether operations take an operand in memory.
        vector_by_mnemonic: whether the mnemonic tells a vector instruction.
        comment: what begins a comment.
        mca_options: options of llvm-mca, for models that lack instructions.
    """

    kinds: Mapping[str, str]
    vector: str
    memory: str
    branch: str
    loads: tuple[str, ...] = ("ld", "vld")
    stores: tuple[str, ...] = ("st", "vst")
    has_memory_operands: bool = False
    vector_by_mnemonic: bool = False
    comment: str = "#"
    mca_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Toolchain:
    """Names of programs and packages.

    Attributes:
        compilers: C compilers on any machine, each with the options that it needs.
        packages: packages of Debian and Ubuntu with a C compiler and its libraries.
        zig: the target of `zig cc`.
        emulators: QEMU's user-mode emulators.
        sysroot: the folder with the libraries of dynamic programs on other machines.
        emulated_processors: QEMU's names of processors, where LLVM has others.
    """

    compilers: tuple[tuple[str, ...], ...]
    packages: tuple[str, ...]
    zig: str
    emulators: tuple[tuple[str, ...], ...] = ()
    sysroot: str = "/"
    emulated_processors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InstructionCounter:
    """Names that the emulator which counts instructions (unicorn) has for an architecture.

    `models` are by LLVM's name of a processor, the last one for processors that unicorn does not
    know. `alignment` is that of the stack, `word` the bytes of a register.
    """

    name: str
    arguments: tuple[str, ...]
    stack: str
    link: str
    alignment: int
    word: int
    models: Mapping[str, str]
    setup: tuple[tuple[str, int], ...] = ()

    @property
    def prefix(self) -> str:
        """What the names of registers begin with."""
        return f"UC_{self.name}_REG_"

    def model(self, cpu: str) -> str:
        """Unicorn's name of a processor."""
        return self.models.get(cpu, list(self.models.values())[-1])


@dataclass(frozen=True)
class Architecture:
    """An architecture as data.

    Attributes:
        name: the first part of its triples, as targets write them.
        written_as: other names for it, by LLVM and by kernels.
        index_width: bits of an address.
        vectors: by the bits of a vector register the feature that has vectors of integers so;
            empty where none is needed, because LLVM makes scalar code of vectors.
        elf_machine: its number in ELF files.
        abi: LLVM's name of the calling convention, where the triple does not say it.
        waiting: how threads wait, or None where there is no thread pool.
        add: an addition in inline assembly, and the constraints of its operands; a chain of them
            is the clock.
        instructions: how its assembly is written.
        toolchain: programs from elsewhere.
        counter: the emulator that counts instructions, or None where there is none.
        usual: the target that an unknown processor is taken for.
        kernel_features: features by the kernel's names for them, where LLVM does not read all.
        popcount_registers: vector registers that popcounts take beside the sums and the weights.
            Where LLVM orders operations for their latency, several are under way at once.
        lane_registers: how many vectors instructions can take single lanes of, or None for all.
        popcount_words: words of a pixel that a pass of the innermost loop of popcounts takes best.
        spills_long_bodies: whether LLVM reads through one pointer that moves on, and so all of a
            body at its beginning: what is not needed at once then goes to the stack.
        rounds_floats: whether all its processors round vectors of f32 in an instruction.
        fuses_multiply_add: whether all its processors multiply and add f32 with one rounding.
        flushes_subnormals: whether subnormal floats are 0 to its vector instructions.
        narrows_for_every_second: whether every second lane of two vectors is had by narrowing.
        calls_libm_for_maxnum: whether LLVM calls libm for `llvm.maxnum`.
        lookup_entries: bytes of the table that an instruction looks bytes up in.
    """

    name: str
    written_as: tuple[str, ...]
    index_width: int
    vectors: Mapping[int, str]
    elf_machine: int
    add: tuple[str, str]
    instructions: InstructionSyntax
    toolchain: Toolchain
    waiting: Waiting | None = None
    counter: InstructionCounter | None = None
    abi: str = ""
    usual: str = ""
    kernel_features: Mapping[str, str] = field(default_factory=dict)
    popcount_registers: int = 2
    lane_registers: int | None = None
    popcount_words: int = 1
    spills_long_bodies: bool = False
    rounds_floats: bool = False
    fuses_multiply_add: bool = False
    flushes_subnormals: bool = False
    narrows_for_every_second: bool = False
    calls_libm_for_maxnum: bool = False
    lookup_entries: int = 16
