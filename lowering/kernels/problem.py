"""What the choice of a kernel depends on: the contraction, apart from the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.geometry import LAYOUTS, ConvGeometry, Window
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowering.kernels.contraction import Contraction
from lowering.targets import Target

SUMS = "i32"
"""What is stored where no glue follows."""

_WINDOW = ("extent", "taps", "stride", "before", "after", "dilation")


@dataclass(frozen=True)
class Problem:
    """A contraction as far as the choice of its kernel goes.

    `stored` is the code that glue gives, as text, or `i32`. A matrix product (M, K) x (K, N) has
    the geometry of `ConvGeometry.of_matmul`, and the layout `nhwc`.
    """

    x_code: Code
    w_code: Code
    geometry: ConvGeometry
    is_matmul: bool = False
    layout: str = "nhwc"
    stored: str = SUMS

    @staticmethod
    def of(op: Conv2DOp | MatmulOp) -> Problem:
        """The problem that an operation poses, with the glue behind it."""
        glue = [use.operation for use in op.result.uses]
        stored = SUMS
        if glue and all(isinstance(user, FusedGlueOp) for user in glue):
            stored = str(code_of(glue[0].results[0].type, "result"))
        codes = code_of(op.x.type, "x"), code_of(op.w.type, "w")
        if isinstance(op, MatmulOp):
            return Problem(*codes, op.geometry, is_matmul=True, stored=stored)
        return Problem(*codes, op.geometry, layout=op.layout.data, stored=stored)

    @property
    def codes(self) -> tuple[Code, Code]:
        """The codes of x and w."""
        return self.x_code, self.w_code

    def on(self, target: Target, weight_vector_bits: int = 0) -> Contraction:
        """The contraction on a target."""
        return Contraction(self.geometry, *self.codes, target, weight_vector_bits)

    def any_stored(self) -> Problem:
        """The same problem, whatever becomes of the sums."""
        return replace(self, stored=SUMS)

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data; the windows are [extent, taps, stride, before, after, dilation]."""
        g = self.geometry
        return {
            "op": "matmul" if self.is_matmul else "conv2d",
            "x": str(self.x_code),
            "w": str(self.w_code),
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
    def from_json(data: dict[str, Any]) -> Problem:
        """The inverse of `to_json`.

        Raises:
            ValueError, KeyError, TypeError: the data are no problem.
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
        return Problem(
            parse_code(data["x"]),
            parse_code(data["w"]),
            ConvGeometry(int(data["batch"]), rows, cols, *sizes),
            data["op"] == "matmul",
            data["layout"],
            data["stored"],
        )
