"""`lowbit-opt`: where it starts. The tool itself is `lowering.tools.lowbit_opt`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lowering.support.interrupts import exit_code


def main(args: Sequence[str] | None = None) -> int:
    """Run the tool on `args`, or on the command line, and return its exit code.

    Every failure is a diagnostic on stderr and exit code 1, an interrupt one of 130; with `--debug`
    a failure is a traceback.
    """

    def command() -> int:
        # Imports take longer than many a pass, and an interrupt may come while they run.
        from lowering.tools.lowbit_opt import main as run  # noqa: PLC0415

        return run(args)

    return exit_code(command)


if __name__ == "__main__":
    sys.exit(main())
