"""Real MLIR reads every level: `mlir-opt` the generic form, `mlir-translate` LLVM's dialect."""

import re
from pathlib import Path

import pytest
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.utils.exceptions import DiagnosticException, ParseError, VerifyException

from lowering.pipeline import LEVELS
from lowering.targets import TARGETS
from lowering.tiles.lower_tile import LowerTilePass
from runtime.source import parse_module
from tests.mlir.programs import (
    assert_round_trips,
    check_levels,
    first_difference,
    generic,
    run,
    translated,
)

ROOT = Path(__file__).parents[2]
FOLDERS = ("examples", "docs/examples", "lit_tests")
NETWORK = ROOT / "lit_tests" / "pipeline" / "assembly.mlir"
CASES = (
    ("x86-64", "dot"),
    ("znver5", "bitserial"),
    ("cortex-a53", "lut"),
    ("neoverse-n1", "dot"),
    ("cortex-a7", "bitserial"),
)
BELOW_TENSORS = {
    "loops": (LowerTilePass,),
    **{level: LEVELS[level] for level in ("simd", "llvm")},
}
"""The way down of a function of memrefs."""


REFUSED = {"lit_tests/llvm/lowbit-to-llvm-alignment.mlir:2"}
"""Modules that MLIR refuses and xDSL's verifier does not: an alignment of 48. Ours are tests of the
diagnostics of `lowbit-to-llvm`."""


def parts() -> dict[str, ModuleOp]:
    """Every module of the examples and of the lit tests that parses and verifies, by its place."""
    found = {}
    files = (f for folder in FOLDERS for f in sorted((ROOT / folder).rglob("*.mlir")))
    for file in files:
        for number, text in enumerate(re.split(r"^// -----.*$", file.read_text(), flags=re.M)):
            try:
                module = parse_module(text, file.name)
            except (ParseError, VerifyException):
                continue
            where = f"{file.relative_to(ROOT)}:{number}"
            if any(module.ops) and where not in REFUSED:
                found[where] = module
    return found


@pytest.mark.parametrize(("target", "strategy"), CASES)
def test_network(target: str, strategy: str) -> None:
    check_levels(parse_module(NETWORK.read_text()), target, strategy)


@pytest.mark.sweep
def test_all_files_come_back() -> None:
    found = parts()
    for where, module in found.items():
        assert_round_trips(module, where)
    assert len(found) > 150


@pytest.mark.sweep
@pytest.mark.parametrize("target", TARGETS)
def test_all_files_on(target: str) -> None:
    """What can be lowered to LLVM's dialect is read by MLIR at each level on the way."""
    read = 0
    for where, module in parts().items():
        function = next((op for op in module.ops if isinstance(op, FuncOp)), None)
        types = "" if function is None else str(function.function_type)
        levels = LEVELS if "tensor<" in types else BELOW_TENSORS
        try:
            check_levels(module, target, "auto", levels)
        except DiagnosticException:
            # Written for passes alone, for other targets, or for an error.
            continue
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from None
        read += 1
    assert read > 80


def test_faults_are_found() -> None:
    """An operation that MLIR does not know, another attribute, and an empty module."""
    unknown = 'module { llvm.func @f() { "llvmx.select"() : () -> ()\n llvm.return } }'
    with pytest.raises(AssertionError, match="mlir-translate refuses"):
        run("mlir-translate", "--mlir-to-llvmir", text=unknown)
    with pytest.raises(AssertionError, match="empty"):
        translated(ModuleOp([]))
    with pytest.raises(AssertionError, match="empty"):
        assert_round_trips(ModuleOp([]), "nothing")
    one, other = (parse_module(NETWORK.read_text()) for _ in range(2))
    changed = next(op for op in other.walk() if "padding" in op.properties)
    changed.attributes["more"] = IntegerAttr(1, 32)
    difference = first_difference(one, other)
    assert difference is not None
    assert changed.name in difference
    assert generic(one) != generic(other)
