"""`lowbit compile`: every form, for every family of machines."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Lowbit, Work

ELF_MACHINES = {"x86-64-v3": 62, "znver5": 62, "cortex-a53": 183, "cortex-a7": 40}


@pytest.mark.parametrize(
    ("level", "shows"),
    [
        ("tensors", "lowbit.conv2d"),
        ("kernels", "lowbit.bitserial_conv"),
        ("loops", "scf.for"),
        ("simd", "vector.load"),
        ("llvm", "llvm.func"),
    ],
)
def test_mlir_of_every_level(lowbit: Lowbit, work: Work, level: str, shows: str):
    result = lowbit("compile", work / "conv.mlir", "--emit=mlir", f"--level={level}")
    assert (result.code, result.err) == (0, "")
    assert shows in result.out


def test_mlir_is_the_last_level_and_reads_back(lowbit: Lowbit, work: Work):
    result = lowbit("compile", work / "conv.mlir", "--emit=mlir", "-o", work / "k.mlir")
    assert (result.code, result.out) == (0, "")
    assert "llvm.func" in (work / "k.mlir").read_text()
    kernels = lowbit("compile", work / "conv.mlir", "--emit=mlir", "--level=kernels")
    (work / "k.mlir").write_text(kernels.out)
    again = lowbit("compile", work / "k.mlir", "--emit=mlir", "--level=tensors")
    assert again.out == kernels.out


@pytest.mark.parametrize(
    ("target", "instruction"),
    [
        ("znver5", "vpopcntd"),
        ("x86-64-v3", "vpmaddubsw"),
        ("cortex-a53", "mla"),
        ("neoverse-n1", "sdot"),
        ("cortex-a7", "vmla.i16"),
    ],
)
def test_assembly_of_other_machines(lowbit: Lowbit, work: Work, target: str, instruction: str):
    result = lowbit("compile", work / "conv.mlir", "--emit=asm", "--target", target)
    assert result.code == 0
    assert f"\t{instruction}\t" in result.out


@pytest.mark.parametrize("target", ELF_MACHINES)
def test_objects_of_other_machines(lowbit: Lowbit, work: Work, target: str):
    place = work / "conv.o"
    assert (
        lowbit("compile", work / "conv.mlir", "--emit=obj", "--target", target, "-o", place).code
        == 0
    )
    data = place.read_bytes()
    assert data.startswith(b"\x7fELF")
    assert int.from_bytes(data[18:20], "little") == ELF_MACHINES[target]


def test_llvm_ir_plain_and_optimised(lowbit: Lowbit, work: Work):
    call = ("compile", work / "conv.mlir", "--emit=llvm", "--target=znver5")
    plain, optimised = lowbit(*call, "--opt=0"), lowbit(*call)
    for result in (plain, optimised):
        assert result.code == 0
        assert "@llvm.ctpop.v16i32" in result.out or '@"llvm.ctpop.v16i32"' in result.out
    assert plain.out != optimised.out


def test_requests_that_do_not_fit(lowbit: Lowbit, work: Work):
    for more, says in (
        (("--emit=obj",), "name one with -o"),
        (("--emit=asm", "--level=loops"), "--until=loops goes with --emit=mlir"),
        (("--emit=asm", "-o", work.folder), "Is a directory"),
        (("--emit=asm", "--target=cortex"), "unknown target 'cortex'"),
    ):
        result = lowbit("compile", work / "conv.mlir", *more)
        assert result.code == 1
        assert says in result.message


def test_a_failure_leaves_the_output_as_it_was(lowbit: Lowbit, work: Work):
    (work / "bad.mlir").write_text("nonsense")
    (work / "out.s").write_text("kept")
    assert lowbit("compile", work / "bad.mlir", "--emit=asm", "-o", work / "out.s").code == 1
    assert (work / "out.s").read_text() == "kept"
    assert not list(work.folder.glob(".out*"))
