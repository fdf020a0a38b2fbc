"""Programs of others that a test needs: found, or the test is skipped; in CI it fails instead."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from runtime.aot.toolchain import ToolMissingError

T = TypeVar("T")


def missing(reason: str) -> NoReturn:
    """End a test for want of a tool, with one line that says how to get it."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def needed(find: Callable[[], T]) -> T:
    """What `find` gives, which looks for tools."""
    try:
        return find()
    except ToolMissingError as error:
        reason = str(error)
    missing(reason)
