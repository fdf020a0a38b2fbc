"""What a target can do, beyond its features: code for it depends on these facts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DotForm:
    """How instructions multiply bytes and add the products up.

    `words` are the bytes that a word may have (`level_product`), what is best first. With
    `mixed_signs` bytes of x are unsigned and those of w signed, elsewhere both are one or the
    other. With `by_lane` a vector of words of x is loaded at once, and instructions take one of its
    lanes for all.
    """

    words: tuple[int, ...] = (4,)
    mixed_signs: bool = True
    by_lane: bool = False


DOT_FORMS: dict[str, DotForm] = {
    "avx512vnni": DotForm(),
    "avx512bw": DotForm(),
    "avx2": DotForm(),
    "dotprod": DotForm(mixed_signs=False, by_lane=True),
    "neon": DotForm(words=(2, 1), mixed_signs=False, by_lane=True),
}
"""By the feature that has it, the best first."""

PORTABLE_DOT = DotForm()
