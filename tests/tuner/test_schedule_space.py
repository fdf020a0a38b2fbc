"""Which schedules are legal: every default one is, and what is refused says why."""

import pytest

from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan, model_plan
from lowering.kernels.prediction import predicted_cycles
from lowering.kernels.schedule_space import (
    is_worth_trying,
    nearest,
    schedules,
    strategies,
    why_not_schedule,
)
from lowering.targets import TARGETS, get_target

NAMES = [*TARGETS, "host", "host+sse2"]
CODES = [
    ("unipolar<1>", "bipolar<1>"),
    ("unipolar<2>", "signed<2>"),
    ("signed<4>", "signed<4>"),
    ("unipolar<8>", "signed<8>"),
    ("bipolar<8>", "bipolar<8>"),
]


def conv(
    codes: tuple[str, str], extent=14, channels=64, out=64, taps=3, groups=1, batch=1
) -> Contraction:
    x, w = map(parse_code, codes)
    window = Window(extent, taps, 1, taps // 2, taps // 2)
    return Contraction(x, w, ConvGeometry(batch, window, window, channels, out, groups))


def matmul(codes: tuple[Code, Code], m: int, k: int, n: int) -> Contraction:
    return Contraction(*codes, ConvGeometry.of_matmul(m, k, n), is_matmul=True)


def problems():
    for codes in CODES:
        yield conv(codes)
        yield conv(codes, extent=1, channels=1, out=1, taps=1)
        yield conv(codes, extent=7, channels=512, out=512)
        yield conv(codes, extent=5, channels=12, out=6, groups=6)
        x, w = map(parse_code, codes)
        yield matmul((x, w), 1, 300, 5)
        yield matmul((x, w), 100, 1000, 100)


@pytest.mark.parametrize("name", NAMES)
def test_default_schedules_are_legal_everywhere(name):
    target = get_target(name)
    for problem in problems():
        for strategy in strategies(problem, target):
            choice = model_plan(problem, target, strategy)
            assert choice.strategy == strategy
            assert why_not_schedule(choice.schedule, problem, target, strategy) is None
            near = nearest(choice.schedule, problem, target, strategy)
            assert is_worth_trying(near, problem, target, strategy), (problem, near)
            assert nearest(near, problem, target, strategy) == near


def test_schedules_are_legal_and_differ():
    target, problem = get_target("znver5"), conv(CODES[1])
    found = list(schedules(problem, target, "bitserial"))
    assert len(found) == len(set(found)) > 100
    for schedule in found:
        assert why_not_schedule(schedule, problem, target, "bitserial") is None
        assert nearest(schedule, problem, target, "bitserial") == schedule


def test_knobs_that_make_no_difference_have_one_value():
    target = get_target("znver5")
    x, w = map(parse_code, CODES[0])
    found = set(schedules(matmul((x, w), 1, 32, 16), target, "bitserial"))
    assert found == {ScheduleAttr.get(1, 1, 0, "rows")}
    deep = ScheduleAttr.get(4, 2, 3, "channels")
    assert nearest(deep, matmul((x, w), 1, 32, 16), target, "bitserial") == ScheduleAttr.get(
        1, 1, 0, "rows"
    )


@pytest.mark.parametrize(
    ("name", "tile", "legal"),
    [
        ("znver5", (14, 2), True),
        ("znver5", (15, 2), False),
        ("znver5", (6, 4), True),
        ("znver5", (7, 4), False),
        ("x86-64-v3", (6, 2), True),
        ("x86-64-v3", (7, 2), False),
        ("x86-64", (1, 4), True),
        ("x86-64", (2, 8), False),
        ("cortex-a53", (6, 4), False),
        ("cortex-a53", (5, 4), True),
    ],
)
def test_registers_are_counted(name, tile, legal):
    schedule = ScheduleAttr.get(*tile)
    reason = why_not_schedule(schedule, conv(CODES[1]), get_target(name), "bitserial")
    assert (reason is None) == legal
    if reason is not None:
        assert f"tile {tile[0]}x{tile[1]} needs" in reason
        assert f"{name} has {get_target(name).vector_registers}" in reason


def test_wide_vectors_take_several_registers():
    schedule, target = ScheduleAttr.get(4, 2), get_target("x86-64-v3")
    assert why_not_schedule(schedule, conv(CODES[1]), target, "bitserial", 256) is None
    reason = why_not_schedule(schedule, conv(CODES[1]), target, "bitserial", 512)
    assert reason is not None
    assert "needs 22 vector registers; x86-64-v3 has 16" in reason


def test_the_smallest_tile_is_always_allowed():
    for name in NAMES:
        for wide in (128, 512, 2048):
            least = ScheduleAttr.get(1, 1)
            assert why_not_schedule(least, conv(CODES[1]), get_target(name), "dot", wide) is None


def test_strategies_are_those_that_are_possible():
    target = get_target("znver5")
    assert strategies(conv(CODES[1]), target) == ["bitserial", "dot", "lut"]
    assert strategies(conv(CODES[1]), target, "dot") == ["dot"]
    assert strategies(conv(CODES[4]), target) == ["bitserial"]
    with pytest.raises(ValueError, match="strategy dot is impossible"):
        strategies(conv(CODES[4]), target, "dot")
    with pytest.raises(ValueError, match="unknown strategy 'fast'"):
        strategies(conv(CODES[1]), target, "fast")


def test_predictions_grow_with_the_work():
    target = get_target("znver5")
    choice = KernelPlan("bitserial", ScheduleAttr.get(7, 1, 1))
    cycles = [predicted_cycles(conv(codes), choice, target) for codes in CODES[:3]]
    assert cycles == sorted(cycles)
    assert 3 * cycles[0] < cycles[1] < cycles[2] / 3
