"""What a fork of the process does with locks, as data.

A child has the memory of its parent but only the thread that forked: a lock that another thread
held would never be free again, and what it guards might be half changed. So the thread that forks
holds the locks. `LOCK_AT_FORK` are the steps; the checker of the tests explores the same ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

RLock: TypeAlias = Any
"""What `threading.RLock()` returns, which is no class."""


@dataclass(frozen=True)
class AtFork:
    """A step of the thread that forks: before, after in the parent, or after in the child."""

    when: Literal["before", "after_in_parent", "after_in_child"]
    action: str


LOCK_AT_FORK = (
    AtFork("before", "acquire"),
    AtFork("after_in_parent", "release"),
    AtFork("after_in_child", "renew"),
)


def register(steps: tuple[AtFork, ...], actions: Mapping[str, Callable[[], object]]) -> None:
    """Take these steps at every fork from now on."""
    for step in steps:
        os.register_at_fork(**{step.when: actions[step.action]})


def hold_while_forking(lock: RLock) -> None:
    """Hold a lock while the process forks.

    Locks that are registered later are taken earlier. An `RLock`, as a handler of a signal may fork
    while its own thread has the lock.
    """

    def acquire() -> None:
        # Python goes on to fork where a function that it calls here raises, and says so.
        interrupt: BaseException | None = None
        while True:
            try:
                lock.acquire()
            except BaseException as error:
                interrupt = error
                if not lock._is_owned():
                    continue
            break
        if interrupt is not None:
            raise interrupt

    def renew() -> None:
        if lock._is_owned():
            lock.release()
        else:
            lock._at_fork_reinit()

    register(LOCK_AT_FORK, {"acquire": acquire, "release": lock.release, "renew": renew})
