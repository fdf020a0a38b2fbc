"""RISC-V of 64 bits (rv64gc), without vector instructions: LLVM makes scalar code of vectors."""

from lowering.targets.arch.architecture import Architecture, InstructionSyntax, Toolchain

RISCV64 = Architecture(
    name="riscv64",
    written_as=(),
    index_width=64,
    vectors={128: ""},
    elf_machine=243,
    abi="lp64d",
    add=("add $0, $0, $1", "=r,r,0"),
    instructions=InstructionSyntax(
        kinds={},
        vector=r"\bv\d+\b",
        memory=r"\(",
        branch=r"b(eq|ne|lt|ge|gt|le)|j|call|tail|ret",
        loads=("lb", "lh", "lw", "ld", "fl"),
        stores=("sb", "sh", "sw", "sd", "fs"),
    ),
    toolchain=Toolchain(
        compilers=(("riscv64-linux-gnu-gcc",),),
        packages=("gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"),
        zig="riscv64-linux-musl",
        emulators=(("qemu-riscv64",), ("qemu-riscv64-static",)),
        sysroot="/usr/riscv64-linux-gnu",
        emulated_processors={"generic-rv64": "rv64"},
    ),
    usual="rv64gc",
)
