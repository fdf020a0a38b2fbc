"""Matrix products against numpy."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import AFFINE_CODES
from tests.differential.check import STRATEGIES, TARGETS, strategies, turn
from tests.differential.contraction import Matmul
from tests.differential.strategies import EXTENTS, affine_codes, examples, seeds
from tests.sweep import some, thinned

KINDS = sorted(AFFINE_CODES)


@pytest.mark.parametrize(("x_kind", "w_kind", "target"), thinned(product(KINDS, KINDS, TARGETS)))
def test_kinds(x_kind: str, w_kind: str, target: str) -> None:
    """Each kind of pair with each strategy and target; bits in turn."""
    first = KINDS.index(x_kind) + KINDS.index(w_kind) + TARGETS.index(target)
    for number, strategy in some(STRATEGIES, first):
        bits = (1, 3, 8)[(first + number) % 3]
        product = Matmul(3, 35, 18, f"{x_kind}<{bits}>", f"{w_kind}<{9 - bits}>")
        product.check(target, strategies=[strategy])


@pytest.mark.parametrize(
    ("extent", "strategy"), thinned(product([*EXTENTS, 127, 257], STRATEGIES), 4)
)
def test_extents(extent: int, strategy: str) -> None:
    """Every remainder of a word, a block of lanes and a tile of rows."""
    index = EXTENTS.index(extent) if extent in EXTENTS else 0
    target = turn(index, STRATEGIES.index(strategy))
    Matmul(5, extent, 7, "bipolar<2>").check(target, 2, strategies=[strategy])
    Matmul(min(extent, 33), 9, extent, "unipolar<1>").check(target, 3, strategies=[strategy])


EXTENT = st.sampled_from(EXTENTS) | st.integers(1, 150)
PRODUCTS = st.builds(
    Matmul, EXTENT, EXTENT, EXTENT, affine_codes().map(str), affine_codes().map(str)
)


@examples(10)
@given(PRODUCTS, st.sampled_from(TARGETS), strategies, st.integers(1, 3), seeds, st.booleans())
def test_any(
    product: Matmul, target: str, strategy: str, num_threads: int, seed: int, constant: bool
) -> None:
    check = product.check_constant if constant else product.check
    check(target, num_threads, seed, strategies=[strategy])
