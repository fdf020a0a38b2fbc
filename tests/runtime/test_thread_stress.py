"""Processes that use threads, forks and signals at random, and end at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("stress_threads.py")
LIMIT = 120
"""Seconds after which a process counts as hung; the machine may be busy."""

STATUS = {"return": 0, "exit": 0, "error": 1, "terminate": -signal.SIGTERM, "_exit": 0}


def run(arguments: list[str], cache: Path) -> tuple[int, str, str]:
    """Status, output and messages of a process; one that hangs says where it is and dies."""
    # From Python 3.12 on, a fork of a process with threads gives a warning.
    warnings = ("-W", "ignore::DeprecationWarning")
    command = [sys.executable, "-X", "faulthandler", *warnings, *arguments]
    environment = {**os.environ, "LOWBIT_CACHE": str(cache)}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            time.sleep(1)
            os.killpg(process.pid, signal.SIGKILL)  # its children, too: they have its pipes
            err = process.communicate()[1]
            pytest.fail(f"{' '.join(arguments)} does not end:\n{err[-4000:]}")
    return process.returncode, out, err


def stress(seed: int, seconds: float, cache: Path) -> None:
    """One process with a seed."""
    print(f"seed {seed}")
    status, out, err = run([str(PROGRAM), str(seed), str(seconds)], cache)
    kind = out.rpartition("ends by ")[2].strip()
    assert status == STATUS.get(kind), f"seed {seed}: {out}\n{err[-4000:]}"


def test_processes_end_and_compute(tmp_path: Path):
    seeds = random.SystemRandom()
    for _ in range(4):
        stress(seeds.randrange(1 << 32), 2, tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize("_", range(60))
def test_many_processes_end_and_compute(tmp_path: Path, _: int):
    stress(random.SystemRandom().randrange(1 << 32), 6, tmp_path)


FUNCTION = """
import atexit, os, sys, threading
import numpy as np
import runtime
def compile(use_cache=False):
    return runtime.compile('''func.func @main(%x: tensor<8xi32>) -> tensor<8xi32> {
      %a = lowbit.add %x, %x : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
      func.return %a : tensor<8xi32>
    }''', use_cache=use_cache)
x = np.arange(8, dtype=np.int32)
def check(function, threads):
    assert function(x, num_threads=threads).tolist() == (2 * x).tolist()
"""

THREAD_COUNTS = """
function = compile()
for counts in ([8, 2], [2, 8, 3], [1, 16, 1, 4]):
    child = os.fork()
    if not child:
        for threads in counts:
            for _ in range(20):
                check(function, threads)
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    check(function, 5)
"""

FORKS = """
def use():
    while True:
        check(compile(), 3)
def load():
    while True:
        check(compile(use_cache=True), 2)
function = compile()
if sys.argv[1] == "after":
    check(function, 2)
for target in (use, load):
    threading.Thread(target=target, daemon=True).start()
for i in range(20):
    child = os.fork()
    if not child:
        check(function, 2)
        if i % 4 == 0:
            check(compile(), 4)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""

FIRST_IMPORT = """
started = threading.Event()
def use():
    started.set()
    check(compile(), 3)
thread = threading.Thread(target=use)
thread.start()
started.wait()
child = os.fork()  # the passes are being imported
if not child:
    check(compile(), 2)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
thread.join()
"""

FORK_WHILE_IMPORTING = """
class Finder:  # the first call imports a hundred modules; there is a fork in many of the imports
    def find_spec(self, *_):
        if threading.current_thread() is thread:
            importing.release()
            time.sleep(0.01)
import time
importing = threading.Semaphore(0)
thread = threading.Thread(target=compile)
sys.meta_path.insert(0, Finder())
thread.start()
forks = 0
while thread.is_alive():
    if importing.acquire(timeout=0.1):
        child = os.fork()
        if not child:
            check(compile(), 2)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        while importing.acquire(blocking=False):
            pass
        forks += 1
assert forks
"""


PROGRAMS = {
    "thread counts": (THREAD_COUNTS,),
    "forks, then threads": (FORKS, "before"),
    "threads, then forks": (FORKS, "after"),
    "fork in the first import": (FIRST_IMPORT,),
    "fork in every import": (FORK_WHILE_IMPORTING,),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_process_and_its_children_end(tmp_path: Path, program: tuple[str, ...]):
    code, *arguments = program
    status, _, err = run(["-c", FUNCTION + code, *arguments], tmp_path)
    assert (status, err) == (0, "")


def test_the_first_call_may_come_while_the_process_ends(tmp_path: Path):
    before = "import atexit\natexit.register(lambda: late())\n"
    after = (
        "def late():\n    check(compile(), 3)\n    print('late', flush=True)\natexit.register(late)"
    )
    status, out, err = run(["-c", before + FUNCTION + after], tmp_path)
    assert (status, out, err) == (0, "late\nlate\n", "")
