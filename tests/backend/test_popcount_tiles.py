"""Bit-serial tiles on ARM: three operations for a vector of words, and nothing spilled."""

from dataclasses import replace
from itertools import product

import pytest
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.codes import parse_code
from lowering.targets import get_target
from runtime.analysis.assembly import AssemblyFunction, Instruction
from runtime.analysis.levels import Levels
from tests.differential.contraction import Conv
from tests.differential.graph import Graph, module_of
from tests.sweep import thinned

ARM = ("cortex-a53", "neoverse-n1", "cortex-a7")
LAYERS = {
    "3x3": Conv((1, 6, 14, 64), 64),
    "3x3, odd row": Conv((1, 5, 7, 48), 128),
    "1x1, strided": Conv((1, 8, 17, 64), 128, (1, 1), (2, 2), (0, 0, 0, 0)),
    "3x3, strided": Conv((1, 9, 15, 64), 128, strides=(2, 2)),
}
WIDE = ("unipolar<4>", "signed<4>")
"""Their sums of 16 bits are widened after some planes. The sums of 32 bits wait in memory while the
next planes are counted; at the last of ten loops LLVM lets the others wait, too."""

PAIRS = (("unipolar<1>", "bipolar<1>"), ("unipolar<2>", "signed<2>"), WIDE)


def module(layer: Conv) -> ModuleOp:
    """A convolution whose weights are a constant."""
    graph, (x, w) = Graph(), layer.operands("random", "random")
    acc = graph.conv2d(
        graph.values(parse_code(layer.x_code), x, constant=False),
        graph.values(parse_code(layer.w_code), w, constant=True),
        layer.strides,
        layer.padding,
    )
    return module_of(graph.returns(acc))


def counting_loops(function: AssemblyFunction) -> list[list[Instruction]]:
    """The innermost loops that count bits."""
    return [
        loop
        for loop in function.innermost_loops
        if any(i.mnemonic in ("cnt", "vcnt.8") for i in loop)
    ]


@pytest.mark.parametrize(("target", "layer", "codes"), thinned(product(ARM, LAYERS, PAIRS), 5))
def test_inner_loops(target: str, layer: str, codes: tuple[str, str]) -> None:
    conv = replace(LAYERS[layer], x_code=codes[0], w_code=codes[1])
    levels = Levels.of(module(conv), get_target(target), strategy="bitserial")
    loops = [loop for f in levels.assembly.values() for loop in counting_loops(f)]
    assert loops
    spilled = [loop for loop in loops if any(i.spill or i.reload for i in loop)]
    assert len(spilled) <= (len(loops) // 10 if codes == WIDE else 0), spilled
    for loop in loops:
        text = "\n".join(f"{i.mnemonic} {', '.join(i.operands)}" for i in loop)
        kinds = [i.mnemonic.partition(".")[0] for i in loop]
        counts = sum(kind in ("cnt", "vcnt") for kind in kinds)
        assert sum(kind in ("uadalp", "vpadal") for kind in kinds) == counts, text
        assert sum(kind in ("and", "eor", "vand", "veor") for kind in kinds) == counts, text
