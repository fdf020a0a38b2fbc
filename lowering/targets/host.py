"""The machine that this process runs on, as a target.

LLVM says which processor it is and most of what it can do. What is missing there is asked of the
kernel; how fast the processor is says the row of `TARGETS` that is most like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowering.targets.arch import ARCHITECTURES, architecture_written
from lowering.targets.caches import cache_bytes
from lowering.targets.costs import USUAL_L1_BYTES, USUAL_L2_BYTES, USUAL_THROUGHPUT, Costs
from lowering.targets.isa_classes import ISA_CLASSES
from lowering.targets.known import TARGETS
from lowering.targets.target import Target

SIMILAR: Mapping[str, str] = {
    "cortex-a34": "cortex-a53",
    "cortex-a35": "cortex-a53",
    "cortex-a55": "cortex-a53",
    "cortex-a57": "cortex-a72",
    "cortex-a73": "cortex-a72",
    "cortex-a5": "cortex-a7",
    "cortex-a8": "cortex-a9",
    "cortex-a15": "cortex-a9",
    "cortex-a17": "cortex-a9",
}
"""Processors that the cost facts of another one describe well enough."""


def host_target() -> Target:
    """This machine, by what LLVM and the kernel say.

    Raises:
        ValueError: it is of an architecture that there are no targets of.
    """
    with COMPILER_LOCK:
        import llvmlite.binding as llvm  # noqa: PLC0415  a slow import that only `host` needs

    found = llvm.get_host_cpu_features()
    return describe(
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        dict(found.items()),
        found.flatten(),
        kernel_features(),
    )


def describe(
    triple: str,
    cpu: str,
    found: Mapping[str, bool],
    features: str,
    of_kernel: frozenset[str] = frozenset(),
) -> Target:
    """The target `host` of a machine.

    Args:
        triple: of this process, as LLVM writes it.
        cpu: LLVM's name of the processor.
        found: LLVM's features, and whether the processor has each.
        features: the same as LLVM takes them, `+this,-that`.
        of_kernel: features by the kernel's names.

    Raises:
        ValueError: there are no targets of that architecture, or it is an ARM without NEON.
    """
    written, _, rest = triple.partition("-")
    facts = architecture_written(written)
    isa = frozenset(name for name, present in found.items() if present)
    if facts is None:
        *most, last = ARCHITECTURES
        raise ValueError(f"this machine is {triple}: expected {', '.join(most)} or {last}")
    arch, names = facts.name, facts.kernel_features
    if arch == "x86_64":
        return _x86(triple, cpu, isa, features)
    told = {names[name] for name in of_kernel & names.keys()}
    added = sorted(told - isa)
    isa |= told
    if arch == "aarch64":
        isa |= {"neon"}  # all have it, whether or not LLVM and the kernel say so
    elif not isa >= set(filter(None, facts.vectors.values())):
        raise ValueError(f"this machine is {triple} without NEON, which kernels for ARM need")
    row = TARGETS.get(SIMILAR.get(cpu, cpu))
    if row is None or row.arch != arch:
        row = TARGETS[facts.usual]
    return replace(
        row,
        name="host",
        triple=f"{arch}-{rest}",
        cpu=cpu,
        isa=isa,
        features=",".join(filter(None, (features, *(f"+{name}" for name in added)))),
        costs=Costs.of(
            isa,
            arch,
            row.costs.throughput,
            cache_bytes(1, row.costs.l1_bytes),
            cache_bytes(2, row.costs.l2_bytes),
        ),
    )


def _x86(triple: str, cpu: str, isa: frozenset[str], features: str) -> Target:
    """A machine of the strongest class whose features it all has."""
    best = next(c for c in ISA_CLASSES.values() if c.isa <= isa)
    known = TARGETS.get(cpu)
    return Target(
        "host",
        triple,
        cpu,
        isa,
        best.vector_bits,
        best.vector_registers,
        word_bits=32 if "avx512vpopcntdq" in isa else 64,
        costs=replace(
            Costs.of(isa, "x86_64", known.costs.throughput if known else USUAL_THROUGHPUT),
            l1_bytes=cache_bytes(1, USUAL_L1_BYTES),
            l2_bytes=cache_bytes(2, USUAL_L2_BYTES),
        ),
        features=features,
    )


def kernel_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The features of ARM processors by the kernel's names; none where it names none."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    parts = (line.partition(":") for line in lines)
    found = [frozenset(value.split()) for key, _, value in parts if key.strip() == "Features"]
    # Threads move between unequal cores, so only what all of them have counts.
    return frozenset.intersection(*found) if found else frozenset()
