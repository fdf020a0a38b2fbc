"""What the fields of a target have to say to agree with each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lowering.targets.arch import ARCHITECTURES

if TYPE_CHECKING:
    from lowering.targets.target import Target

_CPU = re.compile(r"[A-Za-z0-9._+-]*")
_FEATURES = re.compile(r"(?:[+-][A-Za-z0-9._-]+(?:,[+-][A-Za-z0-9._-]+)*)?")
_TRIPLE = re.compile(r"[a-z0-9_]+-[A-Za-z0-9_.]*-[A-Za-z0-9_.]+(?:-[A-Za-z0-9_.]+)?")


def why_inconsistent(target: Target) -> str | None:
    """Why no machine is like `target`, or None where nothing is contradictory."""
    arch = target.arch
    if arch not in ARCHITECTURES:
        return f"its triple is {target.triple!r}: expected one of {', '.join(ARCHITECTURES)} first"
    if not _TRIPLE.fullmatch(target.triple):
        return f"its triple is {target.triple!r}: expected <arch>-<vendor>-<system>-<environment>"
    if not _CPU.fullmatch(target.cpu):
        return f"its processor is {target.cpu!r}: expected a name of LLVM"
    if not _FEATURES.fullmatch(target.features):
        return f"its features are {target.features!r}: expected +this,-that"
    facts = ARCHITECTURES[arch]
    widths = facts.vectors
    if target.vector_bits not in widths:
        allowed = ", ".join(map(str, widths))
        return f"its vectors have {target.vector_bits} bits: expected {allowed} for {arch}"
    needed = widths[target.vector_bits]
    if needed and needed not in target.isa:
        return f"its vectors have {target.vector_bits} bits, which needs {needed} in its isa"
    if target.index_width != facts.index_width:
        return f"its index has {target.index_width} bits: expected {facts.index_width} for {arch}"
    if target.word_bits not in (8, 16, 32, 64):
        return f"its words have {target.word_bits} bits: expected 8, 16, 32 or 64"
    if min(target.vector_registers, target.costs.l1_bytes, target.costs.l2_bytes) < 1:
        return "its registers and the bytes of its caches are at least 1"
    return None
