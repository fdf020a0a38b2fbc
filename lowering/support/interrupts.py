"""An interrupt ends a command with one word, whatever the interpreter is doing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

INTERRUPTED = 130
"""Exit code of a command that was interrupted: 128 and the number of the signal."""

_AGAIN = 0.01
"""Seconds after which an interrupt that was ignored comes again."""


def exit_code(command: Callable[[], int]) -> int:
    """The exit code of a command, which may import what it needs while it runs.

    Python ignores an exception that a callback of a weak reference or a finaliser raises, also one
    that a signal has raised there: then the interrupt is sent again.
    """
    ignore = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            # Not before it is needed: an interrupt may come while this module is imported.
            from threading import Timer  # noqa: PLC0415

            Timer(_AGAIN, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            ignore(unraisable)

    sys.unraisablehook = hook
    try:
        return command()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        sys.unraisablehook = ignore
