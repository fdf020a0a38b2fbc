"""Images of few channels: words of dot kernels that hold neighbouring columns of taps."""

import pytest
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.ops.dot import DotConvOp
from lowering.pipeline import lower
from runtime.source import parse_module
from tests.differential.check import TARGETS
from tests.differential.contraction import Conv
from tests.sweep import thinned

CASES = [
    Conv((1, 9, 11, 3), 20, (7, 7), (2, 2), (3, 3, 3, 3)),
    Conv((2, 5, 8, 3), 33, (3, 3), (1, 1), (1, 1, 1, 1)),
    Conv((1, 3, 4, 3), 5, (3, 4), (2, 3), (0, 2, 3, 0)),
    Conv((1, 4, 9, 1), 16, (2, 5), (1, 1), (1, 0, 0, 4)),
    Conv((1, 2, 7, 2), 70, (1, 3), (1, 2), (0, 0, 1, 1)),
    Conv((1, 6, 5, 5), 8, (5, 5), (1, 1), (2, 2, 2, 2), dilation=(2, 1)),
]
PAIRS = [("highest", "lowest"), ("random", "random")]
CODES = [("unipolar<8>", "signed<8>"), ("unipolar<4>", "signed<4>"), ("unipolar<8>", "bipolar<1>")]


def kernel_of(conv: Conv, target: str) -> DotConvOp:
    n, h, w, c = conv.x
    top, bottom, left, right = conv.padding
    g = conv.geometry
    x = f"tensor<{n}x{h}x{w}x{c}x!lowbit.{conv.x_code}>"
    weights = f"tensor<{conv.oc}x{conv.kernel[0]}x{conv.kernel[1]}x{c}x!lowbit.{conv.w_code}>"
    y = f"tensor<{n}x{g.rows.out}x{g.cols.out}x{conv.oc}xi32>"
    module: ModuleOp = parse_module(f"""
    func.func @main(%x: {x}, %w: {weights}) -> {y} {{
      %y = lowbit.conv2d %x, %w strides {list(conv.strides)}
        padding {[top, bottom, left, right]} dilation {list(conv.dilation)}
        : ({x}, {weights}) -> {y}
      return %y : {y}
    }}""")
    lower(module, target, "kernels", "dot", "none")
    (kernel,) = (op for op in module.walk() if isinstance(op, DotConvOp))
    return kernel


@pytest.mark.parametrize("conv", thinned(CASES))
@pytest.mark.parametrize("target", TARGETS)
def test_columns_and_channels_make_words(conv: Conv, target: str) -> None:
    """Random and saturated, weights as arguments and as constants."""
    for x_code, w_code in CODES:
        case = Conv(**{**vars(conv), "x_code": x_code, "w_code": w_code})
        case.check(
            target, 2, pairs=[("highest", "lowest"), ("random", "random")], strategies=["dot"]
        )
    Conv(**{**vars(conv), "x_code": "unipolar<8>", "w_code": "signed<8>"}).check_constant(
        target, strategies=["dot"]
    )


def test_they_are_chosen_where_they_are_fewer() -> None:
    stem = Conv(
        (1, 9, 11, 3), 20, (7, 7), (2, 2), (3, 3, 3, 3), x_code="unipolar<8>", w_code="signed<8>"
    )
    kernel = kernel_of(stem, "znver5")
    assert kernel.has_column_words
    assert kernel.geometry.cols.taps == 21
    # Four channels fill words as they are; signed activations need a correction at borders.
    for change in ({"x": (1, 9, 11, 4)}, {"x_code": "signed<8>"}, {"dilation": (1, 2)}):
        other = kernel_of(Conv(**{**vars(stem), **change}), "znver5")
        assert not other.has_column_words, change
