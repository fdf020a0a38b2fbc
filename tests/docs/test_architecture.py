"""What the page on architecture claims, and what its examples compute."""

import ast
from pathlib import Path

import numpy as np
import pytest

from docs.examples.two_layers import build_module
from lowbit_dialect.interpreters import interpret
from lowbit_dialect.interpreters.values import to_values
from lowering.pipeline import LEVELS, lower
from runtime.compiler import compile
from runtime.source import parse_module

ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "docs" / "examples" / "two_layers.mlir"
BELOW = {
    "lowbit_dialect": {"lowering", "runtime"},
    "lowering": {"runtime"},
    "runtime": set(),
}
"""For each package those that it must not import."""


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", BELOW)
def test_imports_run_one_way(package: str):
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in (ROOT / package).rglob("*.py")
        if (found := imported(path) & (BELOW[package] | {"tests", "docs", "examples"}))
    }
    assert wrong == {}


def test_the_example_network_is_what_its_script_makes():
    assert NETWORK.read_text() == str(build_module()) + "\n"


def test_the_example_network_computes_the_same_at_every_level():
    image = np.random.default_rng(0).normal(0, 1, (1, 8, 8, 16)).astype(np.float32)
    module = parse_module(NETWORK.read_text())
    expected = to_values(interpret(module, "main", image)[0])
    assert np.array_equal(np.asarray(compile(module, use_cache=False)(image)), expected)
    lower(module, "znver5", until="kernels")
    module.verify()
    lowered = to_values(interpret(module, "main", image)[0])
    assert np.array_equal(lowered, expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("target", ["x86-64", "znver5", "cortex-a9"])
def test_the_example_network_verifies_at_every_level(level: str, target: str):
    module = parse_module(NETWORK.read_text())
    lower(module, target, until=level)
    module.verify()
