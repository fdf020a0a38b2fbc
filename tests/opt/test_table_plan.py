"""How tables of partial sums are laid out: what fits where, and why there can be none."""

from dataclasses import replace

import pytest

from lowbit_dialect.codes import AffineCode, BipolarType, SignedType, UnipolarType
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import resolve_strategy
from lowering.strategies import get_strategy
from lowering.strategies.lut.table_plan import MAX_RING_BYTES, TablePlan, plan_tables
from lowering.targets import TARGETS, get_target

A2, A4, W1, W2 = UnipolarType(2), UnipolarType(4), BipolarType(1), SignedType(2)


def conv(
    extent: int, ic: int, oc: int, taps: int = 3, stride: int = 1, dilation: int = 1
) -> ConvGeometry:
    padding = taps // 2 * dilation
    window = Window(extent, taps, stride, padding, padding, dilation)
    return ConvGeometry(1, window, window, ic, oc)


def planned(geometry: ConvGeometry, x: AffineCode, w: AffineCode, name: str) -> TablePlan:
    """The tables that a contraction gets on a target by default."""
    target = get_target(name)
    schedule = get_strategy("lut").default_schedule(Contraction(x, w, geometry).on(target))
    return plan_tables(x, w, geometry, target, (schedule.pixels.data, schedule.vectors.data))


