"""Schedules edited by hand: built as they say and right, or refused with the reason."""

from __future__ import annotations

from functools import cache

import pytest
from xdsl.context import Context
from xdsl.utils.exceptions import PassFailedException, VerifyException

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import KnobValue, ScheduleAttr
from lowering.kernels.kernel_plan import KernelPlan
from lowering.strategies import get_strategy
from lowering.targets import get_target
from lowering.to_loops import ToLoopsPass
from runtime.measure.built_layer import BuiltLayer
from runtime.measure.layer import Layer
from runtime.measure.workloads import Workload

ROWS, COLS = Window(6, 3, 1, 1, 1), Window(9, 3, 1, 1, 1)
CONV = Workload("conv", ConvGeometry(1, ROWS, COLS, 150, 20))
GEMM = Workload("gemm", ConvGeometry.of_matmul(5, 330, 40), is_matmul=True)
AVX2 = "host+avx2"

LUT = ("lut", CONV, "unipolar<1>", "signed<2>", AVX2)
LEVELS = ("dot", GEMM, "unipolar<8>", "signed<2>", AVX2)
BYTES = ("dot", GEMM, "unipolar<4>", "signed<4>", AVX2)
FEW = ("dot", GEMM, "unipolar<2>", "signed<2>", AVX2)
PRODUCTS = ("product_lut", CONV, "codebook<1, [-3, 5]>", "codebook<2, [-7, 0, 1, 9]>", AVX2)
PLANES = ("bitserial", CONV, "unipolar<2>", "bipolar<1>", AVX2)

Case = tuple[str, Workload, str, str, str]


@cache
def layer_of(workload: Workload, x: str, w: str) -> Layer:
    return Layer.of(workload, parse_code(x), parse_code(w))


def edited(case: Case, **knobs: KnobValue) -> tuple[Layer, KernelPlan]:
    """A layer and its kernel, a tile of two pixels, some fields of the schedule given."""
    name, workload, x, w, target = case
    layer, strategy = layer_of(workload, x, w), get_strategy(name)
    contraction = layer.problem("i32").on(get_target(target))
    default = strategy.default_schedule(contraction)
    vectors = min(default.vectors.data, 4)
    schedule = ScheduleAttr.get(2, vectors, default.unroll.data, "rows")
    return layer, KernelPlan(name, strategy.ops.with_knobs(schedule, knobs))


def loops_of(case: Case, **knobs: KnobValue) -> str:
    """The loops of a kernel."""
    layer, choice = edited(case, **knobs)
    module = layer.kernel_module("i32", get_target(case[-1]), choice)
    module.verify()
    ToLoopsPass(case[-1]).apply(Context(), module)
    return str(module)


@pytest.mark.parametrize(
    ("case", "knobs"),
    [
        (LUT, {"chunk": 2, "segment": 4}),
        (LUT, {"chunk": 3, "strip": 2}),
        (LUT, {"chunk": 2, "segment": 2, "sharing": 2}),
        (LEVELS, {"storage": 2}),
        (LEVELS, {"storage": 2, "places": 2}),
        (LEVELS, {"storage": 4, "places": 1}),
        (BYTES, {"i16_steps": 136}),
        (BYTES, {"word_bytes": 1}),
        (FEW, {"word_bytes": 2}),
        (BYTES, {"i16_steps": 3, "x_run": 4}),
        (PRODUCTS, {"table": "memory"}),
        (PLANES, {"words": 3}),
    ],
)
def test_what_is_edited_is_built(case: Case, knobs: dict[str, KnobValue]) -> None:
    """Other loops than those of the defaults, the right results, saturated inputs too."""
    assert loops_of(case, **knobs) != loops_of(case)
    layer, choice = edited(case, **knobs)
    assert BuiltLayer.of(layer, "i32", get_target(case[-1]), choice).is_right()


