"""The 16-bit kernel that low-bit kernels are held against: its sums, and what it becomes."""

import re
from math import isqrt

import numpy as np
import pytest

from benchmarks.int16.baseline import TILES, int16_baseline
from benchmarks.int16.kernel import Tile
from lowbit_dialect import reference
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.targets import TARGETS, get_target
from runtime.analysis.instructions import spills_of
from runtime.tools import ToolMissingError
from runtime.tools.llvm_tools import find_mca
from tests.backend.harness import RUN, calls
from tests.guard import guarded
from tests.tools import needed

GEOMETRIES = {
    "3x3": ConvGeometry(1, Window(9, 3, 1, 1, 1), Window(11, 3, 1, 1, 1), 16, 40),
    "batch, stride, channels of no step": ConvGeometry(
        2, Window(9, 3, 2, 1, 0), Window(10, 3, 2, 0, 1), 13, 33
    ),
    "dilation": ConvGeometry(1, Window(9, 3, 1, 2, 2, 2), Window(9, 2, 1, 1, 0, 3), 8, 16),
    "fewer pixels than a tile": ConvGeometry(1, Window(4, 2), Window(3, 2), 4, 5),
    "one tap": ConvGeometry(1, Window(1, 1), Window(1, 1), 3, 1),
    "matrix product": ConvGeometry.of_matmul(13, 70, 37),
}


def _numpy_conv(x: np.ndarray, w: np.ndarray, g: ConvGeometry) -> np.ndarray:
    rows, cols = g.rows, g.cols
    padding = rows.before, rows.after, cols.before, cols.after
    strides, dilation = (rows.stride, cols.stride), (rows.dilation, cols.dilation)
    return reference.conv2d(x.astype(np.int64), w.astype(np.int64), strides, padding, dilation)


@pytest.mark.parametrize("target", RUN)
@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("fill", ["random", "largest"])
def test_sums_are_those_of_numpy(target: str, name: str, fill: str) -> None:
    g, rng = GEOMETRIES[name], np.random.default_rng(0)
    largest = min(isqrt((2**31 - 1) // g.taps), 2**15 - 1)  # no sum leaves i32
    shapes = (
        (g.batch, g.rows.extent, g.cols.extent, g.ic),
        (g.oc, g.rows.taps, g.cols.taps, g.ic),
    )
    x, w = (
        rng.integers(-largest, largest, shape, np.int16, endpoint=True)
        if fill == "random"
        else np.full(shape, -largest, np.int16)
        for shape in shapes
    )
    baseline = int16_baseline(g, get_target(target))
    kernel = baseline.kernel
    out = baseline.load()(guarded(kernel.frame(x)), guarded(kernel.pack(w)))
    np.testing.assert_array_equal(out[..., : g.oc], _numpy_conv(x, w, g))
    assert not out[..., g.oc :].any()


def test_arrays_of_other_shapes_are_refused() -> None:
    run = int16_baseline(GEOMETRIES["3x3"], get_target("host")).load()
    with pytest.raises(ValueError, match="expected contiguous i16 of"):
        run(np.zeros((1, 1, 1, 1), np.int16), np.zeros((1, 1, 1, 1), np.int16))


def test_groups_are_refused() -> None:
    grouped = ConvGeometry(1, Window(4, 1), Window(4, 1), 8, 8, groups=2)
    with pytest.raises(ValueError, match="takes 1 group, got 2"):
        int16_baseline(grouped, get_target("cortex-a53"))


LAYER = ConvGeometry(1, Window(14, 3, 1, 1, 1), Window(14, 3, 1, 1, 1), 256, 256)

MULTIPLICATIONS = {
    "x86_64": (r"vpmaddwd|vpdpwssd|pmaddwd", 2),
    "aarch64": (r"smlal2?", 1),
    "armv7": (r"vmlal\.s16", 1),
}
"""By architecture with vectors the instruction, and the products it adds to a lane."""


@pytest.mark.parametrize("target", [t for t in TARGETS if get_target(t).arch in MULTIPLICATIONS])
def test_inner_loop_multiplies_and_does_little_else(target: str) -> None:
    described = get_target(target)
    baseline = int16_baseline(LAYER, described)
    name, products = MULTIPLICATIONS[described.arch]
    multiplications = sum(bool(re.fullmatch(name, i.mnemonic)) for i in baseline.loop)
    lanes = described.vector_bits // 32
    assert multiplications * lanes * products == baseline.macs_per_iteration
    spills = spills_of(baseline.loop, described.arch)
    assert (spills.stores, spills.reloads) == (0, 0)
    assert calls(baseline.assembly.text) == []
    others = len(baseline.loop) - multiplications
    if described.arch != "x86_64":  # which adds in another instruction, without VNNI
        assert others < 0.35 * multiplications
        # one lane of a register times a vector, without a broadcast
        assert all("[" in i.operands[-1] for i in baseline.loop if "mlal" in i.mnemonic)


@pytest.mark.parametrize(
    ("target", "least"),
    [("cortex-a53", 3.0), ("cortex-a72", 3.9), ("neoverse-n1", 3.9), ("cortex-a9", 3.6)],
)
def test_rate_is_near_one_multiplication_a_cycle(target: str, least: float) -> None:
    needed(find_mca)
    described = get_target(target)
    best = int16_baseline(LAYER, described)
    assert least <= best.mac_per_cycle <= 4
    for tile in TILES[described.arch, described.vector_registers]:
        assert best.mac_per_cycle >= int16_baseline(LAYER, described, tile).mac_per_cycle


def test_a_tile_may_be_given() -> None:
    baseline = int16_baseline(LAYER, get_target("cortex-a53"), Tile(2, 2, 4, 2))
    assert baseline.macs_per_iteration == 2 * 2 * 4 * 4
    assert str(baseline.kernel.tile) == "2x2x4"
    assert "multiply" in str(baseline.mix)


def test_mca_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    baseline = int16_baseline(LAYER, get_target("cortex-a53"), Tile(2, 2, 4, 2))
    with pytest.raises(ToolMissingError, match="no llvm-mca"):
        _ = baseline.mac_per_cycle