SHAPES = [
    conv(56, 64, 64),
    conv(28, 128, 128),
    conv(14, 256, 256),
    conv(7, 512, 512),
    conv(28, 128, 256, stride=2),
    conv(9, 70, 33, dilation=2),
    conv(14, 512, 512, taps=1),
    ConvGeometry.of_matmul(1, 4096, 4096),
    ConvGeometry.of_matmul(1000, 770, 64),
]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("geometry", SHAPES, ids=lambda g: f"{g.rows.taps}x{g.ic}x{g.oc}")
def test_what_the_plan_promises(geometry: ConvGeometry, name: str):
    target, plan = get_target(name), planned(geometry, A2, W1, name)
    assert plan.why_not is None
    if (plan.tiles, plan.chunk) != (1, 1):  # there is nothing smaller than that
        assert plan.ring_bytes <= target.costs.l1_bytes * 3 // 4
    assert plan.chunks * plan.chunk >= plan.words > (plan.chunks - 1) * plan.chunk
    whole_tiles = max(1, geometry.cols.out // (plan.pixels * plan.shared))
    assert whole_tiles % plan.tiles == 0  # strips of whole tiles, and at most one rest
    assert 1 <= plan.segment <= geometry.batch * geometry.rows.out
    assert plan.sums.fits_16_bits(plan.elements(plan.chunk))


def test_entries_are_what_a_shuffle_takes():
    entries = {name: planned(SHAPES[0], A2, W1, name).entries for name in TARGETS}
    vbmi = {name for name in TARGETS if get_target(name).has("avx512vbmi")}
    assert vbmi
    assert entries == {name: 64 if name in vbmi else 16 for name in TARGETS}


def test_the_numbers_of_a_plan():
    """Two tiles of four pixels, three columns of taps, 128 channels of 11 indices a word."""
    target = get_target("znver5")
    one = plan_tables(A2, W1, conv(8, 128, 64), target, (4, 4))
    plan = replace(one, tiles=2, chunk=2)
    assert (plan.words, plan.chunks, plan.chunk_indices) == (2, 1, 22)
    assert [plan.indices(words) for words in (1, 2, 3)] == [11, 22, 22]
    assert (plan.ring, plan.columns(8), plan.entries) == (3, 10, 64)
    assert plan.ring_bytes == 3 * 10 * 22 * 64
    assert plan.elements(2) == 9 * 22 * 6
    assert replace(one, chunk=1).chunks == 2


@pytest.mark.parametrize(
    ("x", "name", "shared"),
    [
        (UnipolarType(1), "znver5", 2),
        (UnipolarType(1), "x86-64-v3", 2),
        (A2, "znver5", 1),
        (A2, "x86-64-v3", 1),
        (A2, "cortex-a53", 2),
        (A2, "cortex-a9", 2),
        (UnipolarType(3), "cortex-a53", 1),
    ],
)
def test_two_pixels_share_a_byte_where_a_nibble_holds_two_entries(
    x: AffineCode, name: str, shared: int
):
    plan = planned(SHAPES[0], x, W1, name)
    assert plan.shared == shared
    assert plan.strip == plan.pixels * plan.tiles * shared


def test_stride_and_dilation_widen_the_ring():
    window = Window(20, 3, 2, 2, 2, 2)
    plan = planned(ConvGeometry(1, window, window, 64, 64), A2, W1, "znver5")
    assert plan.ring == 5
    assert plan.columns(4) == 3 * 2 + 2 * 2 + 1


def test_groups_have_words_of_their_own():
    window = Window(8, 1)
    plan = planned(ConvGeometry(1, window, window, 4 * 70, 64, 4), A2, W1, "znver5")
    assert (plan.words, plan.indices(1), plan.indices(2)) == (2, 11, 12)
    assert plan.ring_bytes == plan.columns(plan.pixels * plan.tiles) * 4 * plan.chunk_indices * 64


def test_pairs_are_kept_between_chunks_as_long_as_16_bits_hold_all():
    """9 taps of channels of up to 3 each; 11 indices of 6 for every 64 channels."""
    kept, widened = (planned(conv(7, ic, 64), A2, W1, "znver5") for ic in (2304, 2368))
    assert kept.sums.sum_elements(kept.elements(kept.words)) == (0, 3 * 9 * 36 * 66)
    assert kept.keeps_pairs
    assert widened.sums.sum_elements(widened.elements(widened.words)) == (0, 3 * 9 * 37 * 66)
    assert 3 * 9 * 36 * 66 < 65536 < 3 * 9 * 37 * 66
    assert not widened.keeps_pairs
    assert widened.why_not is None  # the sums of a chunk do fit


@pytest.mark.parametrize(
    ("geometry", "x", "w", "reason"),
    [
        (SHAPES[0], SignedType(2), W1, "take unipolar and bipolar activations"),
        (SHAPES[0], UnipolarType(6), W1, "sum to 378, more than a byte of a table holds"),
        (conv(56, 64, 64, 31), A4, W1, "sums of 961 taps of 64 channels can leave 16 bits"),
        (conv(56, 64, 64, 7), A4, SignedType(4), "sums of 49 taps of 64 channels can leave 16"),
        (conv(99, 64, 64, 7, 1, 9), UnipolarType(1), W1, "rows take"),
    ],
)
def test_why_there_can_be_no_tables(
    geometry: ConvGeometry, x: AffineCode, w: AffineCode, reason: str
):
    contraction = Contraction(x, w, geometry).on(get_target("znver5"))
    why = get_strategy("lut").why_not(contraction)
    assert why is not None
    assert reason in why
    with pytest.raises(ValueError, match=f"strategy lut is impossible: .*{reason}"):
        resolve_strategy("lut", contraction)
    assert resolve_strategy("auto", contraction).name != "lut"


def test_tables_larger_than_the_stack_may_be():
    plan = plan_tables(UnipolarType(1), W1, conv(99, 64, 64, 7, 1, 9), get_target("znver5"), (1, 4))
    assert plan.ring_bytes == 55 * 55 * 11 * 64 > MAX_RING_BYTES
    assert plan.why_not == (
        f"the tables of 55 rows take {plan.ring_bytes} bytes on the stack, more than"
        f" {MAX_RING_BYTES}"
    )


def test_a_matrix_of_a_million_rows_is_planned_at_once():
    plan = planned(ConvGeometry.of_matmul(2**20, 64, 64), A2, W1, "znver5")
    assert plan.why_not is None
