"""The pipeline as a list of passes: walked, cut, replaced, watched, the same by every tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from lowering.pipeline import LEVELS, PipelinePass, Step, cut, lower, passes, steps, walk
from lowering.support.composite import flattened
from lowering.tools.lowbit_opt import main as lowbit_opt
from runtime.cli.command_line import main as lowbit
from runtime.compiler import compile as compile_module
from runtime.source import parse_module

TEXT = """
func.func @main(%x: tensor<3x8x!lowbit.unipolar<2>>, %w: tensor<8x4x!lowbit.bipolar<1>>)
    -> tensor<3x4xi32> {
  %y = lowbit.matmul %x, %w : (tensor<3x8x!lowbit.unipolar<2>>, tensor<8x4x!lowbit.bipolar<1>>)
    -> tensor<3x4xi32>
  func.return %y : tensor<3x4xi32>
}
"""
TARGET = "host+avx2"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "gemm.mlir"
    path.write_text(TEXT)
    return str(path)


@dataclass(frozen=True)
class CountPass(ModulePass):
    """Changes nothing, and takes the options of the walk that it declares."""

    name = "test-count"
    target: str = "none"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Do nothing."""


def test_steps_have_the_levels_of_the_list() -> None:
    found = steps(passes(TARGET))
    assert [step.run.name for step in found] == [k.name for kinds in LEVELS.values() for k in kinds]
    assert [step.level for step in found if step.is_last] == list(LEVELS)
    assert steps(()) == []
    # dce belongs to kernels, but no step goes back.
    again = steps((*passes(TARGET, "loops"), *passes(TARGET, "kernels")[-1:]))
    assert [step.level for step in again if step.is_last] == list(LEVELS)[:4]
    assert again[-1].run.name == "dce"


def test_a_pass_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEVELS, "stages", (CountPass, *LEVELS["stages"]))
    seen: list[Step] = []
    lower(parse_module(TEXT), TARGET, after=lambda step, _: seen.append(step))
    assert [step.run for step in seen] == list(passes(TARGET))
    (mine,) = (step for step in seen if isinstance(step.run, CountPass))
    assert mine == Step("stages", CountPass(TARGET), False)


def test_composites_are_taken_apart() -> None:
    whole = tuple(flattened((PipelinePass(TARGET, "simd"),)))
    assert whole == passes(TARGET, "simd")
    module, again = parse_module(TEXT), parse_module(TEXT)
    PipelinePass(TARGET, "simd").apply(Context(), module)
    walk(again, whole)
    assert str(module) == str(again)


@pytest.mark.parametrize(
    ("until", "last"),
    [("kernels", "dce"), ("stages", "lowbit-plan-memory"), ("simd-lower", "simd-lower")],
)
def test_cut(until: str, last: str) -> None:
    assert passes(TARGET, until)[-1].name == last
    assert cut((PipelinePass(TARGET),), until) == passes(TARGET, until)


def test_cut_refuses_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="unknown level 'lowbit-to-moon': expected one of tensors"):
        cut(passes(TARGET), "lowbit-to-moon")


def test_compile_runs_other_passes() -> None:
    rng = np.random.default_rng(5)
    x, w = rng.integers(0, 4, (3, 8)), 2 * rng.integers(0, 2, (8, 4)) - 1
    expected = x @ w
    seen: list[str] = []

    def after(step: Step, module: ModuleOp) -> None:
        seen.append(step.run.name)

    text = f"lowbit-pipeline{{target={TARGET} until=kernels strategy=dot}},lowbit-to-loops{{target="
    text += f"{TARGET}}},lowbit-lower-tile{{target={TARGET}}},simd-lower{{target={TARGET}}},"
    text += f"convert-scf-to-cf,lowbit-to-llvm{{target={TARGET}}}"
    built = compile_module(TEXT, TARGET, passes=text.replace(TARGET, f'"{TARGET}"'), after=after)
    np.testing.assert_array_equal(built(x, w), expected)
    assert seen == [step.name for step in passes(TARGET)]
    built = compile_module(TEXT, TARGET, passes=[CountPass(), *passes(TARGET)])
    np.testing.assert_array_equal(built(x, w), expected)
    with pytest.raises(ValueError, match="must reach level llvm: it has no lowbit-to-llvm"):
        compile_module(TEXT, TARGET, passes=passes(TARGET, "simd"))
    with pytest.raises(ValueError, match="unknown pass 'lowbit-to-moon'"):
        compile_module(TEXT, TARGET, passes="lowbit-to-moon")


@pytest.mark.parametrize("until", ["kernels", "lowbit-bufferize"])
def test_tools_agree(file: str, until: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same options give the same text and the same dumps."""
    options = ("--pipeline=lowbit-pipeline{target=znver5}", f"--until={until}")
    options += ("--print-after=kernels", "--print-after=lowbit-plan-kernels")
    assert lowbit_opt([file, *options]) == 0
    first = capsys.readouterr()
    assert lowbit(["compile", file, "--emit=mlir", *options]) == 0
    second = capsys.readouterr()
    assert first.out.strip() == second.out.strip()
    assert first.err == second.err
    names = ["lowbit-plan-kernels", "dce"]
    assert [line for line in first.err.splitlines() if "IR Dump" in line] == [
        f"// -----// IR Dump After {name} //----- //" for name in names
    ]


def test_each_pass_of_the_pipeline_is_watched(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lowbit_opt([file, "--until=loops", "--print-ir-after-change", "--timing"]) == 0
    dumps = [line for line in capsys.readouterr().err.splitlines() if "IR Dump After" in line]
    assert len(dumps) > 5
    assert "lowbit-bufferize" in " ".join(dumps)
    assert "lowbit-pipeline" not in " ".join(dumps)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--until=moon",), "unknown level 'moon'"),
        (("--print-after=moon", "--until=kernels"), "--print-after=moon: the pipeline has no such"),
        (("--pipeline=moon",), "unknown pass 'moon'"),
    ],
)
def test_tools_refuse_alike(
    file: str, options: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lowbit_opt([file, *options]) == 1
    assert reason in capsys.readouterr().err
    assert lowbit(["compile", file, "--emit=mlir", *options]) != 0
    assert reason in capsys.readouterr().err


def test_help_lists_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lowbit_opt(["--help"])
    text = capsys.readouterr().out
    assert "lowbit-pipeline{target=host until=llvm strategy=auto records=shipped}" in text
    assert "simd-lower{target=host}" in text
