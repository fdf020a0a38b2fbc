"""What the cost model expects of a kernel, for records and tables beside what was measured."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.decomposition import decompose
from lowbit_dialect.level_product import BYTES_PER_WORD, LevelProduct
from lowering.kernels.choice import Choice
from lowering.kernels.default_schedule import (
    kernel_lanes,
    kernel_word_bits,
    layer_cycles,
)
from lowering.kernels.problem import Problem
from lowering.kernels.strategy import dot_macs
from lowering.targets import Target


def predicted_cycles(problem: Problem, choice: Choice, target: Target) -> float:
    """Cycles of a call by the cost model, glue and packing left out.

    The cycles of a row of tiles for a step of the reduction, times the steps and the rows.
    """
    g, (x, w) = problem.geometry, (problem.x_code, problem.w_code)
    assert isinstance(x, AffineCode), "strategies of the cost model take affine codes"
    assert isinstance(w, AffineCode), "strategies of the cost model take affine codes"
    lanes = kernel_lanes(target, choice.strategy)
    if choice.strategy == "dot":
        step = target.vector_bits / 8 / dot_macs(LevelProduct(x, w), target)
        per_word, planes, loop = BYTES_PER_WORD, 1, 1.0
    else:
        step = target.popcount_steps / target.throughput.vector
        per_word, planes, loop = kernel_word_bits(target), len(decompose(x, w).terms), 0.0
    pixels, vectors = choice.schedule.pixels.data, choice.schedule.vectors.data
    row = layer_cycles(g, pixels, vectors, lanes, step, loop)
    words = ceil(g.ic / g.groups / per_word)
    steps = planes * g.rows.taps * g.cols.taps * words
    return g.batch * g.rows.out * g.groups * row * steps
