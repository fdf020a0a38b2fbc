"""A layer as the peers get it: random 8-bit data, and what plain integer arithmetic makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect import reference
from lowbit_dialect.cached_property import cached_property
from runtime.measure.workloads import Workload

LARGEST_WEIGHT = 63
"""Two products with u8 then fit in i16: peers without VNNI instructions would saturate them."""
ZERO_POINT = 128
"""Of the 8-bit results, so that negative sums show."""


@dataclass(frozen=True)
class Case:
    """Inputs of 8 bits, weights of 7, in any peer's terms.

    `x` is u8 of (1, H, W, C) or (M, K); `w` is i8 of (OC, KH, KW, C) or (K, N).
    """

    workload: Workload
    x: NDArray[np.uint8]
    w: NDArray[np.int8]

    @cached_property
    def sums(self) -> NDArray[np.int32]:
        """The exact integer result, channels last."""
        if self.workload.is_matmul:
            return reference.matmul(self.x.astype(np.int64), self.w.astype(np.int64))
        return reference.conv2d(
            self.x.astype(np.int64),
            self.w.astype(np.int64),
            strides=(self.stride, self.stride),
            padding=self.padding,
        )

    @property
    def y_scale(self) -> float:
        """What a level of the 8-bit result stands for: the sums of random data just fit."""
        rms = np.sqrt(self.x.astype(np.float64).var() + self.x.mean() ** 2)
        spread = rms * LARGEST_WEIGHT / np.sqrt(3) * np.sqrt(self.taps)
        return float(np.float32(spread / 32))

    @property
    def levels(self) -> NDArray[np.int64]:
        """The 8-bit result."""
        scaled = np.rint(self.sums / self.y_scale) + ZERO_POINT
        return np.clip(scaled, 0, 255).astype(np.int64)

    @property
    def taps(self) -> int:
        """Products in a sum."""
        g = self.workload.geometry
        return g.rows.taps * g.cols.taps * g.ic

    @property
    def kernel(self) -> int:
        """Height and width of the filters."""
        return self.workload.geometry.rows.taps

    @property
    def stride(self) -> int:
        """Of height and width."""
        return self.workload.geometry.rows.stride

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """Top, bottom, left, right."""
        rows, cols = self.workload.geometry.rows, self.workload.geometry.cols
        return rows.before, rows.after, cols.before, cols.after

    @property
    def x_nchw(self) -> NDArray[np.uint8]:
        """The image with channels first."""
        return np.ascontiguousarray(self.x.transpose(0, 3, 1, 2))

    @property
    def w_nchw(self) -> NDArray[np.int8]:
        """The filters with channels first."""
        return np.ascontiguousarray(self.w.transpose(0, 3, 1, 2))

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Of the result, channels last."""
        g = self.workload.geometry
        if self.workload.is_matmul:
            return (g.cols.extent, g.oc)
        return (1, g.rows.out, g.cols.out, g.oc)

    @property
    def out_nchw(self) -> tuple[int, ...]:
        """Of the image that a convolution makes, channels first."""
        n, h, w, c = self.out_shape
        return (n, c, h, w)


@lru_cache(maxsize=1)
def random_case(workload: Workload) -> Case:
    """Random data for a layer, the same in every process."""
    rng, g = np.random.default_rng(0), workload.geometry
    x_shape: tuple[int, ...] = (1, g.rows.extent, g.cols.extent, g.ic)
    w_shape: tuple[int, ...] = (g.oc, g.rows.taps, g.cols.taps, g.ic)
    if workload.is_matmul:
        x_shape, w_shape = (g.cols.extent, g.ic), (g.ic, g.oc)
    x = rng.integers(0, 256, x_shape, np.uint8)
    w = rng.integers(-LARGEST_WEIGHT, LARGEST_WEIGHT + 1, w_shape).astype(np.int8)
    return Case(workload, x, w)


def is_comparable(workload: Workload) -> bool:
    """Whether the peers are written for a layer: one image, no groups, equal strides."""
    g = workload.geometry
    return g.batch == 1 and g.groups == 1 and g.rows.stride == g.cols.stride
