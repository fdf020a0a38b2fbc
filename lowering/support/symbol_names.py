"""The names that functions and globals may have in an object file."""

from __future__ import annotations

import re

MAX_BYTES = 4096
"""Bytes of the longest name, in UTF-8."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def why_not_name(name: str) -> str | None:
    """Why nothing can have this name in an object file, or None if it can be had."""
    if not name:
        return "the name is empty"
    if _CONTROL.search(name):
        return f"{name!a} contains a control character"
    if len(name.encode()) > MAX_BYTES:
        return f"{name[:32]!a}... has {len(name.encode())} bytes; {MAX_BYTES} are allowed"
    if name.startswith("llvm."):
        return f"names that begin with 'llvm.', as {name!a}, are those of intrinsics"
    if name.startswith("."):
        return f"names that begin with '.', as {name!a}, are those of sections and local labels"
    return None