@pytest.mark.parametrize(
    ("case", "knobs", "reason"),
    [
        (LUT, {"chunk": 4}, "chunk = 4: a group has 3 words of channels"),
        (LUT, {"strip": 3}, "strip = 3: a row has 4 whole tiles, which it does not divide"),
        (LUT, {"segment": 7}, "segment = 7: there are 6 rows"),
        (LUT, {"chunk": 0}, "chunk = 0: 1 to 65535 is allowed"),
        (LUT, {"sharing": 3}, "sharing = 3: 1, 2 are allowed"),
        (LUT, {"table": "memory"}, "unknown field table; allowed: chunk, strip, segment, sharing"),
        (LEVELS, {"storage": 3}, "bits = 3: 1, 2, 4 and 8 are allowed"),
        (LEVELS, {"storage": 1}, "bits = 1"),
        (LEVELS, {"places": 2}, "for weights of few bits only"),
        (LEVELS, {"storage": 2, "places": 4}, "no byte holds such levels of signed<2>"),
        (LEVELS, {"storage": 2, "places": 1, "exponent": 1}, "no byte holds such levels"),
        (BYTES, {"word_bytes": 2}, "are too large for"),
        (BYTES, {"word_bytes": 3}, "word of 24 bits: 8, 16, 32, 64 are allowed"),
        (BYTES, {"i16_steps": 137}, "i16_steps = 137: i16 holds the sums of 136"),
        (BYTES, {"x_run": 3}, "x_run = 3: 1, 2, 4, 8, 16, 32, 64 are allowed"),
        (PRODUCTS, {"table": "stack"}, "table = stack: registers, memory are allowed"),
        (PLANES, {"words": "all"}, "words = all: 1 to 64 is allowed"),
    ],
)
def test_what_cannot_be_built_is_refused(
    case: Case, knobs: dict[str, KnobValue], reason: str
) -> None:
    name, workload, x, w, target = case
    schedule = ScheduleAttr.get(2, 4, 0, "rows").with_knobs(knobs)

    def build() -> None:
        layer = layer_of(workload, x, w)
        module = layer.kernel_module("i32", get_target(target), KernelPlan(name, schedule))
        module.verify()
        ToLoopsPass(target).apply(Context(), module)

    with pytest.raises((VerifyException, PassFailedException, ValueError)) as caught:
        build()
    assert reason in str(caught.value)


def test_a_storage_that_the_weights_do_not_have_is_refused() -> None:
    layer, choice = edited(LEVELS, storage=2)
    module = layer.kernel_module("i32", get_target(AVX2), choice)
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    kernel.properties["schedule"] = choice.schedule.with_knobs({"storage": 4})
    with pytest.raises(VerifyException, match="storage = 4: w takes 2 bits a weight"):
        module.verify()


def test_words_that_the_operands_do_not_have_are_refused() -> None:
    layer, choice = edited(BYTES)
    module = layer.kernel_module("i32", get_target(AVX2), choice)
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    kernel.properties["schedule"] = choice.schedule.with_knobs({"word_bytes": 1})
    with pytest.raises(VerifyException, match="word_bytes = 1: x and w have words of 4 bytes"):
        module.verify()


@pytest.mark.parametrize("case", [LUT, LEVELS, BYTES, PRODUCTS, PLANES], ids=lambda c: c[0])
def test_schedules_are_complete_and_leave_defaults_out(case: Case) -> None:
    """What the cost model takes is what the tuner's knobs and the records say of it."""
    name, workload, x, w, _ = case
    strategy = get_strategy(name)
    for target in ("znver5", "x86-64-v3", "cortex-a53", "cortex-a9"):
        contraction = layer_of(workload, x, w).problem("i32").on(get_target(target))
        schedule = strategy.default_schedule(contraction)
        assert strategy.completed(contraction, schedule) == schedule
        assert strategy.why_not_schedule(contraction, schedule) is None
        for field, value in schedule.knob_values.items():
            assert value != strategy.ops.knobs[field].default
