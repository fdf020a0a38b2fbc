"""Convolutions in numpy, and glue whose constants are found on the sums of a batch.

Images are (N, H, W, C). Sums are computed in f32, which is exact below 2^24.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.codes import parse_code
from lowbit_dialect.reference.glue import (
    fused_glue_scale,
    fused_glue_shift,
    fused_glue_threshold,
)

DEVIATION = 32
"""Standard deviation of 8-bit numbers, in steps, where the sums deviate as much."""

MANTISSA_BITS = 7
"""Significant bits of the scale of a channel of 8-bit numbers."""


@dataclass(frozen=True)
class Glue:
    """A form of `lowbit.fused_glue`, its parameters by name, and the code that it gives."""

    form: str
    code: str
    parameters: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def apply(self, acc: NDArray) -> NDArray[np.int64]:
        """The values that sums become."""
        function: Any = {
            "shift": fused_glue_shift,
            "scale": fused_glue_scale,
            "threshold": fused_glue_threshold,
        }[self.form]
        return function(acc, code=self.code, **self.parameters)


def convolve(x: NDArray, weights: NDArray, stride: int = 1, padding: int = 0) -> NDArray[np.int64]:
    """Sums of a convolution; weights are (OC, KH, KW, C)."""
    sides = (padding, padding)
    framed = np.pad(x.astype(np.float32), [(0, 0), sides, sides, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(framed, weights.shape[1:3], (1, 2))
    steps = windows[:, ::stride, ::stride]  # (N, H, W, C, KH, KW)
    sums = np.tensordot(steps, weights.astype(np.float32), ((3, 4, 5), (3, 1, 2)))
    return sums.astype(np.int64)


def max_pool(x: NDArray, kernel: int, stride: int, padding: int) -> NDArray:
    """Maxima of windows; x is not negative."""
    sides = (padding, padding)
    framed = np.pad(x, [(0, 0), sides, sides, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(framed, (kernel, kernel), (1, 2))
    return windows[:, ::stride, ::stride].max(axis=(4, 5))


def random_weights(rng: np.random.Generator, code: str, shape: tuple[int, ...]) -> NDArray:
    """Weights whose values are near to normally distributed over the code."""
    low, high = (parse_code(code).values.min(), parse_code(code).values.max())
    if code.startswith("bipolar"):
        return rng.choice([-1, 1], shape)
    return np.clip(np.rint(rng.normal(0, max(high / 2.5, 0.8), shape)), low, high).astype(np.int64)


def threshold_levels(
    rng: np.random.Generator, acc: NDArray[np.int64], code: str, flips: bool = True
) -> Glue:
    """Thresholds behind a batch norm of random sign, such that all levels are as frequent.

    Each channel is normalised; then the quantiles of all channels together are the thresholds.
    """
    sums = acc.reshape(-1, acc.shape[-1])
    flip = rng.random(sums.shape[1]) < (0.25 if flips else 0.0)
    sums = np.where(flip, -sums, sums)
    mean, deviation = sums.mean(axis=0), np.maximum(sums.std(axis=0), 1e-3)
    normal = (sums - mean) / deviation
    levels = len(parse_code(code).values)
    steps = np.quantile(normal, np.arange(1, levels) / levels)
    thresholds = np.ceil(mean[:, None] + deviation[:, None] * steps).astype(np.int64)
    parameters = {"thresholds": np.sort(thresholds, axis=1)}
    if flip.any():
        parameters["flip"] = flip.astype(np.int64)
    return Glue("threshold", code, parameters)


def shift_levels(acc: NDArray[np.int64], code: str) -> Glue:
    """An offset of each channel and a shift: Riptide's batch norm by powers of two.

    The shift is the one whose least frequent level is most frequent.
    """
    sums = acc.reshape(-1, acc.shape[-1])
    center = np.rint(np.median(sums, axis=0)).astype(np.int64)
    levels = len(parse_code(code).values)

    def glue(shift: int) -> Glue:
        offset = (levels // 2 << shift) - center
        return Glue("shift", code, {"offset": offset, "shift": np.full(len(center), shift)})

    def least_share(shift: int) -> float:
        return level_shares(glue(shift).apply(acc), code).min()

    return glue(max(range(24), key=least_share))


def to_eight_bits(
    rng: np.random.Generator, acc: NDArray[np.int64], code: str, form: str, mean: float
) -> Glue:
    """Sums on a shared scale of 8 bits, by a power of two or by a scale of each channel.

    Args:
        rng: of the scales.
        acc: the sums of a batch.
        code: of 8 bits.
        form: shift or scale.
        mean: of the result, in standard deviations of it.
    """
    sums = acc.reshape(-1, acc.shape[-1])
    center, deviation = sums.mean(axis=0), np.maximum(sums.std(axis=0), 1.0)
    lowest = int(parse_code(code).values.min())
    if form == "shift":
        shift = np.maximum(np.rint(np.log2(deviation / DEVIATION)), 0).astype(np.int64)
        step = 2.0**shift
        wanted = mean * deviation / step - lowest
        offset = np.rint((wanted + 0.5) * step - center).astype(np.int64)
        return Glue("shift", code, {"offset": offset, "shift": shift})
    factor = np.minimum(DEVIATION / deviation * rng.uniform(0.7, 1.3, len(center)), 0.99)
    shift = np.floor(-np.log2(factor)).astype(np.int64)
    mantissa = np.floor(factor * 2.0 ** (MANTISSA_BITS + shift)).astype(np.int64)
    # The offset moves the lowest number to 0, for products that count are not negative.
    wanted = mean * deviation - lowest / (mantissa / 2.0 ** (MANTISSA_BITS + shift))
    parameters = {
        "offset": np.rint(wanted - center).astype(np.int64),
        "multiplier": mantissa << 31 - MANTISSA_BITS,
        "shift": shift,
    }
    return Glue("scale", code, parameters)


def level_shares(values: NDArray, code: str) -> NDArray[np.float64]:
    """The share of each value of a code, ascending."""
    known = np.sort(parse_code(code).values)
    return np.array([(values == value).mean() for value in known])
