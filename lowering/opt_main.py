"""`lowbit-opt`: where it starts. The tool itself is `lowering.opt.tool`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the tool on `args`, or on the command line, and return its exit code.

    Every failure is a diagnostic on stderr and exit code 1, an interrupt one of 130; with `--debug`
    a failure is a traceback.
    """
    try:
        # Imports take longer than many a pass, and an interrupt may come while they run.
        from lowering.opt.tool import main as run  # noqa: PLC0415

        return run(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
