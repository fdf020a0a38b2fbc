"""Operands dominate their uses as in MLIR: in and across blocks, in regions, in graph regions."""

from __future__ import annotations

import time

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.utils.exceptions import DiagnosticException

from lowbit_dialect.dominance import DominanceException, verify_dominance, verify_module
from lowbit_dialect.interpreters import interpret
from lowering.pipeline import lower
from runtime.compiler import compile
from runtime.source import context

DIAMOND = """
  func.func @f(%c: i1, %x: i32) -> i32 {
    %0 = "test.before"() : () -> i32
    cf.cond_br %c, ^then, ^else
  ^then:
    %1 = arith.addi %0, %x : i32
    cf.br ^end
  ^else:
    %2 = arith.addi %0, %0 : i32
    cf.br ^end
  ^end:
    func.return RESULT : i32
  }
"""

LOOP = """
  func.func @f(%n: index, %x: i32) {
    %zero = arith.constant 0 : index
    cf.br ^head(%zero : index)
  ^head(%i: index):
    HEAD
    %c = arith.cmpi slt, %i, %n : index
    cf.cond_br %c, ^body, ^exit
  ^body:
    %y = arith.addi %x, %x : i32
    %j = arith.addi %i, %i : index
    cf.br ^head(%j : index)
  ^exit:
    EXIT
    func.return
  }
"""

GOOD = {
    "entry of a diamond": DIAMOND.replace("RESULT", "%0"),
    "loop": LOOP.replace("HEAD", "").replace("EXIT", '"test.use"(%i, %c) : (index, i1) -> ()'),
    "blocks in any order": """
  func.func @f() -> i32 {
    cf.br ^first
  ^second:
    func.return %0 : i32
  ^first:
    %0 = arith.constant 1 : i32
    cf.br ^second
  }""",
    "value from around a region": """
  func.func @f(%n: index, %x: i32) {
    %zero = arith.constant 0 : index
    scf.for %i = %zero to %n step %n {
      scf.for %j = %i to %n step %n {
        "test.use"(%x, %i, %j) : (i32, index, index) -> ()
      }
    }
    func.return
  }""",
    "module, a graph region": """
  %0 = "test.op"(%1) : (i32) -> i32
  %1 = "test.op"(%0) : (i32) -> i32""",
    "region of an unregistered operation": """
  func.func @f() {
    "test.graph"() ({
      %0 = "test.op"(%1) : (i32) -> i32
      %1 = "test.op"(%1) : (i32) -> i32
    }) : () -> ()
    func.return
  }""",
    "unreachable block": """
  func.func @f() {
    func.return
  ^never:
    %0 = arith.addi %1, %1 : i32
    %1 = arith.addi %0, %0 : i32
    cf.br ^never
  }""",
    "edge from an unreachable block": """
  func.func @f() -> i32 {
    %0 = arith.constant 1 : i32
    cf.br ^next
  ^never:
    cf.br ^next
  ^next:
    func.return %0 : i32
  }""",
}

