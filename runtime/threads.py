"""Run the parts of a stage on several threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="lowbit")


def run_in_parallel(part: Callable[[int, int], object], extent: int, num_threads: int) -> None:
    """Call `part(low, high)` on pieces that cover 0 .. extent, and wait for all of them.

    The calling thread takes the first piece. The threads sleep when there is nothing to do, so
    oversubscribed cores cost no spinning.
    """
    pieces = min(num_threads, extent)
    bounds = [extent * i // pieces for i in range(pieces + 1)]
    futures = [
        _pool(num_threads - 1).submit(part, low, high)
        for low, high in zip(bounds[1:-1], bounds[2:], strict=True)
    ]
    part(bounds[0], bounds[1])
    wait(futures)
    for future in futures:
        future.result()
