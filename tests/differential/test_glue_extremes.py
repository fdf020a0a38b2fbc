"""Glue where i32 ends, and shifts beyond it: a flipped channel compares -acc, which the least acc
has not."""

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType, i1, i32

from lowbit_dialect import reference
from lowbit_dialect.codes import SignedType, UnipolarType
from lowbit_dialect.ops.glue import FusedGlueOp
from runtime.compiler import compile
from runtime.kernels import single_op_module
from tests.differential.check import TARGETS, check
from tests.differential.graph import Graph
from tests.guard import guarded

LEAST, MOST = -(2**31), 2**31 - 1


def test_flipped_thresholds_at_the_ends_of_i32():
    code = UnipolarType(2)
    acc = np.array([[v] * 4 for v in (LEAST, LEAST + 1, -5, 0, 5, MOST)], np.int32)
    thresholds = np.array([[LEAST, 0, MOST]] * 4, np.int32)
    flip = np.array([False, True, True, False])
    types = [TensorType(i32, [6, 4]), TensorType(i32, [4, 3]), TensorType(i1, [4])]
    result = TensorType(code, [6, 4])
    module = single_op_module(types, lambda a, t, f: FusedGlueOp.threshold(a, t, result, flip=f))
    levels = compile(module, use_cache=False)(acc, thresholds, flip)
    expected = reference.fused_glue_threshold(acc, thresholds, code, flip)
    np.testing.assert_array_equal(levels, expected)


def test_one_channel_that_is_not_the_last_dimension():
    """Offset and shift are one number each, which every lane shares: nothing lies beside them."""
    code = UnipolarType(2)
    rng = np.random.default_rng(0)
    acc = rng.integers(LEAST, MOST, (1, 3, 20), np.int32)
    offset, shift = np.array([1], np.int32), np.array([29], np.int32)
    types = [TensorType(i32, [1, 3, 20]), TensorType(i32, [1]), TensorType(i32, [1])]
    result = TensorType(code, [1, 3, 20])
    module = single_op_module(types, lambda a, o, s: FusedGlueOp.shift(a, o, s, result, axis=0))
    expected = reference.fused_glue_shift(acc, offset, shift, code, axis=0)
    for target in ("host", "host+avx2", "host+sse2"):
        executable = compile(module, target, use_cache=False)
        levels = np.zeros(acc.shape, np.uint8)
        executable.run([acc, guarded(offset), guarded(shift)], [levels])
        np.testing.assert_array_equal(levels, expected, target)


def test_thresholds_that_are_no_constant_are_counted_in_any_order():
    code = UnipolarType(2)
    acc = np.arange(-8, 8, dtype=np.int32).reshape(1, 1, 4, 4)
    thresholds = np.array([[5, -3, 0]] * 4, np.int32)
    result = TensorType(code, acc.shape)
    module = single_op_module(
        [TensorType(i32, acc.shape), TensorType(i32, thresholds.shape)],
        lambda a, t: FusedGlueOp.threshold(a, t, result),
    )
    levels = compile(module, use_cache=False)(acc, thresholds)
    expected = reference.fused_glue_threshold(acc, thresholds, code)
    np.testing.assert_array_equal(levels, expected)


SHIFTS = np.array([LEAST, -32, -1, 0, 1, 30, 31, 32, 33, 63, 64, 256, MOST], np.int32)
"""Of a module that does not know them: they are clipped to 0 .. 31."""


@pytest.mark.parametrize("target", TARGETS)
def test_shifts_that_are_no_constant_are_clipped(target: str):
    """Alone and in the epilogue of a kernel, by compiled code, interpreter and reference."""
    rng, code = np.random.default_rng(0), SignedType(2)
    channels = len(SHIFTS)
    for offsets in (rng.integers(LEAST, MOST, channels), np.full(channels, MOST)):
        alone = Graph()
        sums = rng.choice([LEAST, LEAST + 1, -1, 0, 1, 1 << 30, MOST], (9, channels))
        acc = alone.integers(sums, constant=False)
        offset, shift = (alone.integers(v, constant=False) for v in (offsets, SHIFTS))
        check(alone.returns(alone.shift(acc, offset, shift, code)), [target])
        fused = Graph()
        x = fused.values(code, rng.choice(code.values, (1, 4, 5, 40)), constant=False)
        w = fused.values(code, rng.choice(code.values, (channels, 3, 3, 40)), constant=True)
        offset = fused.integers(offsets // 2**24, constant=False)
        shift = fused.integers(SHIFTS, constant=False)
        levels = fused.shift(fused.conv2d(x, w), offset, shift, code)
        check(fused.returns(levels), [target], strategies=["auto"])
