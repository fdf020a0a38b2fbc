"""Operations and lowerings from outside: no object that was compiled without them is run."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType, i32
from xdsl.ir import Dialect, Operation, ParametrizedAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    result_def,
)
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.exceptions import DiagnosticException

import lowbit_dialect
import lowering
from lowbit_dialect import extensions as extensions_module
from lowbit_dialect import reference
from lowbit_dialect.codes import parse_code
from lowbit_dialect.extensions import extensions
from lowbit_dialect.network import Network
from lowbit_dialect.ops.elementwise import AddOp
from lowering import pipeline
from lowering.loops.lowerings import LOWERINGS, register_lowering
from lowering.loops.pointwise.lanes import flat, for_lanes, lane_count, rows_of
from lowering.loops.stage import StageLoops, shape_of
from lowering.targets import Target
from runtime import compile, matmul
from runtime.fingerprint import fingerprint
from runtime.source import parse_module
from tests.installed import forget, install


@irdl_op_definition
class ReluOp(IRDLOperation):
    """An operation from outside: the larger one of each element and 0, or the smaller one."""

    name = "toy.relu"
    x = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"


@irdl_attr_definition
class ToyAttr(ParametrizedAttribute):
    """An attribute from outside."""

    name = "toy.attr"


def lowering_to(choice: type[Operation]) -> Callable[[Any, Target], StageLoops]:
    """A lowering of `ReluOp`, with arith.maxsi or arith.minsi."""

    def lower(op: ReluOp, target: Target) -> StageLoops:
        shape = rows_of(shape_of(op.x))

        def body(stage: Any, low: Any, high: Any) -> None:
            x, y = flat(stage, op.x), flat(stage, op.result)

            def element(lanes: Any) -> None:
                value = lanes.load(x)
                zero = lanes.emit.constant(0, value.type)
                lanes.store(lanes.emit.binary(choice, value, zero), y)

            for_lanes(stage, shape, (low, high), lane_count(stage.target), element)

        return StageLoops(shape[0], body)

    return lower


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entry_count(folder: Path) -> int:
    return len([path for path in folder.rglob("*") if path.is_file()])


def test_the_lowering_of_an_operation_from_outside_is_never_an_old_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    rng = np.random.default_rng(0)
    w, x = rng.choice([-1, 1], (8, 3, 3, 16)), rng.integers(0, 4, (1, 8, 8, 16))
    net = Network(TensorType(parse_code("unipolar<2>"), (1, 8, 8, 16)))
    acc = net.conv2d(net.inputs[0], w, "bipolar<1>", padding=(1, 1, 1, 1))
    module = net.finish(net._value(ReluOp.create(operands=[acc], result_types=[acc.type])))
    sums = reference.conv2d(x, w, padding=(1, 1, 1, 1))
    for choice, expected in ((arith.MaxSIOp, np.maximum), (arith.MinSIOp, np.minimum)) * 2:
        monkeypatch.setitem(LOWERINGS, ReluOp, lowering_to(choice))
        assert np.array_equal(compile(module)(x), expected(sums, 0))
    assert entry_count(folder) == 0


ADD = """
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %y = lowbit.add %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}"""


def lower_to_zeros(op: AddOp, target: Target) -> StageLoops:
    """A lowering of an operation of ours."""
    shape = rows_of(shape_of(op.result))

    def body(stage: Any, low: Any, high: Any) -> None:
        y = flat(stage, op.result)

        def element(lanes: Any) -> None:
            lanes.store(lanes.emit.constant(0, lanes.load(flat(stage, op.lhs)).type), y)

        for_lanes(stage, shape, (low, high), lane_count(stage.target), element)

    return StageLoops(shape[0], body)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_replaced_lowering_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch, as_text: bool):
    module = ADD if as_text else parse_module(ADD)
    x = np.arange(4, dtype=np.int32)
    assert np.array_equal(compile(module)(x), x + x)
    assert entry_count(folder) == 1
    with monkeypatch.context() as patch:
        patch.setitem(LOWERINGS, AddOp, lower_to_zeros)
        assert not compile(module)(x).any()
    assert entry_count(folder) == 1
    assert np.array_equal(compile(module)(x), x + x)


def test_kernels_that_are_remembered_see_it_too(monkeypatch: pytest.MonkeyPatch, folder: Path):
    x, w = np.ones((3, 5), np.int8), np.ones((5, 7), np.int8)
    assert (matmul(x, w) == 5).all()
    used: list[ModuleOp] = []

    class Watch(ModulePass):
        name = "watch"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            used.append(op)

    monkeypatch.setitem(pipeline.LEVELS, "kernels", (Watch, *pipeline.LEVELS["kernels"]))
    assert (matmul(x, w) == 5).all()
    assert len(used) == 1
    monkeypatch.undo()
    assert (matmul(x, w) == 5).all()
    assert len(used) == 1


def test_a_plugin_that_parsing_loads_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A dialect is imported when a text first names it, after the cache was asked."""

    def load() -> Dialect:
        monkeypatch.setitem(LOWERINGS, ReluOp, lowering_to(arith.MaxSIOp))
        return Dialect("toy", [ReluOp], [ToyAttr])

    known = Universe.get_multiverse()
    both = Universe(all_dialects=known.all_dialects | {"toy": load})
    monkeypatch.setattr(Universe, "get_multiverse", lambda: both)
    text = ADD.replace(
        "lowbit.add %x, %x : (tensor<4xi32>, tensor<4xi32>)", "toy.relu %x : tensor<4xi32>"
    )
    x = np.arange(-2, 2, dtype=np.int32)
    assert np.array_equal(compile(text)(x), np.maximum(x, 0))
    assert entry_count(folder) == 0


