"""Integers that are affine in the bits of a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Affine:
    """The integer ``alpha + sum_p betas[p] * x_p`` of the bits x_p."""

    alpha: int
    betas: tuple[int, ...]

    @property
    def is_symmetric(self) -> bool:
        """Whether every plane stands for +-beta/2, so that complementing all bits negates."""
        return 2 * self.alpha == -sum(self.betas)


@cache
def affine_values(affine: Affine) -> NDArray[np.int64]:
    """Value of every pattern of an affine code."""
    width = len(affine.betas)
    planes = (np.arange(1 << width)[:, None] >> np.arange(width)) & 1
    return affine.alpha + planes @ np.array(affine.betas, np.int64)
