"""`lowbit inspect`: levels, assembly and the table of stages."""

from __future__ import annotations

import re

from lowering.pipeline import LEVELS
from runtime.cli.elide import elide
from tests.cli.conftest import Lowbit, Work


def test_everything_by_default(lowbit: Lowbit, work: Work):
    result = lowbit("inspect", work / "conv.mlir", "--target=znver5")
    assert (result.code, result.err) == (0, "")
    headings = re.findall(r"^// ---- (.*) ----$", result.out, re.MULTILINE)
    assert headings == [
        *(f"level {level}, target znver5" for level in LEVELS),
        "assembly, target znver5",
        "stages, target znver5",
    ]
    for shown in ("lowbit.conv2d", "scf.for", "llvm.func", "vpopcntd", "MAC/cycle"):
        assert shown in result.out


def test_one_level(lowbit: Lowbit, work: Work):
    result = lowbit("inspect", work / "conv.mlir", "--level=kernels")
    assert "lowbit.bitserial_conv" in result.out
    assert "scf.for" not in result.out
    assert result.out.count("// ----") == 1


def test_the_table(lowbit: Lowbit, work: Work):
    result = lowbit("inspect", work / "conv.mlir", "--level=summary", "--target=znver5")
    row = next(line for line in result.out.splitlines() if "bitserial_conv" in line)
    assert f" {5 * 6 * 7 * 9 * 20:,} " in row  # MAC
    assert re.search(r"\d+ popcount, \d+ logic", row)
    assert re.search(r" \d+\.\d$", row.rstrip())


def test_one_function_and_one_stage(lowbit: Lowbit, work: Work):
    only = ("inspect", work / "pack.mlir", "--entry=pack")
    result = lowbit(*only)
    assert "@pack" in result.out
    assert "@unpack" not in result.out
    stage = re.findall(r"^(pack_\S+)", lowbit(*only, "--level=summary").out, re.MULTILINE)[-1]
    result = lowbit(*only, "--level=loops", "--function", stage)
    assert result.out.count("func.func") == 1
    assert f"@{stage}(" in result.out
    result = lowbit(*only, "--level=asm", "--function", stage)
    assert f"\n{stage}:" in result.out
    assert "\npack:" not in result.out


def test_names_that_do_not_exist(lowbit: Lowbit, work: Work):
    for more, says in (
        (("--entry=main",), "no function @main: the module has @pack, @unpack"),
        (("--function=main",), "no stage @main: there are @pack"),
        (("--level=kernels", "--function=main"), "lower levels than kernels"),
    ):
        result = lowbit("inspect", work / "pack.mlir", *more)
        assert result.code == 1
        assert says in result.message


def test_long_constants_are_cut():
    numbers = ", ".join(str(i) for i in range(-50, 50))
    assert elide(f"dense<[{numbers}]>") == (
        "dense<[-50, -49, -48, -47, -46, -45, ... 100 elements]>"
    )
    assert elide(f"array<i8: {numbers}>").endswith("... 100 elements>")
    booleans = ", ".join(["true", "false"] * 20)
    assert elide(f"[{booleans}]").endswith("... 40 elements]")
    assert elide(f'"0x{"ab" * 50}"') == f'"0x{"ab" * 15}... 102 characters"'
    for kept in ("[1, 2, 3]", '"short"', f"[{'tensor<4xi32>, ' * 20}tensor<4xi32>]"):
        assert elide(kept) == kept
