"""The texts that ahead-of-time compilation fills in."""

from __future__ import annotations

from importlib.resources import files
from string import Template


def fill(name: str, **values: object) -> str:
    """The template of this name with its placeholders replaced."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return Template(text).substitute(values)
