"""Packages that only emulation needs."""

from __future__ import annotations

from importlib.util import find_spec

from runtime.tools import ToolMissingError


def require(package: str, distribution: str = "") -> None:
    """Check that a package can be imported.

    Args:
        package: what is imported.
        distribution: what is installed, where it has another name.

    Raises:
        ToolMissingError: it is not there; the message says how to install it.
    """
    if find_spec(package) is None:
        name = distribution or package
        raise ToolMissingError(
            f"no package {name} here: pip install 'lowbit[emulation]' installs it"
        )
