"""Modules at lower levels than tensors: compiled from where they are, refused where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import FileLineColLoc, ModuleOp
from xdsl.utils.exceptions import DiagnosticException

from lowering.pipeline import LEVELS, Step, lower
from lowering.targets import get_target
from runtime import compile
from runtime.analysis.levels import Levels
from runtime.source import parse_module

ADD = """
func.func @main(%x: tensor<4x8xi32>) -> tensor<4x8xi32> {
  %y = lowbit.add %x, %x : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = lowbit.add %y, %x : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi32>
  func.return %z : tensor<4x8xi32>
}"""


def lowered(level: str, text: str = ADD) -> str:
    """The text of a module at a level."""
    module = parse_module(text, "add.mlir")
    lower(module, "host", level)
    return str(module)


@pytest.mark.parametrize("level", LEVELS)
def test_a_module_goes_on_from_its_level(level: str) -> None:
    x = np.arange(32, dtype=np.int32).reshape(4, 8)
    function = compile(lowered(level), use_cache=False)
    np.testing.assert_array_equal(function(x), 3 * x)
    np.testing.assert_array_equal(function(x, num_threads=2), 3 * x)


LIES = {
    "inputs = [tensor<4x8xi32>]": ("inputs = [tensor<9x8xi32>]", "ask for arguments of"),
    "outputs = [tensor<4x8xi32>]": ("outputs = [tensor<4xi32>]", "ask for arguments of"),
    "lowbit.workspace = 191": ("lowbit.workspace = 19", "ask for arguments of"),
    "lowbit.workspace = 191 : i64": ('lowbit.workspace = "x"', "must be a number of bytes"),
    "main_0_add = 4 : i64": ("main_0_add = 0 : i64", "the extent of main_0_add must be"),
    "{main_0_add = 4": ("{main_9_add = 4", "there is no function @main_9_add of its"),
    ", lowbit.stages = {main_0_add = 4 : i64, main_1_add = 4 : i64}": ("", "ask for arguments of"),
}


LIES_OF_LLVM = {
    'inputs = ["tensor<4x8xi32>"]': ('inputs = ["tensor<4x7xi32>"]', "ask for pointers to"),
    'inputs = ["tensor<4x8xi32>"] ': ('inputs = ["tensor<4x8"]', "expected the text of a tensor"),
    'inputs = ["tensor<4x8xi32>"]  ': ("inputs = [4 : i8]", "expected the text of a tensor"),
    'outputs = ["tensor<4x8xi32>"]': ("outputs = []", "ask for pointers to"),
    'outputs = ["tensor<4x8xi32>"] ': ("", "lowbit.outputs must be an array"),
    "lowbit.workspace = 191": ("lowbit.workspace = 19", "ask for pointers to"),
    "main_0_add = 4 : i64": ("main_0_add = 0 : i64", "the extent of main_0_add must be"),
    "{main_0_add = 4": ("{main_9_add = 4", "there is no function @main_9_add of its"),
}


def check_lies(level: str, lies: dict[str, tuple[str, str]]) -> None:
    """What a caller would allocate by lies would be read or written beyond its end."""
    text = lowered(level)
    for found, (instead, message) in lies.items():
        assert found.strip() in text
        with pytest.raises(DiagnosticException, match=message):
            compile(text.replace(found.strip(), instead).replace(", ,", ","), use_cache=False)


def test_attributes_that_lie_are_refused() -> None:
    check_lies("loops", LIES)
    check_lies("llvm", LIES_OF_LLVM)


def test_functions_of_llvm_that_nothing_can_call() -> None:
    """Internal ones, and declarations."""
    text = lowered("llvm")
    head = "llvm.func @main(!llvm.ptr, !llvm.ptr, !llvm.ptr) attributes {lowbit.inputs = [], "
    for module in (
        text.replace("llvm.func @main(", "llvm.func internal @main("),
        f"{head}lowbit.outputs = [], lowbit.workspace = 0 : i64, lowbit.stages = {{}}}}",
    ):
        with pytest.raises(ValueError, match="the module has no function"):
            compile(module, use_cache=False)


def test_code_of_another_machine_is_refused() -> None:
    module = parse_module(ADD)
    lower(module, "cortex-a7")
    with pytest.raises(DiagnosticException, match="was lowered for cortex-a7, not for host"):
        compile(str(module), use_cache=False)


NETWORK = Path(__file__).parents[2] / "examples" / "digits" / "digits.mlir"


@pytest.mark.parametrize("target", ["znver5", "cortex-a7"])
def test_every_operation_is_in_a_line_of_the_file(target: str) -> None:
    """After each pass: what it makes is where the operation is that it makes it of."""
    lines = NETWORK.read_text().splitlines()
    module = parse_module("\n".join(lines), "digits.mlir")
    seen: dict[str, set[int]] = {}

    def check(step: Step, module: ModuleOp) -> None:
        for op in module.walk():
            if op is not module:
                assert isinstance(op.location, FileLineColLoc), f"{step.run.name}: {op.name}"
                assert op.location.filename.data == "digits.mlir"
                seen.setdefault(step.level, set()).add(op.location.line.data)

    lower(module, target, after=check)
    of_network = {k for k, line in enumerate(lines, 1) if "lowbit." in line and "=" in line}
    assert list(seen) == list(LEVELS)
    contractions = {k for k in of_network if "conv2d" in lines[k - 1]}
    assert all(contractions <= lines_of_level for lines_of_level in seen.values())


def test_stages_are_where_their_operations_were() -> None:
    """So are their loops, where they are shared too."""
    for level in ("stages", "loops"):
        module = parse_module(ADD, "add.mlir")
        lower(module, "host", level)
        for line, name in enumerate(("main_0_add", "main_1_add"), start=3):
            (stage,) = (op for op in module.ops if op.properties["sym_name"].data == name)  # pyright: ignore
            for op in stage.walk():
                assert isinstance(op.location, FileLineColLoc), op.name
                assert op.location.line.data == line, op.name


def test_shared_stages_are_reported_with_the_code_that_they_share() -> None:
    conv = "\n".join(
        f"  %{k + 1} = lowbit.conv2d %{k}, %w padding [1, 1, 1, 1] : (!x, !w) -> !y\n"
        f"  %t{k} = arith.constant dense<{5 + k}> : tensor<32x1xi32>\n"
        f"  %{k + 1}q = lowbit.fused_glue %{k + 1}, %t{k} form threshold"
        " : (!y, tensor<32x1xi32>) -> !x"
        for k in range(3)
    )
    for k in (1, 2):
        conv = conv.replace(f"conv2d %{k},", f"conv2d %q{k},")
    conv = conv.replace("%1q", "%q1").replace("%2q", "%q2").replace("%3q", "%q3")
    conv = conv.replace("%1 ", "%a1 ").replace("%1,", "%a1,").replace("%2 ", "%a2 ")
    conv = conv.replace("%2,", "%a2,").replace("%3 ", "%a3 ").replace("%3,", "%a3,")
    text = (
        "!x = tensor<1x8x8x32x!lowbit.unipolar<1>>\n!y = tensor<1x8x8x32xi32>\n"
        "!w = tensor<32x3x3x32x!lowbit.bipolar<1>>\n"
        f"func.func @main(%0: !x, %w: !w) -> !x {{\n{conv}\n  func.return %q3 : !x\n}}"
    )
    levels = Levels.of(parse_module(text), get_target("znver5"), strategy="bitserial")
    reports = [r for r in levels.stages(levels.signatures[0]) if r.contraction is not None]
    assert len(reports) == 3
    assert levels.code[reports[0].name] == levels.code[reports[1].name]
    assert all(r.instructions > 50 and r.loop.kinds["popcount"] for r in reports)


SCALE = """
func.func @scale(%x: memref<4x8xi32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %a = memref.load %x[%i, %j] : memref<4x8xi32>
      %b = arith.addi %a, %a : i32
      memref.store %b, %x[%i, %j] : memref<4x8xi32>
      %f = arith.sitofp %b : i32 to f32
      memref.store %f, %y[%j] : memref<8xf32>
    }
  }
  func.return
}"""


@pytest.mark.parametrize(("level", "threads"), [("tensors", 1), ("tensors", 2), ("llvm", 2)])
def test_functions_of_memory_work_in_place(level: str, threads: int) -> None:
    function = compile(lowered(level, SCALE), use_cache=False)
    x, y = np.arange(32, dtype=np.int32).reshape(4, 8), np.zeros(8, np.float32)
    assert function(x, y, num_threads=threads) is None
    np.testing.assert_array_equal(x, 2 * np.arange(32).reshape(4, 8))
    np.testing.assert_array_equal(y, x[-1].astype(np.float32))
    function.bind([x, y], [], threads)()
    np.testing.assert_array_equal(x, 4 * np.arange(32).reshape(4, 8))


def test_what_functions_of_memory_refuse() -> None:
    function = compile(SCALE, use_cache=False)
    x, y = np.zeros((4, 8), np.int32), np.zeros(8, np.float32)
    frozen = x.copy()
    frozen.flags.writeable = False
    for arrays, message in [
        ((x,), "expected 2 inputs, got 1"),
        ((x.astype(np.int64), y), "input 0: expected int32 of shape"),
        ((np.zeros((8, 8), np.int32)[::2], y), "input 0: @scale works on it in place"),
        ((frozen, y), "input 0"),
        ((x, x.reshape(-1)[:8].view(np.float32)), "input 1: shares memory with input 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            function(*arrays)
    with pytest.raises(ValueError, match="out: @scale works on its arguments in place"):
        function(x, y, out=x)
