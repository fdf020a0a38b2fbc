"""Memory and functions that stages share: a deep network in little workspace and little code."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import TensorType, i32

from lowbit_dialect.codes import parse_code
from lowbit_dialect.interpreters import interpret
from lowering.pipeline import lower
from lowering.stages import plan_memory, share_stages
from lowering.stages.plan_memory import Lifetime, plan_slots
from lowering.support.functions import functions_of
from lowering.targets import get_target
from runtime import compile
from runtime.aot.elf import code_bytes
from runtime.build import build_object
from runtime.source import parse_module
from tests.differential.check import assert_same, call
from tests.differential.graph import Graph, Value, module_of

TARGET = "host+avx2"


CODE = parse_code("unipolar<2>")


def conv(graph: Graph, x: Value, channels: int, seed: int, stride: int = 1) -> Value:
    """The sums of a convolution in a frame."""
    rng = np.random.default_rng(seed)
    w = rng.choice([-1, 1], (channels, 3, 3, x.numbers.shape[3]))
    weights = graph.values(parse_code("bipolar<1>"), w, constant=True)
    return graph.conv2d(x, weights, (stride, stride), (1, 1, 1, 1))


def act(graph: Graph, acc: Value) -> Value:
    """Levels, each of which a quarter of the sums has."""
    flat = acc.numbers.reshape(-1, acc.numbers.shape[-1])
    steps = np.quantile(flat, [0.25, 0.5, 0.75], axis=0).T.astype(np.int64)
    return graph.threshold(acc, graph.integers(steps, constant=True), CODE)


def block(graph: Graph, x: Value, channels: int, seed: int, stride: int = 1) -> Value:
    """A residual block: its input is in use until its end."""
    y = act(graph, conv(graph, x, channels, seed, stride))
    total = graph.add(
        conv(graph, y, channels, seed + 1), conv(graph, x, channels, seed + 2, stride)
    )
    return act(graph, total)


def deep(blocks: int, size: int = 9, channels: int = 20) -> Graph:
    """Two parts of `blocks` equal blocks each, a ragged tail and a frame in every value."""
    rng = np.random.default_rng(blocks)
    graph = Graph()
    x = graph.values(CODE, rng.integers(0, 4, (1, size, size, channels)), constant=False)
    for k in range(blocks):
        x = block(graph, x, channels, 3 * k)
    x = block(graph, x, 2 * channels, 100, stride=2)
    for k in range(blocks):
        x = block(graph, x, 2 * channels, 200 + 3 * k)
    return graph.returns(x)


def check(graph: Graph, strategy: str) -> int:
    """Bytes of the workspace of a graph, whose results are right in every call, also on threads."""
    executable = compile(module_of(graph), TARGET, use_cache=False, strategy=strategy)
    for threads in (1, 2, 1):
        for found, value in zip(call(executable, graph, threads), graph.results, strict=True):
            assert_same(found, value, f"{threads} threads")
    return executable.signature.workspace


STRATEGIES = ("bitserial", "lut")
"""Kernels that skip the frame by default, and kernels that read it."""


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_workspace_does_not_grow_with_depth(strategy: str) -> None:
    assert check(deep(1), strategy) == check(deep(4), strategy)


@pytest.mark.parametrize(
    ("what", "fault"),
    [("gap_class", lambda _: None), ("_overlap", lambda *_: False)],
)
def test_a_wrong_reuse_is_found(monkeypatch: pytest.MonkeyPatch, what: str, fault: object) -> None:
    """Slots with gaps that others write to, and slots of values in use at the same time."""
    monkeypatch.setattr(plan_memory, what, fault)
    with pytest.raises(AssertionError, match="differ"):
        check(deep(1), "lut")


def test_equal_stages_are_one_function() -> None:
    module = module_of(deep(2))
    lower(module, TARGET, "loops", "bitserial")
    shared = [op for op in module.ops if "shared" in str(op.properties.get("sym_name"))]
    assert 2 <= len(shared) <= 10


def test_code_does_not_depend_on_thresholds() -> None:
    """Layers of one plan share their code, though 8 bits hold their thresholds in other places."""
    rng, graph = np.random.default_rng(3), Graph()
    x = graph.values(CODE, rng.integers(0, 4, (1, 6, 6, 128)), constant=False)
    for k in range(4):
        weights = rng.integers(0, 2, (128, 3, 3, 128))
        w = graph.values(parse_code("unipolar<1>"), weights, constant=True)
        acc = graph.conv2d(x, w, (1, 1), (1, 1, 1, 1))
        middle = int(np.median(acc.numbers)) + k + rng.integers(0, 5, (128, 1))
        x = graph.threshold(
            acc, graph.integers(middle + np.array([-20, 0, 20]), constant=True), CODE
        )
    module = module_of(graph.returns(x))
    lower(module, "znver5", "kernels", "lut")
    assert str(module).count("sum_bits = 8") == 4
    lower(module, "znver5", "loops", "lut")
    (*kernels,) = (f for f in functions_of(module) if "lut_conv" in f and not is_stage(f))
    assert kernels == ["main_1_lut_conv_shared"]
    check(graph, "lut")


def test_shared_code_of_a_deep_network_is_less_than_half() -> None:
    """Four equal residual blocks in two resolutions each."""
    module, target = module_of(deep(3, size=4)), get_target("znver5")
    _, shared = build_object(module, target, "bitserial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(share_stages, "share_stages", lambda _: None)
        _, apart = build_object(module, target, "bitserial")
    assert 2 * code_bytes(shared) < code_bytes(apart)


def is_stage(name: str) -> bool:
    """Whether a function is what a runtime calls, and not what stages share."""
    return not name.endswith("_shared")


def test_stages_run_from_their_text() -> None:
    graph = deep(1, size=5)
    module = module_of(graph)
    lower(module, TARGET, "stages", "bitserial")
    again = parse_module(str(module))
    arguments = [v.result for v in graph.inputs]
    for found, value in zip(interpret(again, "main", *arguments), graph.results, strict=True):
        assert_same(found, value, "interpreted")
    results = call(compile(again, TARGET, use_cache=False), graph)
    for found, value in zip(results, graph.results, strict=True):
        assert_same(found, value, "compiled")


def test_slots() -> None:
    """No two values in use at the same time overlap, and slots with gaps are of one class."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        lives: list[Lifetime] = []
        for start, length, size, gaps in rng.integers(0, [30, 8, 500, 4], (25, 4)).tolist():
            lives.append(Lifetime(64 * gaps or 1 + size, start, start + length, gaps or None))
        offsets, total = plan_slots(lives)
        for i, (a, at_a) in enumerate(zip(lives, offsets, strict=True)):
            assert at_a % 64 == 0
            assert at_a + a.size <= total
            for b, at_b in zip(lives[:i], offsets, strict=False):
                if at_a < at_b + b.size and at_b < at_a + a.size:
                    assert a.gaps == b.gaps
                    assert a.last < b.first or b.last < a.first


