"""x86-64."""

from lowering.targets.arch.architecture import Architecture, InstructionSyntax, Toolchain, Waiting

X86_64 = Architecture(
    name="x86_64",
    written_as=("amd64",),
    index_width=64,
    vectors={128: "sse2", 256: "avx2", 512: "avx512bw"},
    elf_machine=62,
    waiting=Waiting(202, "i64", "llvm.x86.sse2.pause", "", 1000),
    add=("add $1, $0", "=r,r,0,~{flags}"),
    instructions=InstructionSyntax(
        kinds={
            "popcount": "popcnt",
            "logic": "pand por pxor pternlog and or xor andn",
            "add": "padd psub add sub phadd psadbw",
            "shift": "psll psrl psra prol pror pshld pshrd",
            "shuffle": "pshuf perm pblend blend punpck pack palign gf2p8 pmultishift broadcast"
            " pbroadcast shuf insert extract pinsr pextr unpck pmovzx pmovsx valign expand"
            " compress pexpand pcompress",
            "multiply": "pmadd pmul pdp mul fmadd fnmadd",
            "compare": "pcmp ptest cmp pmovmsk movmsk pmax pmin max min pmovb2m pmovd2m pmovw2m"
            " pmovq2m",
            "move": "mov pmov",
        },
        vector=r"%[xyz]mm\d|%k\d",
        memory=r"\(",
        branch=r"j|ret|call",
        has_memory_operands=True,
    ),
    toolchain=Toolchain(
        compilers=(("x86_64-linux-gnu-gcc",),),
        packages=("gcc", "libc6-dev"),
        zig="x86_64-linux-musl",
        emulators=(("qemu-x86_64",), ("qemu-x86_64-static",)),
    ),
)
