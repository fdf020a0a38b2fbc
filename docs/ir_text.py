"""Make printed IR fit on a page: short constants, names for layouts, wrapped lines.

The meaning stays readable and, but for shortened constants, the text stays valid IR: an attribute
alias is MLIR syntax, and so is a line break anywhere between tokens.
"""

from __future__ import annotations

import re
import textwrap

WIDTH = 100
"""Columns of a line of IR on a page."""

_PACKED = re.compile(r"#lowbit\.packed<[^<>]*>")
_BYTES = re.compile(r'("0x[0-9a-f]{8})[0-9a-f]{8,}"')
_DENSE = re.compile(r"dense<(\[[^<>]{60,}\])>")
_JOINT = "\N{NO-BREAK SPACE}"


def shorten_constants(text: str) -> str:
    """Cut long lists of bytes and numbers to their beginning; `..` stands for the rest."""

    def cut(match: re.Match[str]) -> str:
        beginning = match[1][: match[1].find("]") + 1][:30]
        return f"dense<{beginning[: beginning.rfind(']') + 1] or '['}, ..]>"

    return _DENSE.sub(cut, _BYTES.sub(r'\1.."', text))


def name_layouts(text: str) -> str:
    """Give every packed layout a name, defined ahead of the text.

    The name tells what the layout is for: `#blocks` has lanes (weights), `#framed` a frame,
    `#dense` words of a byte (constants in a file), and `#rows` none of these.
    """
    names: dict[str, str] = {}
    for layout in dict.fromkeys(_PACKED.findall(text)):
        marks = {"lanes": "blocks", "frame": "framed", "word = i8": "dense"}
        base = next((name for mark, name in marks.items() if mark in layout), "rows")
        same = sum(re.fullmatch(rf"#{base}\d*", name) is not None for name in names.values())
        names[layout] = f"#{base}{same or ''}"
    for layout, name in names.items():
        text = text.replace(layout, name)
    definitions = [f"{name} = {layout}" for layout, name in names.items()]
    return "\n".join([*definitions, *([""] if definitions else []), text])


def wrap(text: str, width: int = WIDTH) -> str:
    """Break lines that are too long, first before the types, and never inside brackets."""
    return "\n".join(wrapped for line in text.split("\n") for wrapped in _wrap_line(line, width))


def _wrap_line(line: str, width: int) -> list[str]:
    if len(line) <= width or line.startswith("#"):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    head, colon, types = line.partition(" : (")
    pieces = [head, f"{indent}: ({types}"] if colon else [line]
    if colon and len(pieces[1]) > width:
        before, arrow, after = pieces[1].rpartition(") -> ")
        pieces[1:] = [f"{before})", f"{indent}-> {after}"] if arrow else pieces[1:]
    lines: list[str] = []
    for piece in pieces:
        lines += textwrap.wrap(
            _join(piece),
            width,
            initial_indent=piece[: len(piece) - len(piece.lstrip())],
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return [part.replace(_JOINT, " ") for part in lines]


def _join(line: str) -> str:
    """Put a joint for each space that is no place to break: inside brackets, behind a keyword."""
    bare, depth, joined = line.lstrip(), 0, ""
    for previous, char in zip(f" {bare}", bare, strict=False):
        depth += (char in "<[") - (char in ">]" and previous != "-")
        joined += _JOINT if char == " " and depth else char
    joined = joined.replace(" : i64", f"{_JOINT}:{_JOINT}i64")
    for keyword in ("schedule", "to", "->", "=", ":"):
        joined = joined.replace(f" {keyword} ", f" {keyword}{_JOINT}")
    return joined


def page(text: str) -> str:
    """All of the above."""
    return wrap(name_layouts(shorten_constants(text)))
