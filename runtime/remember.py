"""Keeping what was compiled for arguments that come again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec

from lowbit_dialect.extensions import extensions
from runtime.executable import Executable

Arguments = ParamSpec("Arguments")


def remember(make: Callable[Arguments, Executable]) -> Callable[Arguments, Executable]:
    """Keep what a function made for its last arguments, as long as the compiler is the same."""

    @lru_cache(maxsize=256)
    def made(_: object, *args: Any, **kwargs: Any) -> Executable:
        return make(*args, **kwargs)

    @wraps(make)
    def remembered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Executable:
        return made(extensions(), *args, **kwargs)

    return remembered