BAD = {
    "later": (
        """
  func.func @f(%x: i32) {
    %0 = arith.addi %x, %1 : i32
    %1 = arith.addi %x, %x : i32
    func.return
  }""",
        "arith.addi",
        "operand #1, a result of 'arith.addi'",
    ),
    "itself": (
        "func.func @f() {\n %0 = arith.addi %0, %0 : i32\n func.return\n }",
        "arith.addi",
        "operand #0",
    ),
    "one branch of a diamond": (DIAMOND.replace("RESULT", "%1"), "func.return", "operand #0"),
    "body of a loop at its head": (
        LOOP.replace("HEAD", '"test.use"(%y) : (i32) -> ()').replace("EXIT", ""),
        "builtin.unregistered",
        "a result of 'arith.addi'",
    ),
    "body of a loop behind it": (
        LOOP.replace("EXIT", '"test.use"(%y) : (i32) -> ()').replace("HEAD", ""),
        "builtin.unregistered",
        "operand #0",
    ),
    "argument of a block that does not dominate": (
        """
  func.func @f(%c: i1) -> i32 {
    cf.cond_br %c, ^left, ^right
  ^left:
    %0 = arith.constant 1 : i32
    cf.br ^join(%0 : i32)
  ^join(%1: i32):
    cf.br ^right
  ^right:
    func.return %1 : i32
  }""",
        "func.return",
        "operand #0, an argument of a block",
    ),
    "later, from inside of a region": (
        """
  func.func @f(%n: index) {
    scf.for %i = %n to %n step %n {
      "test.use"(%0) : (i32) -> ()
    }
    %0 = arith.constant 1 : i32
    func.return
  }""",
        "builtin.unregistered",
        "operand #0",
    ),
    "result of the operation around": (
        """
  func.func @f(%n: index, %x: i32) {
    %0 = scf.for %i = %n to %n step %n iter_args(%a = %x) -> (i32) {
      scf.yield %0 : i32
    }
    func.return
  }""",
        "scf.yield",
        "a result of 'scf.for'",
    ),
    "region of two blocks in an unregistered operation": (
        """
  func.func @f() {
    "test.graph"() ({
      %0 = "test.op"(%1) : (i32) -> i32
      %1 = "test.op"() : () -> i32
      cf.br ^next
    ^next:
      cf.br ^next
    }) : () -> ()
    func.return
  }""",
        "test.op",
        "operand #0",
    ),
}


def parse(text: str) -> ModuleOp:
    ctx = context()
    ctx.allow_unregistered = True
    return Parser(ctx, text).parse_module()


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str):
    verify_module(parse(GOOD[name]))


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str):
    text, op, says = BAD[name]
    with pytest.raises(DominanceException, match="operand does not dominate this use") as error:
        verify_module(parse(text))
    assert error.value.op.name == op
    assert says in str(error.value)


CYCLE = """
!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!p = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
func.func @main(%x: !x) -> !x {
  %p = lowbit.bitpack %u : (!x) -> !p
  %u = lowbit.unpack %p : (!p) -> !x
  func.return %u : !x
}"""  # noqa: E501

LATER = """
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %b = lowbit.add %a, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %a = lowbit.add %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %b : tensor<4xi32>
}"""


@pytest.mark.parametrize(("text", "x"), [(CYCLE, [[[[0] * 16] * 8] * 8]), (LATER, [1, 2, 3, 4])])
def test_nothing_computes_them(text: str, x: list):
    """The interpreter, the passes and `compile`, for a text and for a module."""
    says = "operand does not dominate this use"
    with pytest.raises(DominanceException, match=says):
        interpret(parse(text), "main", x)
    with pytest.raises(DominanceException, match=says):
        lower(parse(text), "x86-64-v3", until="kernels")
    line = 1 + next(i for i, line in enumerate(text.split("\n")) if "= lowbit." in line)
    with pytest.raises(DiagnosticException, match=f"<module>:{line}:3: 'lowbit.*{says}"):
        compile(text, use_cache=False)
    with pytest.raises(DiagnosticException, match=says):
        compile(parse(text), use_cache=False)


def test_time_is_linear_in_blocks():
    """1,000 diamonds in a row, and 8,000 operations in a block: a part of a second each."""
    parts = [
        f"""
    cf.cond_br %c, ^a{i}, ^b{i}
  ^a{i}:
    cf.br ^b{i}
  ^b{i}:
    %x{i + 1} = arith.addi %x{i}, %x0 : i32"""
        for i in range(1000)
    ]
    diamonds = parse(
        "func.func @f(%c: i1, %x0: i32) -> i32 {" + "".join(parts) + "\nfunc.return %x1000 : i32\n}"
    )
    chain = parse(
        "func.func @f(%x0: i32) -> i32 {"
        + "\n".join(f"%x{i + 1} = arith.addi %x{i}, %x0 : i32" for i in range(8000))
        + "\nfunc.return %x8000 : i32\n}"
    )
    for module in (diamonds, chain):
        start = time.process_time()
        verify_dominance(module)
        assert time.process_time() - start < 1
