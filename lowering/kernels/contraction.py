"""A contraction: what kernels are chosen for, strategies are asked about, and records tell of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from lowbit_dialect.codes import AffineCode, Code, parse_code
from lowbit_dialect.geometry import LAYOUTS, ConvGeometry, Window
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import KernelOp
from lowering.targets import Target

SUMS = "i32"
"""What is stored where no glue follows."""

_WINDOW = ("extent", "taps", "stride", "before", "after", "dilation")


@dataclass(frozen=True)
class Contraction:
    """Codes and geometry of a contraction, and the machine that it is for, where that is known.

    `stored` is the code that glue gives, as text, or `i32`. A matrix product (M, K) x (K, N) has
    the geometry of `ConvGeometry.of_matmul`, and the layout `nhwc`. `machine` is None apart from
    any machine, as in records. Where the operands are packed already, `weight_vector_bits` is the
    width of a vector of weights and `word_bits` that of their words; 0 leaves either to the target
    and the strategy.
    """

    x: Code
    w: Code
    geometry: ConvGeometry
    is_matmul: bool = False
    layout: str = "nhwc"
    stored: str = SUMS
    machine: Target | None = None
    weight_vector_bits: int = 0
    word_bits: int = 0

    @staticmethod
    def of(op: Conv2DOp | MatmulOp) -> Contraction:
        """The contraction of an operation, with the glue behind it."""
        glue = [use.operation for use in op.result.uses]
        stored = SUMS
        if glue and all(isinstance(user, FusedGlueOp) for user in glue):
            stored = str(code_of(glue[0].results[0].type, "result"))
        codes = code_of(op.x.type, "x"), code_of(op.w.type, "w")
        if isinstance(op, MatmulOp):
            return Contraction(*codes, op.geometry, is_matmul=True, stored=stored)
        return Contraction(*codes, op.geometry, layout=op.layout.data, stored=stored)

    @staticmethod
    def of_kernel(op: KernelOp, target: Target, weight_vector_bits: int = 0) -> Contraction:
        """The contraction of a kernel on a target, its operands packed as they are."""
        layout = packed_layout(op.operands[1].type)
        assert layout is not None, "the op's verifier says so"
        return Contraction(
            *op.codes,
            op.geometry,
            machine=target,
            weight_vector_bits=weight_vector_bits,
            word_bits=layout.word_bits.data,
        )

    def on(self, target: Target) -> Contraction:
        """The contraction on a target."""
        return replace(self, machine=target)

    def apart(self) -> Contraction:
        """The contraction apart from any machine and packing."""
        return replace(self, machine=None, weight_vector_bits=0, word_bits=0)

    def any_stored(self) -> Contraction:
        """The same contraction, whatever becomes of the sums."""
        return replace(self, stored=SUMS)

    @property
    def target(self) -> Target:
        """The machine that it is for.

        Raises:
            ValueError: it is for none; `on` names one.
        """
        if self.machine is None:
            raise ValueError("the contraction is for no target: name one with on(target)")
        return self.machine

    @property
    def codes(self) -> tuple[Code, Code]:
        """The codes of x and w."""
        return self.x, self.w

    @property
    def are_affine(self) -> bool:
        """Whether both codes are affine in their bits."""
        return isinstance(self.x, AffineCode) and isinstance(self.w, AffineCode)

    @property
    def vector_bits(self) -> int:
        """The width of a vector of weights."""
        return self.weight_vector_bits or self.target.vector_bits

    @property
    def rows(self) -> int:
        """Rows of output pixels of all images."""
        return self.geometry.batch * self.geometry.rows.out

    @property
    def taps(self) -> int:
        """Taps of the window."""
        return self.geometry.rows.taps * self.geometry.cols.taps

    @property
    def channels(self) -> int:
        """Input channels of a group."""
        return self.geometry.ic // self.geometry.groups

    @property
    def out_channels(self) -> int:
        """Output channels of a group."""
        return self.geometry.oc // self.geometry.groups

    def blocks(self, lanes: int) -> int:
        """Blocks of `lanes` output channels, in all groups."""
        return self.geometry.groups * ceil(self.out_channels / lanes)

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data, apart from the machine.

        The windows are [extent, taps, stride, before, after, dilation].
        """
        g = self.geometry
        return {
            "op": "matmul" if self.is_matmul else "conv2d",
            "x": str(self.x),
            "w": str(self.w),
            "batch": g.batch,
            "rows": [getattr(g.rows, name) for name in _WINDOW],
            "cols": [getattr(g.cols, name) for name in _WINDOW],
            "ic": g.ic,
            "oc": g.oc,
            "groups": g.groups,
            "layout": self.layout,
            "stored": self.stored,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Contraction:
        """The inverse of `to_json`.

        Raises:
            ValueError, KeyError, TypeError: the data are no contraction.
        """
        if data["op"] not in ("conv2d", "matmul") or data["layout"] not in LAYOUTS:
            raise ValueError(f"no contraction {data['op']!r} in layout {data['layout']!r}")
        if data["stored"] != SUMS:
            parse_code(data["stored"])
        rows, cols = (
            Window(**dict(zip(_WINDOW, map(int, data[axis]), strict=True)))
            for axis in ("rows", "cols")
        )
        sizes = (int(data[name]) for name in ("ic", "oc", "groups"))
        return Contraction(
            parse_code(data["x"]),
            parse_code(data["w"]),
            ConvGeometry(int(data["batch"]), rows, cols, *sizes),
            data["op"] == "matmul",
            data["layout"],
            data["stored"],
        )
