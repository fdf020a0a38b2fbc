"""A strategy that is asked for by name computes every contraction, or the reason is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import PassFailedException

import runtime
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.geometry import ConvGeometry
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import model_plan
from lowering.kernels.records import kernel_selector
from lowering.kernels.schedule_space import strategies
from lowering.kernels.select_kernel import SelectKernelPass
from lowering.pipeline import PipelinePass, lower
from lowering.targets import get_target
from runtime.cli import main
from runtime.source import parse_module

TARGET = "host"

REFUSED = (
    ("unipolar<8>", "signed<8>", "lut", "more than a byte of a table holds"),
    ("signed<2>", "bipolar<1>", "lut", "take unipolar and bipolar activations"),
    ("unipolar<2>", "unipolar<8>", "dot", "do not fit in i8"),
    ("unipolar<8>", "signed<8>", "product_lut", "indexed by 8 bits at most"),
    ("unipolar<2>", "codebook<1, [5, -2]>", "bitserial", "not affine in its bits"),
    ("codebook<1, [5, -2]>", "unipolar<2>", "dot", "not affine in its bits"),
)
"""Codes of x and w, a strategy, and why it cannot be."""


def text_of(x: str, w: str) -> str:
    """A product that every strategy takes, and one of these codes."""
    types = [f"tensor<{shape}x!lowbit.{code}>" for shape, code in (("3x8", x), ("8x4", w))]
    plain = ("tensor<3x8x!lowbit.unipolar<1>>", "tensor<8x4x!lowbit.bipolar<1>>")
    return f"""
func.func @main(%a: {plain[0]}, %b: {plain[1]}, %x: {types[0]}, %w: {types[1]})
    -> (tensor<3x4xi32>, tensor<3x4xi32>) {{
  %y = lowbit.matmul %a, %b : ({", ".join(plain)}) -> tensor<3x4xi32>
  %z = lowbit.matmul %x, %w : ({", ".join(types)}) -> tensor<3x4xi32>
  func.return %y, %z : tensor<3x4xi32>, tensor<3x4xi32>
}}"""


def apply_select(module: ModuleOp, strategy: str) -> None:
    SelectKernelPass(TARGET, strategy).apply(Context(), module)


def apply_pipeline(module: ModuleOp, strategy: str) -> None:
    PipelinePass(TARGET, "kernels", strategy).apply(Context(), module)


def lower_to_kernels(module: ModuleOp, strategy: str) -> None:
    lower(module, TARGET, until="kernels", strategy=strategy)


def compile_text(module: ModuleOp, strategy: str) -> None:
    runtime.compile(str(module), TARGET, strategy=strategy, use_cache=False)


def compile_module(module: ModuleOp, strategy: str) -> None:
    runtime.compile(module, TARGET, strategy=strategy, use_cache=False)


@pytest.mark.parametrize(("x", "w", "strategy", "reason"), REFUSED)
@pytest.mark.parametrize(
    "run", [apply_select, apply_pipeline, lower_to_kernels, compile_text, compile_module]
)
def test_modules(
    run: Callable[[ModuleOp, str], None], x: str, w: str, strategy: str, reason: str
) -> None:
    module = parse_module(text_of(x, w))
    with pytest.raises(PassFailedException, match=r"'lowbit\.matmul': strategy") as error:
        run(module, strategy)
    assert f"strategy {strategy} is impossible" in str(error.value)
    assert reason in str(error.value)


@pytest.mark.parametrize(("x", "w", "strategy", "reason"), REFUSED)
def test_choosers(x: str, w: str, strategy: str, reason: str) -> None:
    """Records, the cost model and the tuner's space."""
    target, codes = get_target(TARGET), (parse_code(x), parse_code(w))
    problem = Contraction(*codes, ConvGeometry.of_matmul(3, 8, 4), is_matmul=True)
    for choose in (
        lambda: kernel_selector(target, strategy)(problem),
        lambda: model_plan(problem, target, strategy),
        lambda: strategies(problem, target, strategy),
    ):
        with pytest.raises(ValueError, match=f"strategy {strategy} is impossible: .*{reason}"):
            choose()
    assert model_plan(problem, target).strategy != strategy


@pytest.mark.parametrize(("x", "w", "strategy", "reason"), REFUSED)
def test_one_call_kernels(x: str, w: str, strategy: str, reason: str) -> None:
    def numbers(code: Code, *shape: int) -> np.ndarray:
        return np.full(shape, code.values[0])

    codes = parse_code(x), parse_code(w)
    says = f"strategy {strategy} is impossible: .*{reason}"
    with pytest.raises(ValueError, match=says):
        runtime.matmul(
            numbers(codes[0], 3, 8), numbers(codes[1], 8, 4), x_code=x, w_code=w, strategy=strategy
        )
    image, filters = numbers(codes[0], 1, 3, 3, 8), numbers(codes[1], 4, 3, 3, 8)
    with pytest.raises(ValueError, match=says):
        runtime.conv2d(image, filters, x_code=x, w_code=w, strategy=strategy)


def test_command_lines(tmp_path, capsys) -> None:
    x, w, strategy, reason = REFUSED[0]
    path = tmp_path / "net.mlir"
    path.write_text(text_of(x, w))
    for arguments in (
        ("tune", str(path), "--records", str(tmp_path / "records.jsonl")),
        ("bench", "--id", "C9", "--pair", "A8W8"),
        ("bench", "--id", "C9", "--pair", "A8W8", "--target", "cortex-a53"),
    ):
        assert main([*arguments, "--strategy", strategy]) == 1
        error = capsys.readouterr().err
        assert f"strategy {strategy} is impossible" in error, arguments
        assert reason in error
    assert not (tmp_path / "records.jsonl").exists()
