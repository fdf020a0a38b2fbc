"""Architectures as data: one file each.

A new one is a file and an entry here. Kernels for it are made of the portable expansions until it
has entries in the table of intrinsics, and its processors are rows of `targets/known.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from lowering.targets.arch.aarch64 import AARCH64
from lowering.targets.arch.architecture import Architecture
from lowering.targets.arch.armv7 import ARMV7
from lowering.targets.arch.riscv64 import RISCV64
from lowering.targets.arch.x86_64 import X86_64

__all__ = ["ARCHITECTURES", "Architecture", "architecture_written"]

ARCHITECTURES: Mapping[str, Architecture] = {a.name: a for a in (X86_64, AARCH64, ARMV7, RISCV64)}
"""By the architecture of a target."""


def architecture_written(name: str) -> Architecture | None:
    """The architecture that LLVM or a kernel calls so, or None."""
    return next((a for a in ARCHITECTURES.values() if name in (a.name, *a.written_as)), None)