def test_globals_are_gotten_as_the_type_that_they_have() -> None:
    """A constant that is copied is viewed as bytes; MLIR refuses another type than the global's."""
    module = parse_module("""
func.func @main(%x: tensor<2x9xi32>) -> (tensor<2x9xi32>, tensor<2x9xi32>) {
  %c = arith.constant dense<7> : tensor<2x9xi32>
  %y = lowbit.add %x, %c : (tensor<2x9xi32>, tensor<2x9xi32>) -> tensor<2x9xi32>
  func.return %c, %y : tensor<2x9xi32>, tensor<2x9xi32>
}
func.func @low_bit() -> tensor<2x1x1x3x!lowbit.unipolar<3>> {
  %c = lowbit.constant [1, 2, 3, 4, 5, 6] : tensor<2x1x1x3x!lowbit.unipolar<3>>
  func.return %c : tensor<2x1x1x3x!lowbit.unipolar<3>>
}""")
    lower(module, "znver5", "loops")
    types = {op.sym_name.data: op.type for op in module.ops if isinstance(op, memref.GlobalOp)}
    gotten = [op for op in module.walk() if isinstance(op, memref.GetGlobalOp)]
    assert gotten
    for op in gotten:
        assert op.memref.type == types[op.name_.root_reference.data]


def test_equal_operations_are_lowered_once() -> None:
    """Equal sums have one function of loops; quantisers to different codes have their own."""
    graph, rng = Graph(), np.random.default_rng(2)
    x = graph.argument(TensorType(i32, [9]), rng.integers(-9, 9, 9, np.int32))
    total = x
    for _ in range(20):
        total = graph.add(total, x)
    floats = graph.dequantize(total, [0.5])
    levels = [
        graph.quantize(floats, parse_code(code), [64.0], -1, "half_even")
        for code in ("signed<3>", "bipolar<3>")
    ]
    graph = graph.returns(total, *levels)
    module = module_of(graph)
    lower(module, TARGET, "loops")
    names = [op.sym_name.data for op in module.ops if isinstance(op, func.FuncOp)]
    assert [name for name in names if name.endswith("_shared")] == ["main_1_add_shared"]
    (*found,) = call(compile(module_of(graph), TARGET, use_cache=False), graph)
    for result, value in zip(found, graph.results, strict=True):
        assert_same(result, value, TARGET)
