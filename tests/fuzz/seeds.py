"""Modules of every level that compile, from which mutants are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from lowbit_dialect.codes import parse_code
from lowbit_dialect.network import Network
from lowering.pipeline import passes_of
from lowering.targets import TARGETS
from lowering.tiles.lower_tile import LowerTilePass
from lowering.to_loops import ToLoopsPass
from runtime.source import parse_module

ROOT = Path(__file__).parent.parent.parent

LOWERED_FOR = ("x86-64", "x86-64-v3", "znver5", "cortex-a53", "cortex-a9")
"""Targets that the modules of the lower levels are made for."""

MAX_TEXT = 40_000
"""Characters of the longest module: what is unrolled has the same operations again and again."""

STEPS: dict[str, Callable[[str], Sequence[ModulePass]]] = {
    "tensors": lambda target: passes_of("kernels", target, "auto", "none"),
    "kernels": lambda target: (ToLoopsPass(target),),
    "tiles": lambda target: (LowerTilePass(target),),
    "loops": lambda target: passes_of("simd", target),
    "simd": lambda target: passes_of("llvm", target),
}
"""The passes that lead from each level to the next."""

START = [*STEPS, "llvm"]


@dataclass(frozen=True)
class Seed:
    """The text of a module, its level, and the target that it was made for."""

    name: str
    level: str
    target: str
    text: str


def passes_from(level: str, target: str) -> Iterator[ModulePass]:
    """The passes that lead from a level to LLVM's dialect."""
    for name in START[START.index(level) : -1]:
        yield from STEPS[name](target)


def text_of(module: ModuleOp, generic: bool = False) -> str:
    """The text of a module, in the generic form where an operation has no other one."""
    stream = StringIO()
    try:
        Printer(stream, print_generic_format=generic).print_op(module)
    except (LookupError, ValueError):
        return text_of(module, generic=True)
    return stream.getvalue()


def _convolution() -> ModuleOp:
    rng = np.random.default_rng(1)
    net = Network(TensorType(parse_code("unipolar<2>"), [1, 2, 2, 8]))
    (x,) = net.inputs
    y = net.conv2d(x, rng.choice([-1, 1], (4, 1, 1, 8)), "bipolar<1>")
    q = net.threshold(y, np.sort(rng.integers(-9, 9, (4, 3)), axis=1), "unipolar<2>")
    return net.finish(net.max_pool2d(q, (2, 2)))


def _floats() -> ModuleOp:
    net = Network(TensorType(f32, [4, 8]))
    (x,) = net.inputs
    return net.finish(net.dequantize(net.quantize(x, "signed<4>", [0.25]), [0.5]))


def _matmul(x: str, y: str) -> ModuleOp:
    x, y, z = f"tensor<1x16x!lowbit.{x}>", f"tensor<16x4x!lowbit.{y}>", "tensor<1x4xi32>"
    return parse_module(
        f"func.func @main(%x: {x}, %y: {y}) -> {z} {{\n"
        f"  %z = lowbit.matmul %x, %y : ({x}, {y}) -> {z}\n"
        f"  func.return %z : {z}\n}}"
    )


NETWORKS: dict[str, Callable[[], ModuleOp]] = {
    "convolution": _convolution,
    "floats": _floats,
    "add": lambda: parse_module(
        "func.func @main(%x: tensor<4x8xi32>, %y: tensor<4x8xi32>) -> tensor<4x8xi32> {"
        " %z = lowbit.add %x, %y : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi32>"
        " func.return %z : tensor<4x8xi32> }"
    ),
    "matmul": lambda: _matmul("signed<4>", "unipolar<4>"),
    "table": lambda: _matmul("codebook<2, [-7, -1, 2, 9]>", "signed<2>"),
}
"""Small networks, each of which takes other passes."""

FILES: dict[str, tuple[str, ...]] = {
    "tiles": ("lit_tests/tiles/*.mlir",),
    "loops": ("lit_tests/simd/*.mlir",),
    "simd": ("lit_tests/llvm/*.mlir",),
    "tensors": ("docs/examples/conv.mlir", "docs/examples/two_layers.mlir"),
}
"""Modules of the documentation and of the lit tests, by level."""


@cache
def _lowered(name: str, target: str) -> dict[str, str]:
    """A network at every level."""
    module, texts = NETWORKS[name](), dict[str, str]()
    for level, steps in STEPS.items():
        texts[level] = text_of(module)
        for step in steps(target):
            step.apply(Context(), module)
    return texts | {"llvm": text_of(module)}


@cache
def _chunks(level: str) -> list[tuple[str, str]]:
    found = []
    for pattern in FILES.get(level, ()):
        for path in sorted(ROOT.glob(pattern)):
            if "invalid" not in path.name:
                chunks = path.read_text(encoding="utf-8").split("// -----")
                lines = (c.splitlines() for c in chunks)
                texts = ("\n".join(x for x in c if not x.lstrip().startswith("//")) for c in lines)
                found += [(f"{path.name}:{i}", text) for i, text in enumerate(texts)]
    return found


@cache
def _with_one_result(text: str) -> str:
    """A module whose functions return their first value only, as LLVM's do."""
    module = parse_module(text)
    changed = False
    for op in module.walk():
        if isinstance(op, FuncOp) and len(op.function_type.outputs) > 1 and op.body.blocks:
            end = op.body.blocks[-1].last_op
            if isinstance(end, ReturnOp):
                end.operands = end.operands[:1]
                op.function_type = FunctionType.from_lists(
                    list(op.function_type.inputs), [end.operands[0].type]
                )
                changed = True
    return text_of(module) if changed else text


def draw_seed(rng: Random, level: str | None = None) -> Seed:
    """A seed, of a level if one is given; the lower ones come more often, and take less time."""
    if level is None:
        (level,) = rng.choices(START, (1, 1, 2, 3, 4, 5))
    target = rng.choice(LOWERED_FOR)
    chunks = _chunks(level)
    if chunks and rng.random() < 0.5:
        name, text = rng.choice(chunks)
        text = _with_one_result(text)
    else:
        name, text = "", " " * (MAX_TEXT + 1)
        while len(text) > MAX_TEXT:
            name = rng.choice(list(NETWORKS))
            text = _lowered(name, target)[level]
    if rng.random() < 0.2:
        target = rng.choice(list(TARGETS))
    return Seed(name, level, target, text)
