"""One convolution or matrix product, run with inputs of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

import runtime
from lowbit_dialect import reference
from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from tests.differential.check import STRATEGIES, check, takes
from tests.differential.graph import Graph, Numbers
from tests.differential.strategies import FILLS

FILL_PAIRS = (
    ("random", "random"),
    ("highest", "highest"),
    ("highest", "lowest"),
    ("lowest", "highest"),
    ("lowest", "lowest"),
    ("alternating", "lowest"),
    ("highest", "alternating"),
)
"""How x and w are filled: sums at both of their ends, and in between."""


def _assert_equal(found: Numbers, expected: Numbers, where: str) -> None:
    assert found.dtype == np.int32, where
    assert found.shape == expected.shape, where
    np.testing.assert_array_equal(found, expected, where)


@dataclass(frozen=True)
class Conv:
    """A convolution; shapes are those of nhwc, whatever the layout."""

    x: tuple[int, int, int, int]
    oc: int
    kernel: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (1, 1, 1, 1)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    layout: str = "nhwc"
    x_code: str = "unipolar<2>"
    w_code: str = "bipolar<1>"
    strategies: tuple[str, ...] = STRATEGIES

    def operands(self, x_fill: str, w_fill: str, seed: int = 0) -> tuple[Numbers, Numbers]:
        """Values of x and w in the layout."""
        rng = np.random.default_rng(seed)
        x = FILLS[x_fill](rng, parse_code(self.x_code), self.x)
        filters = (self.oc, *self.kernel, self.x[3] // self.groups)
        w = FILLS[w_fill](rng, parse_code(self.w_code), filters)
        if self.layout == "nchw":
            return x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2)
        return x, w

    @property
    def geometry(self) -> ConvGeometry:
        """Where the taps fall."""
        n, h, w, c = self.x
        rows, cols = (
            Window(extent, *sizes)
            for extent, *sizes in zip(
                *((h, w), self.kernel, self.strides, self.padding[::2], self.padding[1::2]),
                self.dilation,
                strict=True,
            )
        )
        return ConvGeometry(n, rows, cols, c, self.oc, self.groups)

    def possible(self, strategies: Sequence[str], target: str) -> list[str]:
        """The strategies that take the convolution."""
        codes = parse_code(self.x_code), parse_code(self.w_code)
        return [s for s in strategies if takes(s, *codes, self.geometry, target)]

    @property
    def _clauses(self) -> dict[str, Any]:
        return {
            "strides": self.strides,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    def check(
        self,
        target: str,
        num_threads: int = 1,
        seed: int = 0,
        pairs=FILL_PAIRS,
        strategies: Sequence[str] | None = None,
    ) -> None:
        """Weights as an argument, through `runtime.conv2d`."""
        top, bottom, left, right = self.padding
        possible = self.possible(strategies or self.strategies, target)
        for (x_fill, w_fill), strategy in product(pairs, possible):
            x, w = self.operands(x_fill, w_fill, seed)
            found = runtime.conv2d(
                x,
                w,
                x_code=self.x_code,
                w_code=self.w_code,
                padding=((top, bottom), (left, right)),
                layout=self.layout,
                target=target,
                strategy=strategy,
                num_threads=num_threads,
                **self._clauses,
            )
            expected = reference.conv2d(
                x, w, padding=self.padding, layout=self.layout, **self._clauses
            )
            _assert_equal(found, expected, f"{self}, x {x_fill}, w {w_fill}, {target} {strategy}")

    def check_constant(
        self,
        target: str,
        num_threads: int = 1,
        seed: int = 0,
        fill: str = "random",
        strategies: Sequence[str] | None = None,
    ) -> None:
        """Weights as a constant of the module."""
        graph = Graph()
        x, w = self.operands(fill, fill, seed)
        y = graph.conv2d(
            graph.values(parse_code(self.x_code), x, constant=False),
            graph.values(parse_code(self.w_code), w, constant=True),
            padding=self.padding,
            layout=self.layout,
            **self._clauses,
        )
        check(graph.returns(y), [target], num_threads, strategies or self.strategies)


@dataclass(frozen=True)
class Matmul:
    """A matrix product of (m, k) and (k, n)."""

    m: int
    k: int
    n: int
    x_code: str = "unipolar<2>"
    w_code: str = "bipolar<1>"
    fills: tuple[tuple[str, str], ...] = field(default=FILL_PAIRS)
    strategies: tuple[str, ...] = STRATEGIES

    def possible(self, strategies: Sequence[str], target: str) -> list[str]:
        """The strategies that take the product."""
        codes = parse_code(self.x_code), parse_code(self.w_code)
        geometry = ConvGeometry.of_matmul(self.m, self.k, self.n)
        return [s for s in strategies if takes(s, *codes, geometry, target)]

    def operands(self, x_fill: str, w_fill: str, seed: int = 0) -> tuple[Numbers, Numbers]:
        """Values of x and w."""
        rng = np.random.default_rng(seed)
        x = FILLS[x_fill](rng, parse_code(self.x_code), (self.m, self.k))
        return x, FILLS[w_fill](rng, parse_code(self.w_code), (self.k, self.n))

    def check(
        self,
        target: str,
        num_threads: int = 1,
        seed: int = 0,
        strategies: Sequence[str] | None = None,
    ) -> None:
        """Weights as an argument, through `runtime.matmul`."""
        possible = self.possible(strategies or self.strategies, target)
        for (x_fill, w_fill), strategy in product(self.fills, possible):
            x, w = self.operands(x_fill, w_fill, seed)
            found = runtime.matmul(
                x,
                w,
                x_code=self.x_code,
                w_code=self.w_code,
                target=target,
                strategy=strategy,
                num_threads=num_threads,
            )
            where = f"{self}, x {x_fill}, w {w_fill}, {target} {strategy}"
            _assert_equal(found, reference.matmul(x, w), where)

    def check_constant(
        self,
        target: str,
        num_threads: int = 1,
        seed: int = 0,
        strategies: Sequence[str] | None = None,
    ) -> None:
        """Weights as a constant of the module."""
        graph = Graph()
        x, w = self.operands("random", "random", seed)
        y = graph.matmul(
            graph.values(parse_code(self.x_code), x, constant=False),
            graph.values(parse_code(self.w_code), w, constant=True),
        )
        check(graph.returns(y), [target], num_threads, strategies or self.strategies)
