"""Strategies and targets of installed packages, which their entry points make known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from xdsl.context import Context

from lowbit_dialect import reference
from lowbit_dialect.codes import parse_code
from lowbit_dialect.extensions import extensions
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.interpreters import interpret
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import ScheduleAttr
from lowbit_dialect.strategies import strategy_ops
from lowering import strategies
from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import possible_strategies, resolve_strategy
from lowering.kernels.select_kernel import SelectKernelPass
from lowering.targets import get_target, target_names
from runtime import compile, matmul
from runtime.cli import main
from runtime.object_cache import key as cache_key
from runtime.source import parse_module
from tests.installed import forget, install

TWIN = '''
"""Popcounts by another name, with a field of the schedule of its own."""

from dataclasses import replace
from typing import ClassVar

from xdsl.irdl import irdl_op_definition

from lowbit_dialect.codes import affine
from lowbit_dialect.sums.bitserial import decompose
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.schedule import Knob
from lowering.strategies.bitserial.strategy import Bitserial
from lowering.targets import TARGETS

KNOBS = {**BitserialConvOp.KNOBS, "flavour": Knob("plain", ("plain", "odd"))}


@irdl_op_definition
class TwinConvOp(ConvKernelOp):
    name = "twin.conv"
    KNOBS: ClassVar = KNOBS
    raw_sums_of = BitserialConvOp.raw_sums_of
    expected_layouts = BitserialConvOp.expected_layouts


@irdl_op_definition
class TwinGemmOp(GemmKernelOp):
    name = "twin.gemm"
    KNOBS: ClassVar = KNOBS
    raw_sums_of = BitserialGemmOp.raw_sums_of
    expected_layouts = BitserialGemmOp.expected_layouts


class Twin(Bitserial):
    ops = StrategyOps(
        "twin", TwinConvOp, TwinGemmOp, lambda x, w: decompose(affine(x), affine(w))
    )
    former_names = ()

    def reduction_cycles(self, c, pixels, vectors, knobs):
        return 0.5 * super().reduction_cycles(c, pixels, vectors, knobs)

    def own_values(self, c):
        return {**super().own_values(c), "flavour": ("plain", "odd")}

    def tile_patterns(self, target):
        return {}  # its tiles are those of popcounts


STRATEGY = Twin()
TARGET = replace(TARGETS["znver5"], name="board")
'''

MATMUL = """
func.func @main(%x: tensor<3x70x!lowbit.unipolar<2>>, %w: tensor<70x9x!lowbit.bipolar<1>>)
    -> tensor<3x9xi32> {
  %y = lowbit.matmul %x, %w
    : (tensor<3x70x!lowbit.unipolar<2>>, tensor<70x9x!lowbit.bipolar<1>>) -> tensor<3x9xi32>
  func.return %y : tensor<3x9xi32>
}"""


@pytest.fixture
def installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], None]]:
    """Installs a package with a module and entry points."""

    def install_twin(module: str, entries: str) -> None:
        (tmp_path / "twin_of_lowbit.py").write_text(module)
        install(tmp_path, "twin_of_lowbit", entries, monkeypatch)

    yield install_twin
    monkeypatch.undo()
    sys.modules.pop("twin_of_lowbit", None)
    forget()


ENTRIES = """
[lowbit.strategies]
twin = twin_of_lowbit:STRATEGY
[lowbit.targets]
board = twin_of_lowbit:TARGET
"""


def test_keys_tell_packages_and_their_sources_apart(
    installed: Callable[[str, str], None], tmp_path: Path
) -> None:
    target = get_target("znver5")
    keys = [cache_key.key(MATMUL, target)]
    installed(TWIN, ENTRIES)
    keys.append(cache_key.key(MATMUL, target))
    (tmp_path / "twin_of_lowbit.py").write_text(TWIN + "# changed")
    forget()
    keys.append(cache_key.key(MATMUL, target))
    assert len(set(keys)) == 3


def test_a_strategy_of_a_package(installed: Callable[[str, str], None]) -> None:
    """It competes, is selected, interpreted, compiled and right; tools offer it."""
    installed(TWIN, ENTRIES)
    assert strategies.strategy_choices()[-1] == "twin"
    codes = parse_code("unipolar<2>"), parse_code("bipolar<1>")
    c = Contraction(*codes, ConvGeometry.of_matmul(3, 70, 9)).on(get_target("znver5"))
    assert "twin" in [strategy.name for strategy in possible_strategies(c)]
    assert resolve_strategy("auto", c).name == "twin"
    found = strategy_ops("twin")
    assert found is not None
    module = parse_module(MATMUL)
    SelectKernelPass("host", "twin").apply(Context(), module)
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    assert kernel.name == "twin.gemm"
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 4, (3, 70)), rng.choice([-1, 1], (70, 9))
    expected = reference.matmul(x, w)
    np.testing.assert_array_equal(interpret(module, "main", x, w)[0], expected)
    np.testing.assert_array_equal(compile(module, use_cache=False)(x, w), expected)
    assert not extensions(), "what is installed is in the key, and needs no compiling anew"
    got = matmul(x, w, x_code="unipolar<2>", w_code="bipolar<1>", strategy="twin")
    np.testing.assert_array_equal(got, expected)
    schedule = kernel.properties["schedule"]
    assert isinstance(schedule, ScheduleAttr)
    kernel.properties["schedule"] = schedule.with_knobs({"flavour": "odd"})
    module.verify()
    assert "flavour = odd" in str(module)


def test_a_target_of_a_package(installed: Callable[[str, str], None]) -> None:
    installed(TWIN, ENTRIES)
    assert target_names()[-1] == "board"
    assert get_target("board").cpu == "znver5"
    assert get_target("board+avx2").vector_bits == 256


def test_tools_offer_it(
    installed: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    installed(TWIN, ENTRIES)
    with pytest.raises(SystemExit):
        main(["bench", "--strategy", "no such"])
    assert "twin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "entries", "reason"),
    [
        ("raise RuntimeError('broken')", "twin = twin_of_lowbit:STRATEGY", "RuntimeError: broken"),
        ("STRATEGY = 1", "twin = twin_of_lowbit:STRATEGY", "expected a Strategy, got int"),
        (TWIN, "other = twin_of_lowbit:STRATEGY", "its name is 'twin'"),
        (TWIN, "dot = twin_of_lowbit:STRATEGY", "the name 'dot' is taken"),
    ],
)
def test_broken_packages_are_named(
    installed: Callable[[str, str], None], module: str, entries: str, reason: str
) -> None:
    installed(module, f"[lowbit.strategies]\n{entries}\n")
    with pytest.raises(ValueError, match=r"entry point lowbit\.strategies") as error:
        strategies.all_strategies()
    assert reason in str(error.value)
