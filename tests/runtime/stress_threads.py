"""A process that uses the thread pool at random and ends at a random moment: `SEED SECONDS`.

Threads of Python call functions on 1 to 16 threads, compile and load; the first one forks and is
interrupted. Children do the same. Every result is compared. The process must end by itself, with
the status that it prints before; status 9 says that a result was wrong, 8 that a child did not end.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

import runtime

WRONG, HUNG = 9, 8
CHILD_LIMIT = 60
"""Seconds after which a child counts as hung."""

ADDS = """func.func @main(%x: tensor<{n}xi32>) -> tensor<{n}xi32> {{
  %a = lowbit.add %x, %x : (tensor<{n}xi32>, tensor<{n}xi32>) -> tensor<{n}xi32>
  %b = lowbit.add %a, %x : (tensor<{n}xi32>, tensor<{n}xi32>) -> tensor<{n}xi32>
  func.return %b : tensor<{n}xi32>
}}"""


class Interrupt(BaseException):
    """What the handler of the timer raises."""


INTERRUPTS: list[bool] = []
"""Not empty where the handler of the timer may raise, once."""


def _die(status: int, message: str) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    os._exit(status)


class Work:
    """Functions with their arguments and results."""

    def __init__(self) -> None:
        random_values = np.random.default_rng(0)
        x = random_values.integers(0, 4, (1, 10, 10, 16))
        w = random_values.choice([-1, 1], (8, 3, 3, 16))
        windows = np.lib.stride_tricks.sliding_window_view(x[0], (3, 3), (0, 1))
        conv = np.einsum("hwckl,oklc->hwo", windows, w)[None]
        options: dict[str, Any] = {
            "x_code": "unipolar<2>",
            "w_code": "bipolar<1>",
            "padding": ((0, 0), (0, 0)),
        }
        vector = random_values.integers(-1000, 1000, 3000).astype(np.int32)
        adds = runtime.compile(ADDS.format(n=vector.size))
        self.tasks: list[Callable[[int], bool]] = [
            lambda threads: np.array_equal(
                runtime.conv2d(x, w, num_threads=threads, **options), conv
            ),
            lambda threads: np.array_equal(adds(vector, num_threads=threads), 3 * vector),
        ]
        for task in self.tasks:  # compiled before there are interrupts, which llvmlite takes badly
            assert task(2)

    def call(self, generator: random.Random) -> None:
        """Call one of the functions on 1 to 16 threads."""
        threads = generator.randint(1, 16)
        for _ in range(generator.randint(1, 4)):
            if not generator.choice(self.tasks)(threads):
                _die(WRONG, f"a wrong result on {threads} threads")

    def compile(self, generator: random.Random) -> None:
        """Compile a function, or load it from the cache, and call it."""
        n = generator.choice([3, 17])
        function = runtime.compile(ADDS.format(n=n), use_cache=generator.random() < 0.7)
        x = np.arange(n, dtype=np.int32)
        if not np.array_equal(function(x, num_threads=generator.randint(1, 16)), 3 * x):
            _die(WRONG, "a wrong result of a new function")


def _for_ever(work: Callable[[random.Random], None], seed: int) -> None:
    generator = random.Random(seed)
    while True:
        work(generator)
        if generator.random() < 0.1:
            time.sleep(generator.random() / 100)  # the workers fall asleep


def _end(generator: random.Random) -> None:
    """End the process in one of the ways there are, or let it end."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    kind = generator.choice(["return", "exit", "error", "terminate", "_exit"])
    print(f"ends by {kind}", flush=True)
    if kind == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(CHILD_LIMIT)
    if kind == "_exit":
        os._exit(0)
    if kind == "error":
        raise RuntimeError("the end")
    if kind == "exit":
        sys.exit(0)


def _fork(work: Work, generator: random.Random) -> None:
    """Fork; the child works, starts a thread, and ends one way or another."""
    seed = generator.randrange(1 << 32)
    child = os.fork()
    if not child:
        mine = random.Random(seed)
        work.call(mine)
        if mine.random() < 0.5:
            work.compile(mine)
        if mine.random() < 0.5:
            threading.Thread(target=_for_ever, args=(work.call, seed), daemon=True).start()
            work.call(mine)
        if mine.random() < 0.5:
            os._exit(0)
        sys.exit(0)
    INTERRUPTS.clear()
    limit = time.monotonic() + CHILD_LIMIT
    status = None
    while status is None:
        found, ended = os.waitpid(child, os.WNOHANG)
        status = ended if found else None
        if time.monotonic() > limit:
            os.kill(child, signal.SIGKILL)
            _die(HUNG, "a forked child hangs")
        time.sleep(0.002)
    if status:
        _die(WRONG, f"a forked child ended with status {status}")


def main(seed: int, seconds: float) -> None:
    """Work for some seconds, and end."""
    generator, coin = random.Random(seed), random.Random(seed)
    work = Work()

    def interrupt(*_: object) -> None:
        if INTERRUPTS and coin.random() < 0.5:
            INTERRUPTS.clear()
            raise Interrupt

    for i in range(generator.randint(1, 3)):
        kind = work.compile if i == 0 and generator.random() < 0.6 else work.call
        threading.Thread(target=_for_ever, args=(kind, seed + i), daemon=True).start()
    signal.signal(signal.SIGALRM, interrupt)
    if generator.random() < 0.6:
        signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    forks = generator.random() < 0.7
    end = time.monotonic() + seconds * generator.random()
    while time.monotonic() < end:
        try:
            INTERRUPTS.append(True)
            if forks and generator.random() < 0.2:
                _fork(work, generator)
            else:
                work.call(generator)
            INTERRUPTS.clear()
        except Interrupt:
            continue
    _end(generator)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
