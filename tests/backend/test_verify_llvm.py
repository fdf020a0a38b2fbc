"""Modules of LLVM's dialect that LLVM refuses, or ends the process over: a diagnostic says why."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from harness import parse, to_llvm
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

from lowering.llvm import child
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.emit_operations import CONSTANTS, EMITTERS
from lowering.llvm.object import compile_object
from lowering.llvm.verify import trial
from lowering.llvm.verify.module import RULES
from lowering.support.diagnostics import OpFailedException, location_of
from lowering.support.symbol_names import MAX_BYTES
from lowering.targets import Target, get_target
from runtime.compiler import compile
from runtime.source import context, parse_module

V3 = get_target("x86-64-v3")


def test_every_operation_that_is_emitted_has_a_rule() -> None:
    assert RULES.keys() == EMITTERS.keys() | CONSTANTS.keys()


def refusal(text: str, target: Target = V3) -> OpFailedException:
    with pytest.raises(OpFailedException) as raised:
        module_to_llvm_ir(parse_module(text, "file"), target)
    return raised.value


NAMES = {
    "": "the name is empty",
    r"\00": r"'\x00' contains a control character",
    r"a\0Ab": r"'a\nb' contains a control character",
    "llvm.ctpop.i32": "names that begin with 'llvm.'",
    "llvm.foo": "names that begin with 'llvm.'",
    ".text": "names that begin with '.'",
    "x" * (MAX_BYTES + 1): f"has {MAX_BYTES + 1} bytes; {MAX_BYTES} are allowed",
}


@pytest.mark.parametrize("name", NAMES)
def test_impossible_names(name: str) -> None:
    for text in (
        f'llvm.func @"{name}"()',
        f'llvm.func @f() {{\n  llvm.return\n}}\nllvm.func @"{name}"() {{\n  llvm.return\n}}',
        f'llvm.mlir.global internal @"{name}"() : !llvm.array<2 x i32>',
    ):
        assert NAMES[name] in str(refusal(text))
    text = (
        f'func.func @"{name}"(%x: tensor<4xi32>) -> tensor<4xi32> {{ return %x : tensor<4xi32> }}'
    )
    with pytest.raises(OpFailedException, match="it cannot have this name") as raised:
        compile(parse_module(text), use_cache=False)
    assert location_of(raised.value.op) is not None


@pytest.mark.parametrize("name", ["é∀", 'a b\\"c\\\\', "f@@V", "memcpy", "x" * 2000, "%1", "@"])
def test_odd_names_are_names(name: str) -> None:
    text = f'func.func @"{name}"(%x: tensor<2xi8>) -> tensor<2xi8> {{ return %x : tensor<2xi8> }}'
    function = compile(parse_module(text), use_cache=False)
    assert function([3, -4]).tolist() == [3, -4]


def test_taken_names() -> None:
    text = "llvm.func @f()\nllvm.mlir.global internal @f() : !llvm.array<2 x i32>"
    with pytest.raises(VerifyException, match=r"^file:2:1: 'llvm.mlir.global': Redefinition of"):
        parse_module(text, "file")
    with pytest.raises(OpFailedException, match="the module has another @f"):
        module_to_llvm_ir(Parser(context(), text).parse_module(), V3)
    # The stages of @main are named beside what the module has already.
    text = """
      llvm.func @main_0_copy() { llvm.return }
      func.func @main(%x: tensor<2xi8>) -> tensor<2xi8> { return %x : tensor<2xi8> }"""
    assert compile(parse_module(text), use_cache=False)([3, -4]).tolist() == [3, -4]


V4 = "vector<4xi32>"
BODIES = {
    # Types.
    "%r = llvm.mlir.undef : vector<4xbf16>": "LLVM has no type bf16",
    "%r = llvm.mlir.undef : vector<0xi32>": "vectors have at least one lane",
    "%r = llvm.mlir.undef : vector<2x2xi32>": "vectors have one dimension",
    "%r = llvm.mlir.undef : vector<[4]xi32>": "vectors have one dimension of fixed length",
    "%r = llvm.mlir.undef : i16777215": "integers have 1 to 1024 bits",
    "%r = llvm.mlir.undef : vector<65536xi64>": "vectors have 8192 bits at most",
    "%r = llvm.mlir.undef : !llvm.ptr<3>": "pointers are in address space 0",
    # Operations.
    '%r = "llvm.add"(%i, %i) <{overflowFlags = 9 : i32}> : (i32, i32) -> i32': "flags are 0 to 3",
    '%r = "llvm.icmp"(%i, %i) <{predicate = 12 : i64}> : (i32, i32) -> i1': "predicates are 0 to 9",
    '%r = "llvm.icmp"(%v, %v) <{predicate = 0 : i64}> : (vector<4xi32>, vector<4xi32>)'
    " -> vector<2xi1>": "expected as many lanes in vector<2xi1> as in vector<4xi32>",
    "%r = llvm.zext %v : vector<4xi32> to vector<8xi64>": "expected as many lanes",
    "%r = llvm.bitcast %v : vector<4xi32> to vector<4xi64>": "has 128 bits, vector<4xi64> has 256",
    "%r = llvm.sitofp %i : i32 to i32": "expected floats, got i32",
    "%r = llvm.fptrunc %d : f64 to f64": "expected a result narrower than f64",
    # Memory.
    "%r = llvm.load %p {alignment = 3 : i64} : !llvm.ptr -> i32": "a power of two",
    "%r = llvm.load %p {alignment = 0 : i64} : !llvm.ptr -> i32": "a power of two",
    "llvm.store %i, %p {alignment = 8589934592 : i64} : i32, !llvm.ptr": "a power of two up to",
    "%c = llvm.mlir.constant(4611686018427387904 : i64) : i64\n"
    "  %r = llvm.alloca %c x i32 : (i64) -> !llvm.ptr": "a stack buffer has up to",
    # Control.
    "llvm.return\n}\nllvm.func @h() -> i32 {": "the function returns i32, got nothing",
    "llvm.call @g(%i) : (i32) -> ()": "@g takes i32, i32, got i32",
    "llvm.br ^bb9(%i : i32)\n^bb9(%x: i64):": "the block takes i64, got i32",
    # Intrinsics: of the table, of any target, of LLVM.
    **{
        f'%r = llvm.call_intrinsic "llvm.{name}"({operands}) : ({types}) -> {result}': message
        for name, operands, types, result, message in (
            ("x86.avx512.vpdpbusd.512", "%v", V4, V4, "avx512vnni, which x86-64-v3 lacks"),
            ("x86.avx2.pmadd.wd", "%v", V4, V4, "is (vector<16xi16>, vector<16xi16>) -> vector<8x"),
            ("aarch64.neon.addp.v16i8", "%v", V4, V4, "needs aarch64 with neon"),
            ("ctpop.i32", "%v", V4, V4, "it is called llvm.ctpop.v4i32, not llvm.ctpop.i32"),
            ("smax.i32", "%i", "i32", "i32", "takes 2 and gives one"),
            ("ctlz.i32", "%i, %b", "i32, i1", "i32", "is a constant"),
            ("vector.reduce.add.v4i32", "%v", V4, "i64", "i64 is no lane of vector<4xi32>"),
            (r"a\00b", "%i", "i32", "i32", "intrinsics are called llvm.<name>"),
        )
    },
}


@pytest.mark.parametrize("body", BODIES)
def test_malformed_operations(body: str) -> None:
    text = (
        "llvm.func @g(i32, i32)\n"
        "llvm.func @f(%i: i32, %b: i1, %d: f64, %v: vector<4xi32>, %p: !llvm.ptr) {\n"
        f"  {body}\n  llvm.return\n}}"
    )
    error = refusal(text)
    assert BODIES[body] in str(error)
    place = location_of(error.op)
    assert place is not None
    assert place.line.data >= 3


def call(name: str, types: str = "vector<4xi32>", result: str = "vector<4xi32>") -> str:
    return (
        f"llvm.func @f(%x: {types}) -> {result} {{\n"
        f'  %r = llvm.call_intrinsic "{name}"(%x) : ({types}) -> {result}\n'
        f"  llvm.return %r : {result}\n}}"
    )


def test_signatures_beside_the_table_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_ANSWERS", {})
    asked: list[int] = []
    ask = child.ask
    monkeypatch.setattr(trial, "ask", lambda questions: asked.append(1) or ask(questions))
    # LLVM knows no such intrinsic; it has another type; no CPU of that triple has it; it is fine.
    message = "LLVM has no code for llvm.x86.avx512.nonsense of (vector<4xi32>) on x86-64-v3"
    assert message in str(refusal(call("llvm.x86.avx512.nonsense")))
    assert "it is malformed" in str(refusal(call("llvm.bitreverse.v4i32", result="i32")))
    ends = call("llvm.aarch64.neon.sqabs.v4i32")
    assert "it would end the process by SIGABRT" in str(refusal(ends))
    fine = parse(call("llvm.bitreverse.v4i32"))
    assert compile_object(module_to_llvm_ir(fine, V3), V3).startswith(b"\x7fELF")
    count = len(asked)
    # Each once: the answers are remembered.
    assert "SIGABRT" in str(refusal(ends))
    module_to_llvm_ir(fine, V3)
    assert len(asked) == count


def test_what_one_target_lacks() -> None:
    text = (
        "func.func @f(%x: vector<2xf64>) -> vector<2xf64> {\n"
        "  %r = arith.maximumf %x, %x : vector<2xf64>\n  func.return %r : vector<2xf64>\n}"
    )
    module_to_llvm_ir(to_llvm(text, "cortex-a53"), get_target("cortex-a53"))
    with pytest.raises(OpFailedException, match=r"llvm.maximum.v2f64 of .* on cortex-a9: it would"):
        module_to_llvm_ir(to_llvm(text, "cortex-a9"), get_target("cortex-a9"))


def test_nothing_is_tried_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_ANSWERS", {})
    monkeypatch.setattr(sys, "executable", "")
    assert "no program of Python is known" in str(refusal(call("llvm.bitreverse.v4i32")))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setattr(trial, "_ANSWERS", {})
    assert "no process can be started" in str(refusal(call("llvm.bitreverse.v4i32")))


IMPOSSIBLE = {
    "vector_bits": (512, "its vectors have 512 bits, which needs avx512bw in its isa"),
    "triple": (
        "s390x-linux-gnu",
        "expected one of x86_64, aarch64, armv7, riscv64 first",
    ),
    "index_width": (32, "its index has 32 bits: expected 64"),
    "word_bits": (7, "its words have 7 bits"),
    "features": ("avx", "expected +this,-that"),
    "vector_registers": (0, "its registers and the bytes of its caches are at least 1"),
    "cpu": ("a b", "expected a name of LLVM"),
}


@pytest.mark.parametrize("field", IMPOSSIBLE)
def test_contradictory_targets(field: str) -> None:
    value, message = IMPOSSIBLE[field]
    with pytest.raises(ValueError) as raised:
        replace(V3, **{field: value})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cpu": "nonsense"}, "LLVM knows no processor 'nonsense' of x86_64"),
        ({"cpu": "i386"}, "LLVM has no code for it: it would end the process"),
        ({"isa": V3.isa | {"avx512f"}}, "the processor 'x86-64-v3' lacks avx512f"),
        ({"features": "-avx2"}, "the processor 'x86-64-v3' lacks avx2"),
        ({"features": "+foo"}, "LLVM knows no feature '+foo' of x86_64"),
    ],
)
def test_targets_that_llvm_does_not_know(changes: dict[str, str], message: str) -> None:
    target = replace(V3, **changes)
    with pytest.raises(ValueError) as raised:
        compile_object(f'target triple = "{target.triple}"\n', target)
    assert message in str(raised.value)


def test_a_target_with_another_feature() -> None:
    target = replace(V3, name="mine", features="+avx512f", isa=V3.isa | {"avx512f"})
    assert compile_object(f'target triple = "{target.triple}"\n', target).startswith(b"\x7fELF")


INTRINSICS = """\
func.func @f(%a: memref<64xi32>, %b: memref<64xi32>) {
  %c0 = arith.constant 0 : index
  %x = vector.load %a[%c0] : memref<64xi32>, vector<16xi32>
  %xb = llvm.bitcast %x : vector<16xi32> to vector<64xi8>
  %y = llvm.call_intrinsic CALL -> vector<16xi32>
  vector.store %y, %b[%c0] : memref<64xi32>, vector<16xi32>
  func.return
}
"""
"""The faults of the issue: too few operands, a CPU that lacks it, a name that nothing has."""

VPDPBUSD = '"llvm.x86.avx512.vpdpbusd.512"'


@pytest.mark.parametrize(
    ("call", "target", "message"),
    [
        (f"{VPDPBUSD}(%x) : (vector<16xi32>)", "x86-64-v3", "x86_64 with avx512vnni"),
        (f"{VPDPBUSD}(%x) : (vector<16xi32>)", "znver5", "got (vector<16xi32>) -> vector<16xi32>"),
        (
            f"{VPDPBUSD}(%x, %xb, %xb) : (vector<16xi32>, vector<64xi8>, vector<64xi8>)",
            *("x86-64-v3", "x86_64 with avx512vnni, which x86-64-v3 lacks"),
        ),
        (
            '"llvm.x86.avx512.nonsense"(%x) : (vector<16xi32>)',
            *("x86-64-v3", "there is no such intrinsic"),
        ),
    ],
)
def test_the_tool_says_where(
    call: str, target: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lowering.opt_main import main  # noqa: PLC0415

    path = tmp_path / "f.mlir"
    path.write_text(INTRINSICS.replace("CALL", call))
    passes = f"convert-scf-to-cf,lowbit-to-llvm{{target={target}}}"
    assert main([str(path), "-p", passes, "-t", f"lowbit-asm{{target={target}}}"]) == 1
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith(f"error: {path}:5:3: 'llvm.call_intrinsic': ")
    assert message in first
