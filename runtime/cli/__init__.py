"""The command line `lowbit`: run, compile, inspect, tune and bench, a file each."""

from __future__ import annotations

from collections.abc import Sequence

from lowering.support.interrupts import exit_code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lowbit` on arguments, or on those of the process, and return its exit code.

    0 is success, 1 a failure told in one line on stderr, 2 wrong arguments, 130 an interrupt.
    """

    def command() -> int:
        # Imports take longer than many a command, and an interrupt may come while they run.
        from runtime.cli.command_line import main as run  # noqa: PLC0415

        return run(arguments)

    return exit_code(command)


__all__ = ["main"]
