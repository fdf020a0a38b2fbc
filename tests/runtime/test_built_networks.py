"""Networks of `Network`, compiled."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType

from lowbit_dialect.codes import parse_code
from lowbit_dialect.network import Network
from runtime import compile

THRESHOLDS = np.array(
    [
        [1.5, 3.5, 6.5],
        [-3.5, -0.0, 0.5],
        [1, 3, 2**31],
        [2**31, 2**31 + 1, 2**40],
        [-(2**40), -(2**31) - 1, 2],
        [1.0, 3.0, np.inf],
        [-np.inf, -2.0, 5],
        [-np.inf, -1e300, 1e300],
        [2.0**31 - 0.5, 2.0**31, 2.0**60],
        [-(2.0**31), -(2.0**31) + 0.5, 2.0**31 - 1],
    ]
)


SWEEP = [pytest.param(strategy, marks=pytest.mark.sweep) for strategy in ("bitserial", "dot")]


@pytest.mark.parametrize("strategy", ["auto", *SWEEP])
@pytest.mark.parametrize(
    ("x_code", "w_code"),
    [("unipolar<2>", "bipolar<1>"), ("bipolar<1>", "bipolar<1>"), ("signed<3>", "unipolar<2>")],
)
def test_thresholds_are_any_numbers(x_code: str, w_code: str, strategy: str):
    rng = np.random.default_rng(0)
    x = rng.choice(parse_code(x_code).values, (60, 1, 1, 8))
    w = rng.choice(parse_code(w_code).values, (2 * len(THRESHOLDS), 1, 1, 8))
    rows = np.concatenate([THRESHOLDS, THRESHOLDS])
    flip = np.arange(len(rows)) >= len(THRESHOLDS)
    sums = x.reshape(60, 8) @ w.reshape(-1, 8).T
    want = (rows <= np.where(flip, -sums, sums)[..., None]).sum(axis=-1)

    net = Network(TensorType(parse_code(x_code), x.shape))
    acc = net.conv2d(net.inputs[0], w, w_code)
    module = net.finish(net.threshold(acc, rows, "unipolar<2>", flip))
    got = compile(module, strategy=strategy)(x)
    assert np.array_equal(got.reshape(want.shape), want)


def test_integer_thresholds_of_every_dtype_and_memory_order():
    levels = set()
    for dtype in ("<i4", ">i4", ">i8", "<f4", ">f8"):
        for arrange in (np.ascontiguousarray, np.asfortranarray):
            rows = arrange(np.array([[-3, 0, 2], [-9, 1, 4], [0, 0, 0]], dtype))
            net = Network(TensorType(parse_code("bipolar<1>"), (9, 8)))
            acc = net.matmul(net.inputs[0], np.ones((8, 3), int), "bipolar<1>")
            f = compile(net.finish(net.threshold(acc, rows, "unipolar<2>")))
            x = np.where(np.arange(9)[:, None] > np.arange(8), 1, -1)
            levels.add(str(f(x).tolist()))
            want = (rows <= x.sum(axis=1)[:, None, None]).sum(axis=-1)
            assert f(x).tolist() == want.tolist()
    assert len(levels) == 1
