"""IR for reading: long constants are cut, with a word on how much is missing."""

from __future__ import annotations

import re

LONGEST = 80
"""Characters that a constant may have."""

_KEPT = 32
_NUMBERS = re.compile(
    rf"\[(?P<list>(?:[-+0-9.eE,\s\[\]]|true|false){{{LONGEST},}})\]"
    rf"|array<i\d+: (?P<array>[-0-9, ]{{{LONGEST},}})>"
    rf"|\"(?P<text>[^\"\n]{{{LONGEST},}})\""
)


def elide(text: str) -> str:
    """The text with each list, array or string of constants cut to its beginning."""
    return _NUMBERS.sub(_cut, text)


def _cut(match: re.Match[str]) -> str:
    kind = match.lastgroup
    assert kind is not None
    inside, whole = match[kind], match[0]
    head, tail = whole.split(inside, 1)
    if kind == "text":
        return f"{head}{inside[:_KEPT]}... {len(inside)} characters{tail}"
    numbers = inside[:_KEPT].rsplit(",", 1)[0]
    return f"{head}{numbers}, ... {inside.count(',') + 1} elements{tail}"
