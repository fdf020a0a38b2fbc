"""Targets as data: what a pass may ask about the machine that it compiles for.

No pass branches on a target's name. It asks `Target.has(feature)` (LLVM's feature names) or reads a
width or another capability, so that a new CPU is a new row of the tables below and nothing else.
What instructions cost is apart (`Target.costs`): level 2 chooses by it, and no pass below asks.
"""

from __future__ import annotations

from functools import cache

from lowering.support import plugins
from lowering.targets.caches import cache_bytes
from lowering.targets.capabilities import DotForm
from lowering.targets.costs import Costs, DotCosts, Lookups, MaskCosts, Throughput, Waits
from lowering.targets.host import host_target
from lowering.targets.isa_classes import ISA_CLASSES, IsaClass, restrict
from lowering.targets.known import TARGETS
from lowering.targets.target import Target

__all__ = [
    "ISA_CLASSES",
    "TARGETS",
    "Costs",
    "DotCosts",
    "DotForm",
    "IsaClass",
    "Lookups",
    "MaskCosts",
    "Target",
    "Throughput",
    "Waits",
    "cache_bytes",
    "get_target",
    "host_target",
    "restrict",
    "target_names",
]


def target_names() -> tuple[str, ...]:
    """Every name that `get_target` takes without a restriction, those of packages last."""
    added = plugins.found(plugins.TARGETS)
    return ("host", *TARGETS, *(name for name in added if name not in TARGETS))


def get_target(name: str) -> Target:
    """The target called `name`: `host`, a key of `TARGETS`, or either with `+isa` (`host+avx2`).

    Raises:
        ValueError: if there is no such target or the restriction is impossible.
    """
    if not isinstance(name, str):
        raise ValueError(f"target: expected a name, such as 'host', got {name!r}")
    return _target(name)


@cache
def _target(name: str) -> Target:
    base, plus, isa = name.partition("+")
    if base != "host" and base not in TARGETS:
        if base in target_names():
            target = plugins.load(plugins.found(plugins.TARGETS)[base], Target)
            return restrict(target, isa) if plus else target
        raise ValueError(
            f"unknown target {name!r}: expected one of {', '.join(target_names())}, "
            f"optionally followed by +{', +'.join(ISA_CLASSES)}"
        )
    target = host_target() if base == "host" else TARGETS[base]
    return restrict(target, isa) if plus else target
