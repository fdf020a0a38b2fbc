"""How many products an ARM instruction computes, and how many make a multiply-accumulate.

The products are counted in the instructions themselves, so that no figure depends on what a pass
meant to emit: a `cnt` of a register of 128 bits counts 128 products of bits, an `sdot` multiplies
16 pairs of bytes, a `tbl` looks 16 products up, or 16 sums of some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.decomposition import decompose
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.product_table import ProductTable
from lowering.kernels.choice import Choice
from lowering.kernels.dot_words import dot_words
from lowering.kernels.table_plan import plan_tables
from lowering.targets import Target
from runtime.analysis.assembly import Instruction

_ARRANGED = re.compile(r"v\d+\.(\d+)([bhsd])$")
"""A vector register of AArch64 with its lanes."""
_ELEMENT_BITS = {"b": 8, "h": 16, "s": 32, "d": 64}
_ARM_SIZE = re.compile(r"\.[isupf]?(\d+)$")
"""What ends a mnemonic of ARMv7: the bits of the elements that it reads."""

_COUNTS = re.compile(r"v?cnt\b")
_DOTS = re.compile(r"v?[us]{1,2}dot\b")
_WIDENING = re.compile(r"(?:[us]m(?:ul|la|ls)l2?|vm(?:ul|la|ls)l)\b")
_MULTIPLIES = re.compile(r"v?m(?:ul|la|ls)\b")
_LOOKUPS = re.compile(r"v?tb[lx]\b")


def _register(instruction: Instruction) -> tuple[int, int]:
    """(bits, bits of an element) of the first operand; zeros for what is no vector."""
    if not instruction.operands:
        return 0, 0
    first = instruction.operands[0]
    if match := _ARRANGED.match(first):
        element = _ELEMENT_BITS[match[2]]
        return int(match[1]) * element, element
    size = _ARM_SIZE.search(instruction.mnemonic)
    if size and re.match(r"[dq]\d+$", first):
        return 128 if first[0] == "q" else 64, int(size[1])
    return 0, 0


def _bits_counted(instruction: Instruction) -> int:
    return _register(instruction)[0] if _COUNTS.match(instruction.mnemonic) else 0


def _multiplied(instruction: Instruction) -> int:
    name, (bits, element) = instruction.mnemonic, _register(instruction)
    if not bits:
        return 0
    if _DOTS.match(name):
        return bits // 8
    if _WIDENING.match(name):
        # ARMv7 names the elements that are read, AArch64 those that are written.
        return bits // (2 * element if name.startswith("v") else element)
    return bits // element if _MULTIPLIES.match(name) else 0


def _looked_up(instruction: Instruction) -> int:
    return _register(instruction)[0] // 8 if _LOOKUPS.match(instruction.mnemonic) else 0


PRODUCTS: Mapping[str, Callable[[Instruction], int]] = {
    "bitserial": _bits_counted,
    "dot": _multiplied,
    "lut": _looked_up,
    "product_lut": _looked_up,
}
"""Products of an instruction, by the strategy that it serves."""


def most_products(instructions: Iterable[Instruction]) -> int:
    """Products of some instructions of whichever kind there are most of."""
    listed = list(instructions)
    return max(sum(map(products, listed)) for products in PRODUCTS.values())


def macs_per_product(
    choice: Choice, x: Code, w: Code, geometry: ConvGeometry, target: Target
) -> float:
    """Multiply-accumulates that one product stands for.

    A product of bits is one of as many as there are terms of planes; an entry of a table is the
    sum of the activations of its group for a plane of the weights, for one or two pixels; a table
    of products may be looked up in parts; a product of numbers of two digits is two of bytes.
    """
    if choice.strategy == "bitserial":
        return 1 / len(decompose(affine(x), affine(w)).terms)
    if choice.strategy == "lut":
        tile = choice.schedule.pixels.data, choice.schedule.vectors.data
        plan = plan_tables(affine(x), affine(w), geometry, target, tile)
        return plan.sums.bits * plan.shared / len(plan.sums.w_terms)
    if choice.strategy == "product_lut":
        return 1 / len(ProductTable(x, w).register_tables)
    if choice.strategy == "dot":
        words = dot_words((x, w), target)
        return words.size if words.holds == "digits" else 1
    return 1
