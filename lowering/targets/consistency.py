"""What the fields of a target have to say to agree with each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowering.targets.target import Target

INDEX_WIDTHS = {"x86_64": 64, "aarch64": 64, "armv7": 32}
"""Bits of an address, by architecture."""

WIDTHS: dict[str, dict[int, str]] = {
    "x86_64": {128: "sse2", 256: "avx2", 512: "avx512bw"},
    "aarch64": {128: "neon"},
    "armv7": {128: "neon"},
}
"""Bits of a vector register, by architecture, and the feature that has vectors of integers so."""

_CPU = re.compile(r"[A-Za-z0-9._+-]*")
_FEATURES = re.compile(r"(?:[+-][A-Za-z0-9._-]+(?:,[+-][A-Za-z0-9._-]+)*)?")
_TRIPLE = re.compile(r"[a-z0-9_]+-[A-Za-z0-9_.]*-[A-Za-z0-9_.]+(?:-[A-Za-z0-9_.]+)?")


def why_inconsistent(target: Target) -> str | None:
    """Why no machine is like `target`, or None where nothing is contradictory."""
    arch = target.arch
    if arch not in WIDTHS:
        return f"its triple is {target.triple!r}: expected one of {', '.join(WIDTHS)} first"
    if not _TRIPLE.fullmatch(target.triple):
        return f"its triple is {target.triple!r}: expected <arch>-<vendor>-<system>-<environment>"
    if not _CPU.fullmatch(target.cpu):
        return f"its processor is {target.cpu!r}: expected a name of LLVM"
    if not _FEATURES.fullmatch(target.features):
        return f"its features are {target.features!r}: expected +this,-that"
    widths = WIDTHS[arch]
    if target.vector_bits not in widths:
        allowed = ", ".join(map(str, widths))
        return f"its vectors have {target.vector_bits} bits: expected {allowed} for {arch}"
    needed = widths[target.vector_bits]
    if needed not in target.isa:
        return f"its vectors have {target.vector_bits} bits, which needs {needed} in its isa"
    if target.index_width != INDEX_WIDTHS[arch]:
        return f"its index has {target.index_width} bits: expected {INDEX_WIDTHS[arch]} for {arch}"
    if target.word_bits not in (8, 16, 32, 64):
        return f"its words have {target.word_bits} bits: expected 8, 16, 32 or 64"
    if min(target.vector_registers, target.costs.l1_bytes, target.costs.l2_bytes) < 1:
        return "its registers and the bytes of its caches are at least 1"
    return None
