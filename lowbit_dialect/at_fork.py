"""What a fork of the process does with locks, as data.

A child has the memory of its parent but only the thread that forked: a lock that another thread
held would never be free again, and what it guards might be half changed. So the thread that forks
holds the locks. `LOCK_AT_FORK` are the steps; the checker of the tests explores the same ones.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeAlias

RLock: TypeAlias = Any
"""What `threading.RLock()` returns, which is no class."""


class AtFork(NamedTuple):
    """A step of the thread that forks: before, after in the parent, or after in the child."""

    when: Literal["before", "after_in_parent", "after_in_child"]
    action: str


LOCK_AT_FORK = (
    AtFork("before", "acquire"),
    AtFork("after_in_parent", "release"),
    AtFork("after_in_child", "renew"),
)

_BEFORE: list[Callable[[], object]] = []
"""The actions before a fork, in the order in which they were registered."""

FORKING: list[bool] = []
"""Not empty while a thread forks and holds the locks; `lowering.llvm.lock` empties it."""


def register(steps: tuple[AtFork, ...], actions: Mapping[str, Callable[[], object]]) -> None:
    """Take these steps at every fork from now on, after those that were registered earlier."""
    for step in steps:
        if step.when == "before":
            _BEFORE.append(actions[step.action])
        else:
            os.register_at_fork(**{step.when: actions[step.action]})


def _before_fork() -> None:
    """Take the steps before a fork. Python goes on to fork after an error, and prints it.

    While this thread waits, another one may import a module that registers hooks of its own. Python
    has collected the hooks before the fork already, and runs only those after it. The hook of
    `logging` after a fork releases a lock, which is therefore acquired here.
    """
    had_logging = "logging" in sys.modules
    FORKING.append(True)
    errors: list[BaseException] = []
    for action in _BEFORE:  # more may be registered while this thread waits for `COMPILER_LOCK`
        try:
            action()
        except BaseException as error:
            errors.append(error)
    if not had_logging and "logging" in sys.modules:
        sys.modules["logging"]._lock.acquire()
    if errors:
        raise errors[0]


os.register_at_fork(before=_before_fork)


def hold_while_forking(lock: RLock) -> None:
    """Hold a lock while the process forks; locks that are registered earlier are taken earlier.

    The lock is an `RLock`, because the handler of a signal may fork while its thread has the lock.
    """

    def acquire() -> None:
        is_nested, interrupts = lock._is_owned(), []
        while is_nested or not lock._is_owned():
            try:
                if is_nested:
                    lock.acquire()
                    break
                # As `acquire`, but a signal that comes while it waits is handled afterwards.
                lock._acquire_restore((1, threading.get_ident()))
            except BaseException as interrupt:
                interrupts.append(interrupt)
        if interrupts:
            raise interrupts[0]

    def renew() -> None:
        if lock._is_owned():
            lock.release()
        else:
            lock._at_fork_reinit()

    # `release` is no function of Python, before which an interrupt might strike.
    register(LOCK_AT_FORK, {"acquire": acquire, "release": lock.release, "renew": renew})


COMPILER_LOCK: RLock = threading.RLock()
"""Held while a thread parses or lowers a module, or imports a part of this package. Python has a
lock for each module that is being imported, which a child would never get, and numpy and xDSL
import parts of themselves when they are first used. LLVM's lock is taken after this one, for
instance where garbage is collected meanwhile; a thread that has only that one must not take this
one."""

hold_while_forking(COMPILER_LOCK)


def load_module(name: str) -> ModuleType:
    """Import a module that was left out at first; a thread that forks waits until that is done."""
    with COMPILER_LOCK:
        return import_module(name)
