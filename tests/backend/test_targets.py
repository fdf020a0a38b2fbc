"""Target descriptions agree with each other, and with what LLVM knows."""

from collections.abc import Iterable

import llvmlite.binding as llvm
import pytest

from lowering.llvm.intrinsics import INTRINSICS
from lowering.llvm.object import compile_object
from lowering.targets import ISA_CLASSES, TARGETS, Target, get_target, restrict, target_names


@pytest.mark.parametrize("name", target_names())
def test_descriptions_are_consistent(name: str) -> None:
    target = get_target(name)
    assert target.name == name
    assert target.vector_bits in (128, 256, 512)
    assert target.lanes(8) * 8 == target.vector_bits
    assert target.index_width == (32 if target.arch == "armv7" else 64)
    wide = {512: "avx512f", 256: "avx2"}.get(target.vector_bits)
    assert wide is None or target.has(wide)
    assert (target.word_bits == 32) == target.has("avx512vpopcntdq")
    assert target.costs.l1_bytes < target.costs.l2_bytes


def has_features(target: Target, features: Iterable[str]) -> bool:
    """Whether LLVM's idea of the CPU includes `features`.

    A function is inlined only into one whose features include its own, so @inner disappears into
    @outer, which has those of the CPU, exactly if the CPU has them all.
    """
    wanted = ",".join(f"+{feature}" for feature in sorted(features))
    data = compile_object(
        f"""
target triple = "{target.triple}"
define internal void @inner_function(ptr %p) "target-features"="{wanted}" {{
  store volatile i32 0, ptr %p
  ret void
}}
define void @outer(ptr %p) {{
  call void @inner_function(ptr %p)
  ret void
}}""",
        target,
    )
    return b"inner_function" not in data


@pytest.mark.parametrize("name", TARGETS)
def test_features_are_those_of_the_cpu(name: str) -> None:
    target = get_target(name)
    assert has_features(target, target.isa)
    beyond = {"x86_64": "amx-tile", "riscv64": "v"}.get(target.arch, "i8mm")
    assert not has_features(target, [beyond])


def test_restriction() -> None:
    znver5 = get_target("znver5")
    narrow = get_target("znver5+avx2")
    assert narrow.vector_bits == 256
    assert not narrow.has("avx512f")
    assert not narrow.has("gfni")
    assert narrow.has("avx2")
    assert narrow.costs.l1_bytes == znver5.costs.l1_bytes
    assert get_target("znver5+sse2").vector_bits == 128
    assert restrict(znver5, "avx512") is znver5
    assert get_target("x86-64-v3+avx2").cpu == "x86-64-v3"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pentium", "unknown target 'pentium': expected one of host, x86-64"),
        ("", "unknown target ''"),
        ("host+mmx", "unknown instruction-set class 'mmx': expected one of avx512, avx2, sse2"),
        ("x86-64-v3+avx512", "cannot be restricted to 'avx512': it lacks avx512bw"),
        ("cortex-a53+sse2", "'cortex-a53' cannot be restricted to 'sse2'"),
    ],
)
def test_wrong_names_are_diagnosed(name: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        get_target(name)
    assert message in str(raised.value)


def test_the_host_has_its_own_features() -> None:
    host, found = get_target("host"), llvm.get_host_cpu_features()
    assert host.cpu == llvm.get_host_cpu_name()
    assert {feature for feature in host.isa if not found.get(feature)} <= {"neon"}
    classes = [name for name, isa in ISA_CLASSES.items() if isa.isa <= host.isa]
    if classes:
        assert host.vector_bits == ISA_CLASSES[classes[0]].vector_bits


def test_intrinsics_are_gated() -> None:
    pairwise = INTRINSICS["arm.neon.vpadd.v8i8"]
    assert pairwise.available(get_target("cortex-a9"))
    assert not pairwise.available(get_target("cortex-a53"))
    with pytest.raises(ValueError, match="needs armv7 with neon, not x86-64-v3"):
        pairwise.call(get_target("x86-64-v3"), [])
    with pytest.raises(ValueError, match="takes vector<8xi8>, vector<8xi8>, got"):
        pairwise.call(get_target("cortex-a7"), [])
