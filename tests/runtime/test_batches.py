"""Functions for one image, called with any number of them."""

import numpy as np
import pytest

from lowbit_dialect import reference
from lowbit_dialect.network import Network
from runtime import compile
from runtime.executable import Executable


@pytest.fixture(scope="module")
def executable() -> Executable:
    net = Network(("signed<2>", (1, 5, 4, 9)), ("i32", (1, 5, 4, 3)))
    weights = np.random.default_rng(0).choice([-1, 1], (3, 3, 3, 9))
    acc = net.conv2d(net.inputs[0], weights, "bipolar<1>", padding=1)
    module = net.finish(net.add(acc, net.inputs[1]), net.shift(acc, 9, 1, "signed<4>"))
    return compile(module)


@pytest.mark.parametrize(("count", "num_threads"), [(1, 1), (5, 2), (7, 3), (2, 8)])
def test_every_image_is_that_of_a_call(
    executable: Executable, count: int, num_threads: int
) -> None:
    rng = np.random.default_rng(count)
    x = rng.integers(-2, 2, (count, 5, 4, 9))
    added = rng.integers(-9, 9, (count, 5, 4, 3)).astype(np.int32)
    weights = np.random.default_rng(0).choice([-1, 1], (3, 3, 3, 9))
    sums = reference.conv2d(x, weights, padding=(1, 1, 1, 1))
    total, levels = executable.batch(x, added, num_threads=num_threads)
    np.testing.assert_array_equal(total, sums + added)
    np.testing.assert_array_equal(levels, np.clip(((sums + 9) >> 1) - 8, -8, 7))


def test_what_is_no_batch_is_told(executable: Executable) -> None:
    x, added = np.zeros((2, 5, 4, 9), np.int8), np.zeros((3, 5, 4, 3), np.int32)
    with pytest.raises(ValueError, match="as many images of each input"):
        executable.batch(x, added)
    with pytest.raises(ValueError, match="at least one"):
        executable.batch(x[:0], added[:0])
    with pytest.raises(ValueError, match="expected 2 inputs, got 1"):
        executable.batch(x)
    with pytest.raises(ValueError, match="input 0"):
        executable.batch(x + 5, added[:2])
    net = Network(("i32", (2, 4)))
    doubled = compile(net.finish(net.add(net.inputs[0], net.inputs[0])))
    with pytest.raises(ValueError, match="first dimension is 1"):
        doubled.batch(np.zeros((2, 4), np.int32))
