"""A strategy is one object, and nothing else knows its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdsl.ir import Operation

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.lowbit import Lowbit
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.strategies import STRATEGY_OPS
from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import resolve_strategy
from lowering.strategies import BUILT_IN, all_strategies, get_strategy, latest_name
from lowering.targets import get_target

ROOT = Path(__file__).parents[2]
FOLDERS = ("lowbit_dialect", "lowering", "runtime", "benchmarks")


def is_own(path: Path, name: str) -> bool:
    """Whether a file is one of a strategy: of its folder, or with its operations."""
    of_ops = path.parent.name == "ops" and path.stem.startswith(name)
    return of_ops or path.parent.name == name


def strings(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def test_names_stand_in_the_files_of_their_strategy_alone() -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 200
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in paths
        for text, line in strings(path)
        if text in BUILT_IN and not any(is_own(path, s.name) for s in all_strategies())
    ]
    assert not found


def test_the_halves_are_of_the_same_strategies() -> None:
    assert set(BUILT_IN) == set(STRATEGY_OPS)
    for strategy in all_strategies():
        assert STRATEGY_OPS[strategy.name] is strategy.ops
        assert strategy.name == type(strategy).__module__.split(".")[-2]


def test_every_kernel_is_of_one_strategy() -> None:
    kernels = [op for op in Lowbit.operations if issubclass(op, KernelOp)]
    owners = {op: [s for s in all_strategies() if op in (s.ops.conv, s.ops.gemm)] for op in kernels}
    assert kernels
    assert all(len(found) == 1 for found in owners.values())


def test_every_tile_is_lowered_by_one_strategy() -> None:
    target, seen = get_target("znver5"), set[type[Operation]]()
    for strategy in all_strategies():
        patterns = strategy.tile_patterns(target).keys()
        assert not seen & patterns
        seen |= patterns
    assert seen


def test_names_of_earlier_versions() -> None:
    assert [latest_name(n) for n in ("bit_serial", "table", "product")] == [
        *("bitserial", "lut", "product_lut")
    ]
    assert latest_name("no such strategy") == "no such strategy"


@pytest.mark.parametrize(
    ("wanted", "x", "w", "reason"),
    [
        ("dot", "unipolar<8>", "bipolar<8>", "do not fit in i8"),
        ("lut", "signed<2>", "bipolar<1>", "take unipolar and bipolar activations"),
        ("dot", "codebook<1, [3, 7]>", "bipolar<1>", "is not affine in its bits"),
    ],
)
def test_what_a_strategy_cannot_compute_is_refused(
    wanted: str, x: str, w: str, reason: str
) -> None:
    codes = parse_code(x), parse_code(w)
    c = Contraction(*codes, ConvGeometry.of_matmul(4, 64, 64)).on(get_target("znver5"))
    assert reason in str(get_strategy(wanted).why_not(c))
    with pytest.raises(ValueError, match=f"strategy {wanted} is impossible: .*{reason}"):
        resolve_strategy(wanted, c)
    assert resolve_strategy("auto", c).why_not(c) is None


@pytest.mark.parametrize("wanted", ["auto", "product_lut"])
def test_what_no_strategy_computes_is_refused(wanted: str) -> None:
    codes = parse_code("codebook<1, [3, 7]>"), parse_code("signed<8>")
    c = Contraction(*codes, ConvGeometry.of_matmul(4, 64, 64)).on(get_target("znver5"))
    with pytest.raises(ValueError, match="strategy product_lut is impossible: tables of products"):
        resolve_strategy(wanted, c)
