"""Dot kernels whose weights stay levels of 1, 2 or 4 bits, whatever the shape, in every form."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect import reference
from lowbit_dialect.codes import AFFINE_CODES, parse_code
from lowbit_dialect.layouts.packed_syntax import LEVEL_BITS
from lowbit_dialect.sums.dot import DotSums
from lowbit_dialect.sums.level_fields import LevelFields
from lowering.strategies.dot import strategy as dot_strategy
from lowering.strategies.dot import weight_storage
from runtime import compile
from tests.differential.check import TARGETS
from tests.differential.contraction import FILL_PAIRS, Conv, Matmul
from tests.differential.graph import Graph, module_of
from tests.differential.strategies import EXTENTS, affine_codes, examples, seeds
from tests.sweep import some, thinned

KINDS = sorted(AFFINE_CODES)
FORMS = ("scaled", "values", "1", "2", "4")
"""Values times a power of two, values, or levels in so many places of a byte."""


def name_of(fields: LevelFields) -> str:
    if fields.places:
        return str(fields.places)
    return "scaled" if fields.exponent else "values"


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch):
    """Weights of 4 bits and less always stay levels; `storage(form)` wants that form where safe."""

    def bits(product: DotSums, *_) -> int:
        return next(bits for bits in LEVEL_BITS if bits >= product.w.width)

    monkeypatch.setattr(dot_strategy, "weight_bits", bits)

    def want(form: str) -> None:
        def fields(*arguments) -> LevelFields:
            forms = list(weight_storage.safe_forms(*arguments))
            found = weight_storage.level_fields(*arguments)
            return next((f for f in forms if name_of(f) == form), found)

        monkeypatch.setattr(dot_strategy, "level_fields", fields)

    return want


def check(case: Matmul | Conv, target: str) -> None:
    """Compile once for weights that are an argument, and call with inputs of every kind."""
    graph = Graph()
    x, w = case.operands("random", "random")
    codes = parse_code(case.x_code), parse_code(case.w_code)
    x_value = graph.values(codes[0], x, constant=False)
    w_value = graph.values(codes[1], w, constant=False)
    clauses: dict[str, Any] = {}
    if isinstance(case, Conv):
        clauses = {
            "strides": case.strides,
            "padding": case.padding,
            "dilation": case.dilation,
            "groups": case.groups,
            "layout": case.layout,
        }
        graph.returns(graph.conv2d(x_value, w_value, **clauses))
    else:
        graph.returns(graph.matmul(x_value, w_value))
    executable = compile(module_of(graph), target, use_cache=False, strategy="dot")
    compute = reference.conv2d if clauses else reference.matmul
    for fills in FILL_PAIRS:
        x, w = case.operands(*fills)
        expected = compute(x, w, **clauses)
        np.testing.assert_array_equal(executable(x, w), expected, f"{case} {target} {fills}")


@pytest.mark.parametrize(("kind", "bits"), [*product(KINDS, (1, 2, 3, 4))])
def test_codes(storage, kind: str, bits: int) -> None:
    """Every code of the weights, in every form, on one of the targets each."""
    for i, form in some(FORMS, bits):
        storage(form)
        x_code = f"{KINDS[(bits + i) % 3]}<{8 - i}>"
        case = Matmul(1 + i % 3, 67, 20, x_code, f"{kind}<{bits}>")
        check(case, TARGETS[(i + bits) % len(TARGETS)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("target", TARGETS)
def test_forms(storage, form: str, target: str) -> None:
    """Every form on every target: 8-bit activations at their highest, a long K."""
    storage(form)
    check(Matmul(1, 1031, 70, "unipolar<8>", "bipolar<1>"), target)
    check(Matmul(2, 530, 9, "bipolar<8>", "signed<2>"), target)


@pytest.mark.parametrize(
    "k", thinned([1, 4, 7, 8, 9, 15, 16, 17, 28, 31, 32, 33, 63, 64, 65, 95, 97])
)
def test_remainders(storage, k: int) -> None:
    """Around the words of 8, 16 and 32 channels."""
    for bits in (1, 2, 4):
        storage(FORMS[k % len(FORMS)])
        target = TARGETS[(k + bits) % len(TARGETS)]
        check(Matmul(1 + k % 4, k, 33, "unipolar<8>", f"signed<{bits}>"), target)


@pytest.mark.parametrize("m", thinned(range(1, 10)))
def test_rows(storage, m: int) -> None:
    """As many rows as a tile has pixels, and more."""
    check(Matmul(m, 300, 65, "unipolar<4>", "bipolar<1>"), TARGETS[m % len(TARGETS)])
    check(Matmul(m, 300, 130, "unipolar<8>", "signed<2>"), TARGETS[0])


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_convolutions(storage, layout: str) -> None:
    """Taps, borders, strides and groups; a frame that bipolar activations count as 0."""
    for target, kind, bits in zip(TARGETS, KINDS, (1, 2, 4), strict=False):
        codes = f"{kind}<{bits}>"
        check(Conv((1, 5, 6, 35), 9, layout=layout, x_code="bipolar<3>", w_code=codes), target)
        check(
            Conv(
                *((2, 7, 9, 36), 12, (3, 2), (2, 1), (2, 0, 1, 1), (1, 2), 2, layout),
                x_code="unipolar<8>",
                w_code=codes,
            ),
            target,
        )


@examples(6)
@given(
    st.builds(
        Matmul,
        st.integers(1, 9),
        st.sampled_from(EXTENTS) | st.integers(1, 400),
        st.sampled_from(EXTENTS),
        affine_codes().map(str),
        affine_codes(4).map(str),
    ),
    st.sampled_from(TARGETS),
    seeds,
)
def test_any(product: Matmul, target: str, seed: int) -> None:
    """Constant weights, the kernels interpreted too; whatever storage the compiler chooses."""
    product.check_constant(target, 2, seed)


def test_large_product_of_one_row() -> None:
    """The compiler chooses levels by itself where bytes would come from beyond L2."""
    Matmul(1, 1024, 2048, "unipolar<8>", "signed<2>").check_constant("host", 2)
