"""Run the parts of a stage on several threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise

_MAX_WORKERS = 256


@cache
def _pool() -> ThreadPoolExecutor:
    """The workers of this process; a thread starts when there is work and no idle one."""
    return ThreadPoolExecutor(_MAX_WORKERS, thread_name_prefix="lowbit")


# A forked child has the pool's queue but none of its threads.
os.register_at_fork(after_in_child=_pool.cache_clear)


def run_in_parallel(part: Callable[[int, int], object], extent: int, num_threads: int) -> None:
    """Call `part(low, high)` on pieces that cover 0 .. extent, and wait for all of them.

    The calling thread takes the first piece. The threads sleep when there is nothing to do, so
    oversubscribed cores cost no spinning.
    """
    pieces = max(1, min(num_threads, extent))
    bounds = [extent * i // pieces for i in range(pieces + 1)]
    first, *rest = pairwise(bounds)
    futures = [_pool().submit(part, low, high) for low, high in rest]
    try:
        part(*first)
    finally:
        # Also on an interrupt: the others work on buffers that the caller is about to drop.
        wait(futures)
    for future in futures:
        future.result()
