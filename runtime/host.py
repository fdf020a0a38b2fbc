"""Which targets this machine can execute."""

from __future__ import annotations

from lowering.targets import Target, get_target


def check_runs_here(target: Target) -> None:
    """Refuse a target whose instructions this machine lacks: they would end the process.

    Raises:
        ValueError: it is another architecture, or has features that this machine has not.
    """
    host = get_target("host")
    if target.arch != host.arch:
        raise ValueError(
            f"this machine is {host.arch} and cannot run code for {target.name} ({target.arch})"
        )
    missing = sorted(target.isa - host.isa)
    if missing:
        raise ValueError(
            f"this machine cannot run code for {target.name}: it lacks {', '.join(missing)}"
        )
