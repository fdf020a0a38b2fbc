"""What the verifier lets pass without a trial compiles for every target, at every level of LLVM."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from random import Random

import pytest
from harness import parse

from lowering.llvm.child import ask, describe
from lowering.llvm.emit_module import emit_module
from lowering.llvm.verify import trial, verify_llvm_module
from lowering.targets import TARGETS, get_target
from tests.sweep import swept

SEED = int(os.environ.get("LOWBIT_FUZZ_SEED", time.time_ns() % 1_000_000))
INTEGERS = ("i1", "i8", "i16", "i32", "i64")
FLOATS = ("f32", "f64")
BINARY = ("add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "shl", "lshr", "ashr", "and", "xor")
INTRINSICS = (
    *("smin", "smax", "umin", "umax", "sadd.sat", "ssub.sat", "uadd.sat", "usub.sat"),
    "ctpop",
)
FLOAT_INTRINSICS = (
    *("fabs", "sqrt", "floor", "ceil", "round", "roundeven", "copysign", "maxnum", "minnum"),
    *("maximum", "minimum", "fma"),
)
REDUCTIONS = ("add", "mul", "and", "or", "xor", "smin", "smax", "umin", "umax")
FLOAT_REDUCTIONS = ("fmin", "fmax", "fminimum", "fmaximum")


def _type(rng: Random, elements: tuple[str, ...], lanes: int | None = None) -> tuple[str, int]:
    """A known type, and its lanes, 0 for a scalar."""
    element = rng.choice(elements)
    if lanes is None:
        widest = 4096 // max(int(element[1:]), 8)
        lanes = rng.choice([0, *(1 << i for i in range(widest.bit_length()))])
    return (f"vector<{lanes}x{element}>" if lanes else element), lanes


def _suffix(type: str) -> str:
    return (
        type.removeprefix("vector<")
        .removesuffix(">")
        .replace("x", "", 1)
        .join(("v", "") if type.startswith("vector") else ("", ""))
    )


def _cast(rng: Random) -> tuple[str, list[str], str]:
    name, of, to = rng.choice(
        [
            *(("trunc", INTEGERS, INTEGERS), ("zext", INTEGERS, INTEGERS)),
            *(("sitofp", INTEGERS, FLOATS), ("fpext", FLOATS, FLOATS)),
            *(("sext", INTEGERS, INTEGERS), ("fptrunc", FLOATS, FLOATS)),
        ]
    )
    first, second = rng.sample(of, 2) if of is to else (rng.choice(of), rng.choice(to))
    lanes = rng.choice((0, 1, 2, 4, 8, 16, 32, 64))
    wider = name in ("zext", "sext", "fpext")
    if of is to and (int(first[1:]) < int(second[1:])) != wider:
        first, second = second, first
    old, new = (f"vector<{lanes}x{t}>" if lanes else t for t in (first, second))
    return f"llvm.{name} %0 : {old} to {new}", [old], new


def _signature(rng: Random) -> tuple[str, list[str], str]:
    """An operation on %0, %1, .., the types of these, and that of its result."""
    kind = rng.randrange(6)
    if kind == 0:
        type, _ = _type(rng, INTEGERS)
        return f'"llvm.{rng.choice(BINARY)}"(%0, %1) : ({type}, {type}) -> {type}', [type] * 2, type
    if kind == 1:
        return _cast(rng)
    if kind == 2:
        is_float = rng.random() < 0.5
        name = rng.choice(FLOAT_REDUCTIONS if is_float else REDUCTIONS)
        lanes = 1 << rng.randrange(1, 7)
        floats = ("f32",) if name.endswith("imum") else FLOATS
        type, _ = _type(rng, floats if is_float else INTEGERS, lanes)
        element = type.rpartition("x")[2].removesuffix(">")
        call = f'llvm.call_intrinsic "llvm.vector.reduce.{name}.{_suffix(type)}"(%0)'
        return f"{call} : ({type}) -> {element}", [type], element
    if kind == 3:
        name = rng.choice(FLOAT_INTRINSICS)
        type, _ = _type(rng, ("f32",) if name.endswith("imum") else FLOATS)
        count = {"fma": 3, "copysign": 2}.get(name, 2 if name[:3] in ("max", "min") else 1)
    elif kind == 4:
        type, _ = _type(rng, INTEGERS)
        name = rng.choice(INTRINSICS)
        count = 1 if name == "ctpop" else 2
    else:
        type, lanes = _type(rng, INTEGERS)
        mask = f"vector<{lanes}xi1>" if lanes else "i1"
        return f'llvm.icmp "{rng.choice(("eq", "slt", "ugt"))}" %0, %1 : {type}', [type] * 2, mask
    names = ", ".join(f"%{i}" for i in range(count))
    types = ", ".join([type] * count)
    call = f'llvm.call_intrinsic "llvm.{name}.{_suffix(type)}"({names})'
    return f"{call} : ({types}) -> {type}", [type] * count, type


def _functions(rng: Random, count: int) -> Iterator[str]:
    for _ in range(count):
        operation, operands, result = _signature(rng)
        arguments = ", ".join(f"%{i}: {type}" for i, type in enumerate(operands))
        yield (
            f"llvm.func @f({arguments}) -> {result} {{\n"
            f"  %r = {operation}\n  llvm.return %r : {result}\n}}"
        )


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("count", [8, *swept(400)])
def test_known_signatures_compile(name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    print("seed", SEED)
    monkeypatch.setattr(trial, "check", lambda trials: pytest.fail(f"unknown: {trials[0][0]}"))
    target, questions = get_target(name), []
    for text in _functions(Random(f"{SEED} {name} {count}"), count):
        module = parse(text)
        verify_llvm_module(module, target)
        questions.append(describe(target) | {"text": emit_module(module, target)})
    found = ask(questions)
    assert len(found.answers) == count, (found.end, questions[len(found.answers)]["text"])
    assert set(found.answers) == {""}, [
        q["text"] for q, a in zip(questions, found.answers, strict=True) if a
    ]
