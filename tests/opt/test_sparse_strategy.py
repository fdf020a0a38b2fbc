"""The strategy of `examples/sparse_strategy`, an installed package as far as lowbit sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects import scf

import runtime
from lowbit_dialect import reference, simd
from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.interpreters import interpret
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering import strategies
from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import possible_strategies
from lowering.kernels.select_kernel import SelectKernelPass
from lowering.pipeline import lower
from lowering.targets import get_target
from lowering.tiles.lower_tile import LowerTilePass
from runtime import compile
from runtime.cli import main
from runtime.source import parse_module
from tests.differential.check import TARGETS, turn
from tests.differential.contraction import Conv, Matmul
from tests.installed import forget, install_example

PACKAGE = Path(__file__).parents[2] / "examples" / "sparse_strategy"
NAME = "sparse"

MATMUL = """
func.func @main(%x: tensor<5x200x!lowbit.bipolar<2>>, %w: tensor<200x70x!lowbit.signed<2>>)
    -> tensor<5x70xi32> {
  %y = lowbit.matmul %x, %w
    : (tensor<5x200x!lowbit.bipolar<2>>, tensor<200x70x!lowbit.signed<2>>) -> tensor<5x70xi32>
  func.return %y : tensor<5x70xi32>
}"""

LAYERS = """{"gemms": [], "resnet18_convs": [
  {"id": "L", "height": 6, "width": 6, "in_channels": 64, "out_channels": 32, "kernel": 3,
   "stride": 1, "padding": 1}]}"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package, with the entry points of its pyproject.toml."""
    install_example(PACKAGE, tmp_path, monkeypatch)
    yield
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("extent", [1, 31, 32, 33, 64, 65, 127])
def test_matmul(extent: int) -> None:
    """Remainders of words, lanes and rows, operands at both ends of their codes."""
    for number, (x, w) in enumerate([("bipolar<2>", "signed<2>"), ("unipolar<1>", "unipolar<3>")]):
        target = turn(extent, number)
        Matmul(5, extent, 17, x, w).check(target, 2, strategies=[NAME])
        Matmul(3, 40, extent, x, w).check(target, 1, strategies=[NAME])


@pytest.mark.parametrize("target", TARGETS)
def test_conv(target: str) -> None:
    """Padding, strides, groups; the interpreter and compiled code give numpy's sums."""
    conv = Conv(
        (1, 7, 9, 66), 34, strides=(1, 2), groups=2, x_code="bipolar<2>", w_code="signed<2>"
    )
    conv.check(target, 2, strategies=[NAME])
    conv.check_constant(target, strategies=[NAME])


@pytest.mark.parametrize("test", ["block", "vector"])
@pytest.mark.parametrize("target", TARGETS)
def test_zero_words(test: str, target: str) -> None:
    """Each form of the test skips words that are zero, in one plane or both, and no others."""
    rng = np.random.default_rng(0)
    x, w = rng.choice([-3, -1, 1, 3], (5, 200)), rng.integers(-2, 2, (200, 70))
    w[:70] = 0  # words of all lanes
    w[128:, 3:] = 0  # of all lanes but some of the first vector
    w[70:100, 8:40] &= 1  # the upper plane alone
    module = parse_module(MATMUL)
    SelectKernelPass(target, NAME).apply(Context(), module)
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    schedule = kernel.properties["schedule"]
    assert isinstance(schedule, ScheduleAttr)
    assert "test" not in schedule.knob_values, "the default is left out"
    vectors = schedule.vectors.data
    kernel.properties["schedule"] = schedule.with_knobs(schedule.knob_values | {"test": test})
    module.verify()
    expected = reference.matmul(x, w)
    np.testing.assert_array_equal(interpret(module, "main", x, w)[0], expected)
    again = parse_module(str(module))
    assert str(again) == str(module)
    np.testing.assert_array_equal(compile(again, target, use_cache=False)(x, w), expected)
    lower(module, target, "loops")
    LowerTilePass(target).apply(Context(), module)
    counts = [op for op in module.walk() if isinstance(op, simd.PopcountAccOp)]
    tests = {op.parent_op() for op in counts}
    assert tests
    assert all(isinstance(op, scf.IfOp) for op in tests)
    per_test = {"block": vectors, "vector": 1}[test]
    tested = {(op.parent_op(), op.operands[2]) for op in counts}
    assert len(tested) == per_test * len(tests)


def test_other_values_of_the_field_are_refused() -> None:
    module = parse_module(MATMUL)
    SelectKernelPass("host", NAME).apply(Context(), module)
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    schedule = kernel.properties["schedule"]
    assert isinstance(schedule, ScheduleAttr)
    kernel.properties["schedule"] = schedule.with_knobs({"test": "lane"})
    with pytest.raises(Exception, match="test = lane: block, vector are allowed"):
        module.verify()


def test_codes_whose_zero_words_count_are_refused() -> None:
    x, w = np.ones((2, 3), int), np.ones((3, 4), int)
    with pytest.raises(ValueError, match="w must be unipolar or signed"):
        runtime.matmul(x, w, x_code="unipolar<2>", w_code="bipolar<1>", strategy=NAME)


def test_auto_does_not_choose_it() -> None:
    codes = parse_code("unipolar<2>"), parse_code("signed<2>")
    c = Contraction(*codes, ConvGeometry.of_matmul(3, 70, 9)).on(get_target("host"))
    assert NAME not in [strategy.name for strategy in possible_strategies(c)]
    assert strategies.get_strategy(NAME).why_not(c) is None


@pytest.mark.parametrize("target", ["cortex-a53", "cortex-a72", "znver4"])
def test_other_targets(target: str) -> None:
    """Every target gets code, words of 16 bits made wider."""
    module = parse_module(MATMUL)
    SelectKernelPass(target, NAME).apply(Context(), module)
    lower(module, target, "llvm")


def test_tools_offer_it(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("bench", "tune"):
        with pytest.raises(SystemExit):
            main([command, "--strategy", "no such"])
        assert NAME in capsys.readouterr().err


def test_bench(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The benchmark measures it, though it cannot take what warms up the compiler."""
    layers = tmp_path / "layers.json"
    layers.write_text(LAYERS)
    run = ["bench", "--workloads", str(layers), "--pair", "A2W2", "--strategy", NAME]
    assert main([*run, "--seconds", "0.01"]) == 0
    assert NAME in capsys.readouterr().out