def relu_module() -> ModuleOp:
    """A function with an operation from outside."""
    net = Network(TensorType(i32, (4,)))
    x = net.inputs[0]
    return net.finish(net._value(ReluOp.create(operands=[x], result_types=[x.type])))


def test_an_installed_package_registers_its_lowerings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    x = np.arange(-2, 2, dtype=np.int32)
    with pytest.raises(DiagnosticException, match=r"toy.relu.*register_lowering.*lowbit.lowerings"):
        compile(relu_module())
    toy = ModuleType("toy")
    toy.__dict__["register"] = lambda: register_lowering(ReluOp, lowering_to(arith.MaxSIOp))
    monkeypatch.setitem(sys.modules, "toy", toy)
    install(tmp_path, "toy", "[lowbit.lowerings]\nrelu = toy:register\n", monkeypatch)
    try:
        assert np.array_equal(compile(relu_module())(x), np.maximum(x, 0))
    finally:
        LOWERINGS.pop(ReluOp, None)
    toy.__dict__["register"] = lambda: 1 // 0
    forget()
    with pytest.raises(ValueError, match=r"entry point lowbit.lowerings relu = toy:register: Zero"):
        compile(relu_module())
    forget()


def test_what_is_foreign():
    module = parse_module(ADD)
    assert not fingerprint(module).is_foreign
    (function,) = module.ops
    function.attributes["note"] = StringAttr("ours")
    assert not fingerprint(module).is_foreign
    function.attributes["note"] = ToyAttr()
    assert fingerprint(module).is_foreign
    assert fingerprint(ModuleOp([ReluOp.create(operands=[], result_types=[])])).is_foreign


def test_extensions(monkeypatch: pytest.MonkeyPatch):
    assert not extensions()
    monkeypatch.setitem(LOWERINGS, ReluOp, lower_to_zeros)
    assert {(change.key, change.value) for change in extensions()} == {(ReluOp, lower_to_zeros)}
    first = extensions()
    monkeypatch.setitem(LOWERINGS, ReluOp, lowering_to(arith.MaxSIOp))
    assert extensions() != first
    monkeypatch.delitem(LOWERINGS, AddOp)
    assert (AddOp, None) in {(change.key, change.value) for change in extensions()}
    monkeypatch.undo()
    assert not extensions()


INTERPRETERS = (".interpreters", ".reference", ".simd_semantics")
"""They compute what kernels are compared with, and have no part in compiling."""


def tables() -> Iterator[tuple[str, dict]]:
    """Tables of the compiler that say what is done with an operation."""
    for package in (lowbit_dialect, lowering):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if any(part in found.name for part in INTERPRETERS):
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, dict) and _is_of_operations(value):
                    yield f"{found.name}.{name}", value


def _is_of_operations(table: dict) -> bool:
    """Whether the keys are operations and the values are functions."""
    are_functions = all(callable(v) and not _is_operation(v) for v in table.values())
    return bool(table) and all(map(_is_operation, table)) and are_functions


def _is_operation(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Operation)


def test_every_table_of_lowerings_is_watched():
    watched = {id(table) for table, _ in extensions_module._SHIPPED}
    found = dict(tables())
    assert len(found) >= 7
    assert [name for name, table in found.items() if id(table) not in watched] == []
