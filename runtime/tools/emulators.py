"""Emulators that run programs for a target on another machine."""

from __future__ import annotations

from functools import cache

from lowering.targets import Target, get_target
from runtime.tools.platforms import is_native, platform_of
from runtime.tools.tool import Command, Tool, UnfitError, Version, find, run_probe


def find_emulator(target: Target) -> Command:
    """What goes before a program for a target to run it here, on a processor of that name.

    It is empty on a machine that has all instructions of the target.

    Raises:
        ToolMissingError: there is none.
    """
    if is_native(target) and target.isa <= get_target("host").isa:
        return ()
    return (*find(emulator(target)), "-cpu", _processor(target), "-L", platform_of(target).sysroot)


def _processor(target: Target) -> str:
    """QEMU's name of the processor of a target."""
    return platform_of(target).emulated_processors.get(target.cpu, target.cpu)


@cache
def emulator(target: Target) -> Tool:
    """QEMU's user-mode emulator of the processor of a target, as a tool."""

    def probe(command: Command) -> Version:
        # QEMU before version 8 ends with 1 after this.
        known = run_probe([*command, "-cpu", "help"], codes=(0, 1)).split()
        if _processor(target) not in known:
            raise UnfitError(f"does not know the processor {_processor(target)}")
        return ()

    return Tool(f"emulator for {target.name}", platform_of(target).emulators, probe, ("qemu-user",))
