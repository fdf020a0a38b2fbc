"""The machine and the versions that a measurement belongs to."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from lowering.targets import ISA_CLASSES, cache_bytes, get_target


def machine() -> dict[str, Any]:
    """What a reader needs to judge the figures: processor, caches, kernel, versions."""
    return {
        "cpu": _cpu_name(),
        "llvm_cpu": get_target("host").cpu,
        "isa": isa_name(),
        "caches": {f"L{level}": cache_bytes(level, 0) for level in (1, 2, 3)},
        "cores": usable_cores(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {
            "lowbit": version("lowbit"),
            "LLVM": ".".join(map(str, llvm.llvm_version_info)),
            "numpy": version("numpy"),
        },
    }


def isa_name() -> str:
    """The class of instructions that this machine has, or its architecture."""
    host = get_target("host")
    return next((name for name, c in ISA_CLASSES.items() if c.isa <= host.isa), host.arch)


def _cpu_name() -> str:
    """What the kernel calls the processor, or the board; ARM kernels give the processor no name."""
    text = _text(Path("/proc/cpuinfo"))
    names = (line.partition(":")[2] for line in text.splitlines() if line.startswith("model name"))
    board = _text(Path("/proc/device-tree/model")).rstrip("\0")
    found = (name.strip() for name in (*names, board) if name.strip())
    return next(found, get_target("host").cpu)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
