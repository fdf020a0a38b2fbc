"""Glue where i32 ends: a flipped channel compares -acc, which the least acc has not."""

import numpy as np
from xdsl.dialects.builtin import TensorType, i1, i32

from lowbit_dialect import reference
from lowbit_dialect.codes import UnipolarType
from lowbit_dialect.ops.glue import FusedGlueOp
from runtime.compile import compile
from runtime.kernels import single_op_module

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
