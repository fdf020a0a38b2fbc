"""A contraction on a target: what a strategy is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.geometry import ConvGeometry
from lowering.targets import Target


@dataclass(frozen=True)
class Contraction:
    """Codes, geometry and target of a contraction.

    Where the operands are packed already, `weight_vector_bits` is the width of a vector of weights
    and `word_bits` that of their words; 0 leaves either to the target and the strategy.
    """

    geometry: ConvGeometry
    x: Code
    w: Code
    target: Target
    weight_vector_bits: int = 0
    word_bits: int = 0

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
