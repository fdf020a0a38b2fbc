"""Docstrings of operations, types and attributes as Markdown."""

from __future__ import annotations

import inspect
import re


def paragraphs(docstring: str) -> list[str]:
    """The paragraphs of a docstring, without those that only show an example."""
    blocks = inspect.cleandoc(docstring).split("\n\n")
    return [b for b in blocks if not re.match(r"Examples?\b|\s*[%#]", b)]


def first_sentence(docstring: str) -> str:
    """The first sentence or half sentence, for an index."""
    text = " ".join(paragraphs(docstring)[0].split())
    for end in re.finditer(r"(?<=[^. ])[.;](?=\s|$)", text):
        if text[: end.start()].count("`") % 2 == 0:
            return escape(text[: end.start()])
    return escape(text)


def escape(text: str) -> str:
    """Escape what Markdown would take for markup, outside of code spans."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([<*|])", r"\\\1", part) for part in parts
    )


def markdown(docstring: str) -> str:
    """A docstring in Markdown: `Parameters:` and `form ..` paragraphs become lists."""
    return "\n\n".join(_paragraph(block) for block in paragraphs(docstring))


def _paragraph(block: str) -> str:
    head, _, rest = block.partition("\n")
    if head == "Parameters:":
        items = re.split(r"\n(?=\w+:)", inspect.cleandoc(rest))
        return "Parameters:\n\n" + "\n".join(f"* {_item(item)}" for item in items)
    if block.startswith("form "):
        items = re.split(r"\n(?=form )", block)
        return "\n".join(f"* {_flow(item)}" for item in items)
    return _flow(block)


def _item(text: str) -> str:
    name, _, meaning = text.partition(":")
    return f"`{name}`: {_flow(meaning)}"


def _flow(text: str) -> str:
    return escape(" ".join(text.split()))
