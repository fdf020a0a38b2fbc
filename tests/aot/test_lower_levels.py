"""Libraries of modules that are at lower levels already: the same names, the same header."""

from __future__ import annotations

import pytest

from lowering.pipeline import lower
from lowering.targets import get_target
from runtime.aot.header import header_text
from runtime.aot.library import Library, build_library
from runtime.source import parse_module

LAYER = """
  %a{k} = lowbit.conv2d %x{j}, %w padding [1, 1, 1, 1] : (!x, !w) -> !y
  %x{k} = lowbit.fused_glue %a{k}, %t{k} form threshold : (!y, tensor<32x1xi32>) -> !x"""

TWO_LAYERS = (
    "!x = tensor<1x8x8x32x!lowbit.unipolar<1>>\n!y = tensor<1x8x8x32xi32>\n"
    "!w = tensor<32x3x3x32x!lowbit.bipolar<1>>\n"
    "func.func @main(%x0: !x, %w: !w) -> !x {"
    "\n  %t1 = arith.constant dense<5> : tensor<32x1xi32>"
    "\n  %t2 = arith.constant dense<6> : tensor<32x1xi32>"
    + LAYER.format(j=0, k=1)
    + LAYER.format(j=1, k=2)
    + "\n  func.return %x2 : !x\n}"
)


def library(level: str) -> Library:
    """The library `net` of the text of a level."""
    module = parse_module(TWO_LAYERS)
    lower(module, "cortex-a53", level)
    return build_library(parse_module(str(module)), "net", "net.mlir", get_target("cortex-a53"))


@pytest.mark.parametrize("level", ["stages", "loops", "llvm"])
def test_the_same_library(level: str) -> None:
    expected, found = library("kernels"), library(level)
    assert found.functions == expected.functions
    assert all(name.startswith("net_") for name, _ in found.main.signature.stages)
    assert header_text(found) == header_text(expected)
