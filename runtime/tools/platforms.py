"""Programs from elsewhere, by the architecture of a target."""

from __future__ import annotations

from lowering.targets import Target, get_target
from lowering.targets.arch.architecture import Toolchain


def platform_of(target: Target) -> Toolchain:
    """The programs and packages for the architecture of a target."""
    return target.architecture.toolchain


def is_native(target: Target) -> bool:
    """Whether this machine is of the architecture of a target."""
    return target.arch == get_target("host").arch
