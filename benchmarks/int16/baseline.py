"""The 16-bit integer kernel of a layer, compiled: inner loop, rate by llvm-mca, results.

Published figures of low-bit kernels are ratios to a convolution of 16-bit integers: Cowan et al.
(2018, arXiv 1810.11066) report up to 16 times its speed on a Cortex-A53. Theirs is TVM's, ours is
made by the same loops, passes and LLVM as the kernels that it is compared with, with the register
tile that llvm-mca likes best.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context

from benchmarks.int16.kernel import FUNCTION, Int16Kernel, Tile
from lowbit_dialect.cached_property import cached_property
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly, compile_object
from lowering.pipeline import passes_of
from lowering.targets import Target
from runtime.analysis.assembly import AssemblyFunction, Instruction, parse_assembly
from runtime.analysis.instructions import Mix, mix_of
from runtime.analysis.mca import McaError, busiest_loop, mca_report
from runtime.jit import LoadedObject
from runtime.tools import ToolMissingError

PUBLISHED_SPEEDUP = 16.0
"""The largest ratio to a 16-bit convolution in the abstract of Cowan et al. (2018)."""

TILES: dict[tuple[str, int], tuple[Tile, ...]] = {
    ("x86_64", 32): (Tile(7, 2, 4),),
    ("x86_64", 16): (Tile(4, 2, 4),),
    ("aarch64", 32): (Tile(8, 2, 8, 2), Tile(4, 4, 8, 2), Tile(4, 4, 4, 2), Tile(8, 2, 4, 2)),
    ("armv7", 16): (Tile(4, 2, 8, 2), Tile(2, 4, 8, 2), Tile(5, 2, 4, 2), Tile(4, 2, 4, 1)),
}
"""Register tiles to choose from, by architecture and vector registers; the first one where
llvm-mca does not know the processor. Those of x86 are the best of a dozen by the clock: llvm-mca's
model of Zen charges broadcasts to the units that multiply."""

_ANY_LAYER = ConvGeometry(1, Window(14, 3, 1, 1, 1), Window(14, 3, 1, 1, 1), 256, 256)
"""A layer to choose tiles on; the inner loops of others differ in offsets only."""
_ITERATIONS = 100
"""How many of the loop llvm-mca looks at."""
_CYCLES = re.compile(r"Total Cycles:\s+(\d+)")


@dataclass(frozen=True)
class Int16Baseline:
    """The compiled kernel of a layer, for `kernel.target`."""

    kernel: Int16Kernel

    @property
    def macs_per_iteration(self) -> int:
        """Multiply-accumulates of one iteration of `loop`, exactly."""
        return self.kernel.macs_per_iteration

    @cached_property
    def assembly(self) -> AssemblyFunction:
        """The function, blocks and text."""
        text = compile_assembly(self._llvm_ir(), self.kernel.target, comments=True)
        return parse_assembly(text)[FUNCTION]

    @property
    def loop(self) -> Sequence[Instruction]:
        """The inner loop of full tiles."""
        return busiest_loop(self.assembly, self.kernel.target)

    @property
    def mix(self) -> Mix:
        """The kinds of instructions of the inner loop."""
        return mix_of(self.loop, self.kernel.target.arch)

    @cached_property
    def cycles_per_iteration(self) -> float:
        """Cycles of the inner loop by llvm-mca.

        Raises:
            McaError: llvm-mca is not there or does not know the processor.
        """
        report = mca_report(self.assembly, self.kernel.target)
        found = _CYCLES.search(report)
        if found is None:
            raise McaError(f"llvm-mca says no number of cycles: {report}")
        return int(found[1]) / _ITERATIONS

    @property
    def mac_per_cycle(self) -> float:
        """Multiply-accumulates a cycle by llvm-mca.

        Raises:
            McaError: llvm-mca is not there or does not know the processor.
        """
        return self.macs_per_iteration / self.cycles_per_iteration

    def load(self) -> Callable[[NDArray[np.int16], NDArray[np.int16]], NDArray[np.int32]]:
        """The kernel in this process, on arrays as `Int16Kernel.frame` and `pack` make them.

        It returns the sums, of shape `output_shape`.

        Raises:
            JitError: the target is not this machine.
        """
        loaded = LoadedObject(compile_object(self._llvm_ir(), self.kernel.target), [FUNCTION])
        pointers = (ctypes.c_void_p,) * 3
        function = ctypes.CFUNCTYPE(None, *pointers)(loaded.address(FUNCTION))
        shapes = self.kernel.input_shape, self.kernel.weight_shape

        def run(x: NDArray[np.int16], w: NDArray[np.int16]) -> NDArray[np.int32]:
            for array, shape in zip((x, w), shapes, strict=True):
                if array.shape != shape or array.dtype != np.int16 or not array.flags.c_contiguous:
                    raise ValueError(f"expected contiguous i16 of {shape}, got {array.shape}")
            out = np.empty(self.kernel.output_shape, np.int32)
            function(x.ctypes.data, w.ctypes.data, out.ctypes.data)
            return out

        run.keep = loaded  # type: ignore[attr-defined]  the code lives as long as this
        return run

    def _llvm_ir(self) -> str:
        module = self.kernel.module()
        for level in ("simd", "llvm"):
            for step in passes_of(level, self.kernel.target.name):
                step.apply(Context(), module)
        return module_to_llvm_ir(module, self.kernel.target)


def int16_baseline(
    geometry: ConvGeometry, target: Target, tile: Tile | None = None
) -> Int16Baseline:
    """The kernel of a geometry for a target, with the tile that llvm-mca likes best.

    Raises:
        ValueError: the geometry has groups.
    """
    return Int16Baseline(Int16Kernel(geometry, target, tile or best_tile(target)))


@cache
def best_tile(target: Target) -> Tile:
    """The fastest of `TILES` by llvm-mca, or the first.

    The first is taken where llvm-mca is not there or does not know the target.
    """
    tiles = TILES[target.arch, target.vector_registers]
    if len(tiles) == 1:
        return tiles[0]
    try:
        return max(tiles, key=lambda t: int16_baseline(_ANY_LAYER, target, t).mac_per_cycle)
    except (McaError, ToolMissingError):
        return tiles[0]
