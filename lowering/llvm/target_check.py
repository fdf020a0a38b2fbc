"""Whether LLVM knows the processor of a target, and its features: asked once for each target."""

from __future__ import annotations

import re
from functools import cache

from lowering.llvm.child import ask, describe
from lowering.targets import Target, host_target, restrict
from lowering.targets.isa_classes import ISA_CLASSES
from lowering.targets.known import BUILT_IN

_TRUSTED: set[Target] = set(BUILT_IN)
_UNKNOWN = re.compile(r"'([^']*)' is not a recognized (processor|feature)")


def trust(target: Target) -> None:
    """Take a target for what it says, as the process does that finds out about targets."""
    _TRUSTED.add(target)


def check_target(target: Target) -> None:
    """Refuse a target that LLVM cannot generate code for; LLVM ends the process over some.

    Raises:
        ValueError: LLVM does not know the processor, or the processor lacks a feature.
    """
    if target in _TRUSTED:
        return
    reason = "" if _is_restriction(target) else _why_not(target)
    if reason:
        raise ValueError(f"there is no target like {target.name!r}: {reason}")
    _TRUSTED.add(target)


def _is_restriction(target: Target) -> bool:
    """Whether a target is this machine, or a built-in one or this machine made weaker."""
    name, _, isa = target.name.partition("+")
    base = host_target() if name == "host" else next((t for t in BUILT_IN if t.name == name), None)
    if base is None or not isa:
        return base == target
    return isa in ISA_CLASSES and ISA_CLASSES[isa].isa <= base.isa and restrict(base, isa) == target


@cache
def _why_not(target: Target) -> str:
    found = ask([describe(target) | {"isa": sorted(target.isa)}])
    unknown = _UNKNOWN.search(found.complaints)
    if unknown is not None:
        return f"LLVM knows no {unknown[2]} {unknown[1]!r} of {target.arch}"
    return found.answers[0] if found.answers else f"LLVM has no code for it: {found.end}"
