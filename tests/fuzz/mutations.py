"""Changes of the text of a module, most of which leave it a module of something else."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from lowering.llvm.intrinsics import INTRINSICS

NUMBERS = (0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 100, 255, 256, 1000, 4095, 65536)
EXTREMES = (-1, -2, 2**31 - 1, 2**31, 2**32, 2**63 - 1, -(2**63), 2**63, 10**40)
LANES = (0, 1, 2, 3, 5, 8, 16, 32, 64, 65, 128, 256, 1024, 5000)
ELEMENTS = ("i1", "i7", "i8", "i16", "i24", "i32", "i64", "i65", "i128", "i1000", "i16777215")
FLOATS = ("f16", "f32", "f64", "bf16", "index", "!llvm.ptr", "vector<4xi32>", "ui8")
SYMBOLS = (
    *('@""', r'@"\00"', '@"llvm.ctpop.i32"', '@".text"', '@"a\\"b"', '@"é∀"', "@main", "@f"),
    *('@"' + "x" * 5000 + '"', '@"llvm.foo"', "@memcpy", '@"f@@V1"', '@" "'),
)
CALLS = (
    *("llvm.nonsense", "llvm.x86.avx512.nonsense", "ctpop", "llvm.trap", "llvm.ctpop.v16i32"),
    *("llvm.x86.sse2.pmadd.wd", "llvm.x86.avx512.mask.pmaddw.d.512", "llvm.fptosi.sat.i32.f32"),
    *("llvm.aarch64.neon.sqadd.v8i16", "llvm.arm.neon.vpadals.v8i16.v16i8", "llvm.fshl.i32"),
    *("llvm.x86.avx2.gather.d.d", "llvm.vector.reduce.add.v7i32", "llvm.masked.gather.v4i32.v4p0"),
    *("llvm.experimental.constrained.fadd.f32", "llvm.sadd.with.overflow.i32", "llvm.stepvector"),
)
OPERATIONS = {
    "arith": ("addi", "muli", "divsi", "divui", "remsi", "shli", "shrsi", "minsi", "maxui", "xori"),
    "llvm": ("add", "mul", "sdiv", "udiv", "urem", "shl", "ashr", "xor", "fadd", "frem", "fdiv"),
    "math": ("ctpop", "ctlz", "absi", "sqrt", "floor", "roundeven", "cttz"),
}

_NUMBER = re.compile(r"(?<![\w%.])-?\d+(?![\w.])|(?<=[<x])\d+(?=x)")
_ELEMENT = re.compile(r"\b(?:i\d+|f16|f32|f64|index)\b")
_VALUE = re.compile(r"%[\w$.]+")
_SYMBOL = re.compile(r"@[\w$.]+|@\"[^\"]*\"")
_INTRINSIC = re.compile(r'"llvm\.[\w.]+"')


def _pick(found: list[re.Match[str]], rng: Random) -> re.Match[str] | None:
    return rng.choice(found) if found else None


def _replace(text: str, found: re.Match[str], new: str, everywhere: bool) -> str:
    if everywhere:
        return re.sub(rf"(?<![\w%.@]){re.escape(found[0])}(?![\w.])", lambda _: new, text)
    return text[: found.start()] + new + text[found.end() :]


def _change_number(text: str, rng: Random) -> str:
    found = _pick(list(_NUMBER.finditer(text)), rng)
    if found is None:
        return text
    old = int(found[0])
    near = (old + 1, old - 1, old * 2, old // 2)
    new = rng.choice((*near, *rng.sample(NUMBERS, 4), *rng.sample(EXTREMES, 2)))
    return _replace(text, found, str(new), rng.random() < 0.2)


def _change_extent(text: str, rng: Random) -> str:
    """One extent of all shapes that have it."""
    found = _pick(list(re.finditer(r"(?<=[<x])(\d+)(?=x)", text)), rng)
    if found is None:
        return text
    new = str(rng.choice(NUMBERS[1:12]))
    return re.sub(rf"(?<=[<x]){found[0]}(?=x)", new, text)


def _change_lanes(text: str, rng: Random) -> str:
    found = _pick(list(re.finditer(r"vector<(\d+)x", text)), rng)
    if found is None:
        return _change_number(text, rng)
    new = f"vector<{rng.choice(LANES)}x"
    if rng.random() < 0.8:
        return text.replace(found[0], new)
    return _replace(text, found, new, False)


def _change_element(text: str, rng: Random) -> str:
    found = _pick(list(_ELEMENT.finditer(text)), rng)
    if found is None:
        return text
    new = rng.choice(ELEMENTS if rng.random() < 0.7 else FLOATS)
    if rng.random() < 0.6:
        return re.sub(rf"(?<![\w%.@])(x?){found[0]}\b|(?<=x){found[0]}\b", rf"\g<1>{new}", text)
    return _replace(text, found, new, False)


def _lines(text: str) -> list[int]:
    """The lines that hold an operation of a function."""
    return [i for i, x in enumerate(text.split("\n")) if x.startswith("  ") and x.strip(" })")]


def _change_lines(change: Callable[[list[str], int, Random], None]) -> Callable[[str, Random], str]:
    def mutate(text: str, rng: Random) -> str:
        lines, candidates = text.split("\n"), _lines(text)
        if candidates:
            change(lines, rng.choice(candidates), rng)
        return "\n".join(lines)

    return mutate


def _drop(lines: list[str], at: int, rng: Random) -> None:
    del lines[at]


def _duplicate(lines: list[str], at: int, rng: Random) -> None:
    copy = re.sub(r"^(\s*)%([\w$.]+)( =|:\d+ =)", r"\1%copy_\2\3", lines[at])
    lines.insert(at, copy)


def _move(lines: list[str], at: int, rng: Random) -> None:
    other = max(0, min(len(lines) - 1, at + rng.choice((-3, -2, -1, 1, 2, 3))))
    lines[at], lines[other] = lines[other], lines[at]


def _swap_operands(lines: list[str], at: int, rng: Random) -> None:
    found = list(_VALUE.finditer(lines[at]))[1:]
    if len(found) < 2:
        return
    a, b = sorted(rng.sample(found, 2), key=lambda match: match.start())
    line = lines[at]
    lines[at] = line[: a.start()] + b[0] + line[a.end() : b.start()] + a[0] + line[b.end() :]


def _replace_operand(lines: list[str], at: int, rng: Random) -> None:
    """An operand by another value of the same lines or any other."""
    found = list(_VALUE.finditer(lines[at]))
    others = _VALUE.findall("\n".join(lines))
    if found and others:
        lines[at] = _replace(lines[at], rng.choice(found), rng.choice(others), False)


def _change_operation(lines: list[str], at: int, rng: Random) -> None:
    for dialect, names in OPERATIONS.items():
        pattern = rf"\b{dialect}\.({'|'.join(names)})\b"
        if re.search(pattern, lines[at]):
            lines[at] = re.sub(pattern, f"{dialect}.{rng.choice(names)}", lines[at])
            return


def _drop_terminator(text: str, rng: Random) -> str:
    lines = text.split("\n")
    pattern = re.compile(r"(?:return|yield|llvm\.br|cond_br|cf\.br|unreachable)")
    found = [i for i, line in enumerate(lines) if pattern.search(line)]
    if found:
        del lines[rng.choice(found)]
    return "\n".join(lines)


def _rename_symbol(text: str, rng: Random) -> str:
    found = _pick(list(_SYMBOL.finditer(text)), rng)
    if found is None:
        return text
    new = rng.choice(SYMBOLS)
    return text.replace(found[0], new) if rng.random() < 0.7 else _replace(text, found, new, False)


def _change_intrinsic(text: str, rng: Random) -> str:
    found = _pick(list(_INTRINSIC.finditer(text)), rng)
    if found is None:
        return _change_lanes(text, rng)
    known = rng.choice(list(INTRINSICS))
    new = f"llvm.{known}" if rng.random() < 0.6 else rng.choice(CALLS)
    return _replace(text, found, f'"{new}"', False)


def _change_plan(text: str, rng: Random) -> str:
    """A number or a word of a plan, a schedule or a layout."""
    found = _pick(list(re.finditer(r"#lowbit\.\w+<[^<>]*>", text)), rng)
    if found is None:
        return _change_number(text, rng)
    inner = _change_number(found[0], rng)
    if rng.random() < 0.3:
        words = re.findall(r"\b[a-z_]+\b", found[0])
        inner = found[0].replace(rng.choice(words), rng.choice(words))
    return text[: found.start()] + inner + text[found.end() :]


def _change_alignment(text: str, rng: Random) -> str:
    found = _pick(list(re.finditer(r"(?<=alignment = )\d+|(?<=llvm.align = )\d+", text)), rng)
    if found is None:
        return _change_number(text, rng)
    return _replace(text, found, str(rng.choice((0, 3, 6, 2**40, 2**33, -4, 1))), False)


MUTATIONS: dict[str, tuple[int, Callable[[str, Random], str]]] = {
    "number": (6, _change_number),
    "extent": (3, _change_extent),
    "lanes": (4, _change_lanes),
    "element": (5, _change_element),
    "drop": (2, _change_lines(_drop)),
    "duplicate": (3, _change_lines(_duplicate)),
    "move": (2, _change_lines(_move)),
    "swap": (4, _change_lines(_swap_operands)),
    "operand": (3, _change_lines(_replace_operand)),
    "operation": (4, _change_lines(_change_operation)),
    "terminator": (1, _drop_terminator),
    "symbol": (3, _rename_symbol),
    "intrinsic": (4, _change_intrinsic),
    "plan": (3, _change_plan),
    "alignment": (2, _change_alignment),
}
"""By name: how often a change is chosen, and the change."""


def mutate(text: str, rng: Random) -> tuple[str, list[str]]:
    """The text after one or two changes, and their names."""
    weights = [weight for weight, _ in MUTATIONS.values()]
    names = rng.choices(list(MUTATIONS), weights, k=rng.choice((1, 1, 1, 2)))
    for name in names:
        text = MUTATIONS[name][1](text, rng)
    return text, names
