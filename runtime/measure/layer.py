"""A layer of a network with random values, as modules and reference results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.rewriter import InsertPoint

from lowbit_dialect import reference
from lowbit_dialect.cached_property import cached_property
from lowbit_dialect.codes import BipolarType, Code, SignedType, UnipolarType, parse_code
from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packing import pack
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowering.kernels.contraction import SUMS, Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.select_kernel import select_kernels
from lowering.strategies import get_strategy
from lowering.strategies.base import ConvLayout
from lowering.targets import Target
from runtime.measure.glue import Glue, spreading_glue
from runtime.measure.workloads import Workload

OUTPUTS = ("packed", "i32")

ANY_LANES = 64
"""Lanes of a block of weights, where only the layout of the activations is asked for."""


def codes_of(pair: str) -> tuple[Code, Code]:
    """Codes of a pair `AxWy`: unipolar activations; bipolar weights of 1 bit, signed of more.

    Raises:
        ValueError: the text is no such pair.
    """
    a, _, w = pair.upper().removeprefix("A").partition("W")
    if not (a.isdigit() and w.isdigit() and 1 <= int(a) <= 8 and 1 <= int(w) <= 8):
        raise ValueError(f"pair {pair!r}: expected AxWy with 1 to 8 bits each, such as A2W1")
    return UnipolarType(int(a)), BipolarType(1) if int(w) == 1 else SignedType(int(w))


@dataclass
class Layer:
    """A layer with random weights, glue that suits its sums, and one random input.

    `out_code` is what the glue gives; `axes` is the order of its dimensions, `nhwc` or `nchw`.
    """

    workload: Workload
    x_code: Code
    w_code: Code
    out_code: Code
    axes: str
    x: NDArray[np.int64]
    w: NDArray[np.int64]
    sums: NDArray[np.int32]
    glue: Glue

    @staticmethod
    def random(workload: Workload, pair: str, seed: int = 0) -> Layer:
        """Random values, and glue that spreads each channel's sums over the levels."""
        return Layer.of(workload, *codes_of(pair), seed=seed)

    @staticmethod
    def of(
        workload: Workload,
        x_code: Code,
        w_code: Code,
        out_code: Code | None = None,
        axes: str = "nhwc",
        seed: int = 0,
    ) -> Layer:
        """The same for any codes and order of dimensions; glue gives `x_code` unless told."""
        out_code = out_code or x_code
        g, rng = workload.geometry, np.random.default_rng(seed)
        if workload.is_matmul:
            x_shape: tuple[int, ...] = (g.cols.extent, g.ic)
            w_shape: tuple[int, ...] = (g.ic, g.oc)
        else:
            x_shape = _in_order(LAYOUTS[axes], g.batch, g.rows.extent, g.cols.extent, g.ic)
            taps = g.rows.taps, g.cols.taps
            w_shape = _in_order(WEIGHT_LAYOUTS[axes], g.oc, *taps, g.ic // g.groups)
        x, w = rng.choice(x_code.values, x_shape), rng.choice(w_code.values, w_shape)
        no_sums = np.zeros((1, 1), np.int32)
        glue = spreading_glue(no_sums, out_code, 1)
        layer = Layer(workload, x_code, w_code, out_code, axes, x, w, no_sums, glue)
        layer.sums = layer.sums_of(x)
        layer.glue = spreading_glue(layer.sums, out_code, layer.channel_axis)
        return layer

    @staticmethod
    def of_problem(problem: Contraction, seed: int = 0) -> Layer:
        """A layer that poses this problem, its output packed unless sums are stored."""
        stored = None if problem.stored == SUMS else parse_code(problem.stored)
        workload = Workload("", problem.geometry, problem.is_matmul)
        codes = problem.codes
        return Layer.of(workload, *codes, stored, problem.layout, seed)

    @property
    def channel_axis(self) -> int:
        """The dimension of the channels in the output."""
        return 1 if self.workload.is_matmul else LAYOUTS[self.axes][3]

    def sums_of(self, x: NDArray[np.int64]) -> NDArray[np.int32]:
        """The sums for an input, by the reference."""
        if self.workload.is_matmul:
            return reference.matmul(x, self.w)
        strides, padding, dilation = _numbers(self.workload)
        groups = self.workload.geometry.groups
        return reference.conv2d(x, self.w, strides, padding, dilation, groups, self.axes)

    def problem(self, out: str) -> Contraction:
        """What the choice of its kernel depends on."""
        stored = str(self.out_code) if out == "packed" else SUMS
        w = self.workload
        return Contraction(self.x_code, self.w_code, w.geometry, w.is_matmul, self.axes, stored)

    def layout(
        self, strategy: str, target: Target, padding: Sequence[int] = (), groups: int = 1
    ) -> PackedAttr:
        """How kernels of a strategy want activations, with a frame of this padding."""
        contraction = Contraction(self.x_code, self.w_code, self.workload.geometry).on(target)
        conv = ConvLayout(self.axes, tuple(padding), groups)
        kind = None if self.workload.is_matmul else conv
        return get_strategy(strategy).layouts(contraction, ANY_LANES, kind)[0]

    def input_layout(self, strategy: str, target: Target) -> PackedAttr:
        """How the input lies, the padding in its frame."""
        padding, groups = _numbers(self.workload)[1], self.workload.geometry.groups
        return self.layout(strategy, target, padding, groups)

    def kernel_module(
        self, out: str, target: Target, choice: KernelPlan, name: str = "main"
    ) -> ModuleOp:
        """The same with a kernel chosen.

        Raises:
            PassFailedException, VerifyException: the schedule is not possible.
        """
        module = self.module(out, choice.strategy, target, name)
        select_kernels(module, target, lambda _: choice)
        return module

    def words(self, x: NDArray[np.int64], strategy: str, target: Target) -> NDArray:
        """An input as kernels of a strategy read it."""
        layout = self.input_layout(strategy, target)
        return np.ascontiguousarray(pack(self.x_code.encode(x), self.x_code, layout))

    @property
    def trials(self) -> tuple[tuple[NDArray[np.int64], NDArray[np.int32]], ...]:
        """Inputs and their sums, the random input first.

        Saturated inputs find accumulators that wrap, which random ones hardly do.
        """
        saturated = np.full_like(self.x, self.x_code.max_value)
        return (self.x, self.sums), (saturated, self.saturated_sums)

    @cached_property
    def saturated_sums(self) -> NDArray[np.int32]:
        """The sums where every element of x is the largest value."""
        return self.sums_of(np.full_like(self.x, self.x_code.max_value))

    def module(self, out: str, strategy: str, target: Target, name: str = "main") -> ModuleOp:
        """A function from the packed input to the packed (or i32) output."""
        layout = self.input_layout(strategy, target)
        x_type = TensorType(self.x_code, self.x.shape, layout)
        function = func.FuncOp(name, ([x_type], []))
        builder = Builder(InsertPoint.at_end(function.body.block))
        x = builder.insert(UnpackOp.get(function.body.block.args[0])).result
        w = builder.insert(
            ConstantOp.from_values(self.w, TensorType(self.w_code, self.w.shape))
        ).result
        if self.workload.is_matmul:
            y = builder.insert(MatmulOp.get(x, w)).result
        else:
            groups = self.workload.geometry.groups
            clauses = conv_clauses(*_numbers(self.workload), groups, self.axes)
            y = builder.insert(Conv2DOp.get(x, w, **clauses)).result
        if out == "packed":
            glued = TensorType(self.out_code, self.sums.shape)
            y = self.glue.insert(builder, y, glued, self.channel_axis)
            y_layout = self.layout(strategy, target, (1, 1, 1, 1))
            y = builder.insert(BitpackOp.get(y, y_layout)).result
        builder.insert(func.ReturnOp(y))
        function.update_function_type()
        return ModuleOp([function])

    def expected(self, out: str) -> NDArray:
        """What the function must give, as values."""
        return self.expected_of(self.sums, out)

    def expected_of(self, sums: NDArray[np.int32], out: str) -> NDArray:
        """What the function must make of these sums, as values."""
        if out == "i32":
            return sums
        return self.glue.levels(sums, self.out_code, self.channel_axis)


def _in_order(order: Sequence[int], *extents: int) -> tuple[int, ...]:
    """Extents at the dimensions that `order` names."""
    shape = [0] * len(order)
    for dimension, extent in zip(order, extents, strict=True):
        shape[dimension] = extent
    return tuple(shape)


def _numbers(workload: Workload) -> tuple[tuple[int, int], tuple[int, ...], tuple[int, int]]:
    """Strides, padding (top, bottom, left, right) and dilation."""
    rows, cols = workload.geometry.rows, workload.geometry.cols
    padding = rows.before, rows.after, cols.before, cols.after
    return (rows.stride, cols.stride), padding, (rows.dilation, cols.dilation)
