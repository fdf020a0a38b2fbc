"""Ctrl-C at any time, also while Python still imports: one word and 130, never a traceback."""

import signal
import subprocess
import sys
import time

import pytest

from lowering.support.interrupts import INTERRUPTED

CALL = "from {} import main; raise SystemExit(main({}))"
CALLS = {
    "lowbit": CALL.format("runtime.cli", ["run", "/dev/stdin"]),
    "lowbit-opt": CALL.format("lowering.opt_main", ["/dev/stdin"]),
}


@pytest.mark.parametrize("tool", CALLS)
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2, 1.0])
def test_an_interrupt_is_told_in_a_word(tool: str, delay: float) -> None:
    # The interpreter itself starts before the tool does: it says when it is about to.
    code = f"import sys; print('ready', flush=True); {CALLS[tool]}"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.03 + delay)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert errors == "interrupted\n"
    assert process.returncode == 130


def test_an_interrupt_that_python_ignores_comes_again():
    code = """
import sys, time
from lowering.support.interrupts import exit_code
class Interrupted:
    def __del__(self):
        raise KeyboardInterrupt
def command():
    Interrupted()
    time.sleep(20)
    return 0
sys.exit(exit_code(command))
"""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "interrupted\n")
    assert time.monotonic() - start < 15
