"""Programs of others that a test needs: found, or the test is skipped; in CI it fails instead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from runtime.tools import ToolMissingError

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


def needed_program(name: str, package: str) -> str:
    """The path of a program that needs no trial; `package` of Debian and Ubuntu has it."""
    path = shutil.which(name)
    if path is None:
        missing(f"no {name} on the PATH: Debian and Ubuntu have it in the package {package}")
    return path
