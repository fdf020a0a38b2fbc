"""AArch64."""

from lowering.targets.arch.architecture import (
    Architecture,
    InstructionCounter,
    InstructionSyntax,
    Toolchain,
    Waiting,
)

AARCH64 = Architecture(
    name="aarch64",
    written_as=("arm64",),
    index_width=64,
    vectors={128: "neon"},
    elf_machine=183,
    # `yield` does nothing on most cores, `isb` empties the pipeline.
    waiting=Waiting(98, "i64", "llvm.aarch64.isb", "i32 15", 2000),
    add=("add $0, $0, $1", "=r,r,0"),
    instructions=InstructionSyntax(
        kinds={
            "popcount": "cnt",
            "logic": "and orr eor bic orn bsl bit bif mvn not",
            "add": "add sub uadd sadd uqadd sqadd uadalp sadalp uaddlp saddlp neg",
            "shift": "shl ushr sshr ushl sshl usra ssra shrn sli sri rshrn",
            "shuffle": "tbl tbx zip uzp trn ext dup ins rev xtn uxtl sxtl ushll sshll movi mvni"
            " umov smov",
            "multiply": "mul mla mls smlal umlal smull umull udot sdot fmul fmla",
            "compare": "cm fcm smax smin umax umin",
            "move": "mov fmov",
        },
        vector=r"\b[vqd]\d+\b|\bv\d+\.",
        memory=r"\[",
        branch=r"(b|b\..*|bl|br|blr|cbn?z|tbn?z|ret)$",
    ),
    toolchain=Toolchain(
        compilers=(("aarch64-linux-gnu-gcc",),),
        packages=("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"),
        zig="aarch64-linux-musl",
        emulators=(("qemu-aarch64",), ("qemu-aarch64-static",)),
        sysroot="/usr/aarch64-linux-gnu",
    ),
    counter=InstructionCounter(
        "ARM64",
        tuple(f"X{n}" for n in range(8)),
        stack="SP",
        link="X30",
        alignment=16,
        word=8,
        models={
            "cortex-a53": "UC_CPU_ARM64_A53",
            "cortex-a72": "UC_CPU_ARM64_A72",
            "neoverse-n1": "UC_CPU_ARM64_MAX",
        },
    ),
    usual="neoverse-n1",
    kernel_features={"asimd": "neon", "asimddp": "dotprod", "asimdhp": "fullfp16", "i8mm": "i8mm"},
    popcount_registers=6,
    rounds_floats=True,
    fuses_multiply_add=True,
    lookup_entries=64,
)
