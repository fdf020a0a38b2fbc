"""Which targets this machine can execute."""

from __future__ import annotations

from lowering.targets import Target, get_target

_SAME_ARCH = {"arm64": "aarch64", "amd64": "x86_64"}


def _arch(target: Target) -> str:
    return _SAME_ARCH.get(target.arch, target.arch)


def check_runs_here(target: Target) -> None:
    """Refuse a target whose instructions this machine lacks: they would end the process.

    Raises:
        ValueError: it is another architecture, or has features that this machine has not.
    """
    host = get_target("host")
    if _arch(target) != _arch(host):
        raise ValueError(
            f"this machine is {_arch(host)} and cannot run code for {target.name} ({_arch(target)})"
        )
    missing = sorted(target.isa - host.isa)
    if missing:
        raise ValueError(
            f"this machine cannot run code for {target.name}: it lacks {', '.join(missing)}"
        )
