"""Matrix products against numpy."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import AFFINE_CODES
from tests.differential.check import TARGETS
from tests.differential.contraction import Matmul
from tests.differential.strategies import EXTENTS, affine_codes, examples, seeds

KINDS = sorted(AFFINE_CODES)


@pytest.mark.parametrize(("x_kind", "w_kind"), [*product(KINDS, KINDS)])
def test_kinds(x_kind: str, w_kind: str) -> None:
    for bits, target in zip((1, 3, 8), TARGETS, strict=False):
        Matmul(3, 35, 18, f"{x_kind}<{bits}>", f"{w_kind}<{9 - bits}>").check(target)
    Matmul(3, 35, 18, f"{x_kind}<2>", f"{w_kind}<2>").check_constant("host", 2)


@pytest.mark.parametrize("extent", [*EXTENTS, 127, 257])
def test_extents(extent: int) -> None:
    """Every remainder of a word, a block of lanes and a tile of rows."""
    index = EXTENTS.index(extent) if extent in EXTENTS else 0
    target = TARGETS[index % len(TARGETS)]
    Matmul(5, extent, 7, "bipolar<2>").check(target, 2)
    Matmul(3, 9, extent, "signed<2>").check(target, 3)
    Matmul(min(extent, 33), 9, 2, "unipolar<1>").check(target, 2)


EXTENT = st.sampled_from(EXTENTS) | st.integers(1, 150)
PRODUCTS = st.builds(
    Matmul, EXTENT, EXTENT, EXTENT, affine_codes().map(str), affine_codes().map(str)
)


@examples(15)
@given(PRODUCTS, st.sampled_from(TARGETS), st.integers(1, 3), seeds, st.booleans())
def test_any(product: Matmul, target: str, num_threads: int, seed: int, constant: bool) -> None:
    (product.check_constant if constant else product.check)(target, num_threads, seed)
