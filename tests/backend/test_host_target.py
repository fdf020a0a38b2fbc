"""What is made of what LLVM and the kernel say of a machine: Raspberry Pis, servers, phones."""

from pathlib import Path

import pytest

from lowering.llvm.object import compile_object
from lowering.targets import ISA_CLASSES, TARGETS, Target, get_target
from lowering.targets.host import describe, kernel_features
from runtime.host import check_runs_here

PI_3 = "fp asimd evtstrm crc32 cpuid"
PI_5 = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop"
    " asimddp"
)
PI_3_WITH_32_BITS = (
    "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae crc32"
)


def aarch64(cpu: str, of_kernel: str, triple: str = "aarch64-unknown-linux-gnu") -> Target:
    """A machine, with as little said by LLVM as its version 22 does."""
    found = {"neon": True, "crc": True, "fp-armv8": True, "sve": False}
    return describe(triple, cpu, found, "+crc,+fp-armv8,+neon,-sve", frozenset(of_kernel.split()))


def test_raspberry_pi_3() -> None:
    pi = aarch64("cortex-a53", PI_3)
    known = TARGETS["cortex-a53"]
    assert (pi.name, pi.arch, pi.cpu) == ("host", "aarch64", "cortex-a53")
    assert pi.costs.throughput == known.costs.throughput
    assert (pi.vector_bits, pi.vector_registers, pi.word_bits) == (128, 32, known.word_bits)
    assert pi.isa == {"neon", "crc", "fp-armv8"}
    assert pi.features == "+crc,+fp-armv8,+neon,-sve"


@pytest.mark.parametrize("cpu", ["cortex-a76", "neoverse-n1", "never-heard-of"])
def test_dot_products_that_llvm_does_not_tell_of(cpu: str) -> None:
    pi = aarch64(cpu, PI_5)
    assert {"dotprod", "fullfp16"} <= pi.isa
    assert pi.features.endswith(",+dotprod,+fullfp16")
    assert pi.costs.throughput == TARGETS["neoverse-n1"].costs.throughput


def test_llvm_takes_the_features() -> None:
    ir = (
        "declare <4 x i32> @llvm.aarch64.neon.udot.v4i32.v16i8(<4 x i32>, <16 x i8>, <16 x i8>)\n"
        "define <4 x i32> @f(<4 x i32> %a, <16 x i8> %b) {\n"
        "  %c = call <4 x i32> @llvm.aarch64.neon.udot.v4i32.v16i8(<4 x i32> %a, <16 x i8> %b,"
        " <16 x i8> %b)\n"
        "  ret <4 x i32> %c\n"
        "}\n"
    )
    pi = aarch64("generic", PI_5)
    assert compile_object(f'target triple = "{pi.triple}"\n{ir}', pi).startswith(b"\x7fELF")


def test_an_old_kernel_says_nothing() -> None:
    machine = describe("aarch64-unknown-linux-gnu", "generic", {}, "")
    assert machine.isa == {"neon"}
    assert machine.features == ""


@pytest.mark.parametrize(
    "triple",
    [
        "armv7l-unknown-linux-gnueabihf",
        "armv8l-unknown-linux-gnueabihf",
        "arm-unknown-linux-gnueabihf",
    ],
)
@pytest.mark.parametrize("cpu", ["cortex-a7", "cortex-a53"])
def test_32_bits(triple: str, cpu: str) -> None:
    pi = describe(triple, cpu, {"neon": True}, "+neon", frozenset(PI_3_WITH_32_BITS.split()))
    assert pi.triple == "armv7-unknown-linux-gnueabihf"
    assert (pi.arch, pi.index_width, pi.vector_registers) == ("armv7", 32, 16)
    assert pi.costs.throughput == TARGETS["cortex-a7"].costs.throughput
    assert compile_object(f'target triple = "{pi.triple}"\ndefine void @f() {{\n  ret void\n}}', pi)


def test_arm_without_vectors_is_refused() -> None:
    with pytest.raises(ValueError, match="without NEON"):
        describe("armv7l-unknown-linux-gnueabihf", "tegra2", {}, "", frozenset({"vfpv3d16"}))


@pytest.mark.parametrize("triple", ["s390x-unknown-linux-gnu", "armv6l-unknown-linux-gnueabihf"])
def test_other_architectures_are_refused(triple: str) -> None:
    with pytest.raises(ValueError, match=f"this machine is {triple}: expected x86_64"):
        describe(triple, "generic", {}, "")


def test_x86_is_of_its_strongest_class() -> None:
    found = dict.fromkeys(ISA_CLASSES["avx2"].isa, True)
    machine = describe("x86_64-unknown-linux-gnu", "haswell", found, "+avx2")
    assert (machine.vector_bits, machine.vector_registers, machine.word_bits) == (256, 16, 64)


def test_what_runs_on_a_pi(monkeypatch: pytest.MonkeyPatch) -> None:
    pi = aarch64("cortex-a72", PI_3)
    monkeypatch.setattr("runtime.host.get_target", lambda _: pi)
    check_runs_here(get_target("cortex-a53"))
    with pytest.raises(ValueError, match="lacks dotprod, fullfp16"):
        check_runs_here(get_target("neoverse-n1"))
    with pytest.raises(ValueError, match="this machine is aarch64"):
        check_runs_here(get_target("cortex-a7"))


def test_features_that_all_cores_have(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        f"processor\t: 0\nFeatures\t: {PI_5}\nCPU part\t: 0xd0b\n\n"
        f"processor\t: 1\nFeatures\t: {PI_3}\nCPU part\t: 0xd03\n\nModel\t: a phone\n"
    )
    assert kernel_features(cpuinfo) == frozenset(PI_3.split())
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu vme\n")
    assert kernel_features(cpuinfo) == frozenset()
    assert kernel_features(tmp_path / "none") == frozenset()
