"""ARMv7 with NEON, hard float."""

from lowering.targets.arch.architecture import (
    Architecture,
    InstructionCounter,
    InstructionSyntax,
    Toolchain,
    Waiting,
)

ARMV7 = Architecture(
    name="armv7",
    # A 64-bit kernel calls itself armv8l where it runs 32-bit programs.
    written_as=("armv7l", "armv7a", "armv8l", "arm"),
    index_width=32,
    vectors={128: "neon"},
    elf_machine=40,
    waiting=Waiting(240, "i32", "llvm.arm.isb", "i32 15", 2000),
    add=("add $0, $0, $1", "=r,r,0"),
    instructions=InstructionSyntax(
        kinds={
            "popcount": "cnt",
            "logic": "and orr eor bic orn bsl bit bif mvn",
            "add": "add sub padd padal addl addw neg",
            "shift": "shl shr sra sli sri shrn rshrn",
            "shuffle": "tbl tbx zip uzp trn ext dup rev swp movl movn",
            "multiply": "mul mla mls mlal mull fma",
            "compare": "ceq cge cgt cle clt tst max min cmp",
            "move": "mov",
        },
        vector=r"v",
        memory=r"\[",
        branch=r"(b|bl|bx|blx|b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le))$",
        vector_by_mnemonic=True,
        comment="@",
        # LLVM 19 and later can leave out what its models lack.
        mca_options=("-skip-unsupported-instructions=lack-sched",),
    ),
    toolchain=Toolchain(
        compilers=(
            (
                *("arm-linux-gnueabihf-gcc", "-march=armv7-a", "-mfpu=neon"),
                *("-mfloat-abi=hard", "-marm"),
            ),
        ),
        packages=("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"),
        zig="arm-linux-musleabihf",
        emulators=(("qemu-arm",), ("qemu-arm-static",)),
        sysroot="/usr/arm-linux-gnueabihf",
    ),
    counter=InstructionCounter(
        "ARM",
        tuple(f"R{n}" for n in range(4)),
        stack="SP",
        link="LR",
        alignment=8,
        word=4,
        models={
            "cortex-a9": "UC_CPU_ARM_CORTEX_A9",
            "cortex-a7": "UC_CPU_ARM_CORTEX_A7",
        },
        # Access to the vector unit, and the unit itself.
        setup=(("C1_C0_2", 0xF << 20), ("FPEXC", 1 << 30)),
    ),
    usual="cortex-a7",
    kernel_features={"neon": "neon", "asimd": "neon"},
    # Vectors that instructions take single lanes of must be q0 to q3, which LLVM gives to sums too.
    lane_registers=2,
    # Tiles of few registers are small, and the loop's own steps count.
    popcount_words=2,
    spills_long_bodies=True,
    flushes_subnormals=True,
    # There is no shuffle of two registers into another one, and LLVM moves lane by lane.
    narrows_for_every_second=True,
    calls_libm_for_maxnum=True,
)
