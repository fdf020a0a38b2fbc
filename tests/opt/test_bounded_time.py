"""Compile time is bounded by the size of a module, not by the extents in it.

The time limits are generous: what loops over an extent takes minutes, or does not end.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Iterator

import pytest
from xdsl.utils.exceptions import DiagnosticException

from lowbit_dialect.codes import UnipolarType, parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import model_plan
from lowering.kernels.schedule_space import why_not_schedule
from lowering.pipeline import lower
from lowering.targets import get_target
from runtime.source import parse_module

SECONDS = 5.0
EXTENTS = (10**6, 2**30, 2**31 - 1, 2**31, 2**40)


def module_of(op: str, inputs: list[str], result: str) -> str:
    """A function that returns what `op` makes of its arguments %0, %1, .."""
    arguments = ", ".join(f"%{i}: {type_}" for i, type_ in enumerate(inputs))
    operands = ", ".join(f"%{i}" for i in range(len(inputs)))
    name, _, clauses = op.partition(" ")
    return f"""
func.func @main({arguments}) -> {result} {{
  %y = lowbit.{name} {operands} {clauses} : ({", ".join(inputs)}) -> {result}
  func.return %y : {result}
}}"""


def elementwise(e: int) -> Iterator[str]:
    ints, floats, code = (f"tensor<{e}x{t}>" for t in ("i32", "f32", "!lowbit.signed<2>"))
    yield module_of("add", [ints, ints], ints)
    yield module_of("quantize scale [0.5]", [floats], code)
    yield module_of("dequantize scale [0.5]", [code], floats)
    for layout in ("word = i32, order = [p, 0]", "word = i8, order = [0], bytes = levels"):
        packed = f"tensor<{e}x!lowbit.signed<2>, #lowbit.packed<axis = 0, {layout}>>"
        yield module_of("bitpack", [code], packed)
        yield module_of("unpack", [packed], code)


def glue(e: int) -> Iterator[str]:
    for shape, axis, channels in ((f"{e}x1", 1, 1), (f"1x{e}", 1, e), (f"{e}x1", 0, e)):
        acc, result = (f"tensor<{shape}x{t}>" for t in ("i32", "!lowbit.unipolar<1>"))
        steps, shifts = f"tensor<{channels}x1xi32>", f"tensor<{channels}xi32>"
        yield module_of(f"fused_glue form threshold axis {axis}", [acc, steps], result)
        yield module_of(f"fused_glue form shift axis {axis}", [acc, shifts, shifts], result)


def pools(e: int) -> Iterator[str]:
    for taps, stride, padding in ((1, 1, 0), (e, 1, 0), (3, 1, 2), (e, 1, e - 1), (2, e, 1)):
        out = (e + 2 * padding - taps) // stride + 1
        for kind, (x, y) in enumerate(((f"{e}x1", f"{out}x1"), (f"1x{e}", f"1x{out}"))):
            kernel, strides, pad = [taps, 1], [stride, 1], [padding, padding, 0, 0]
            if kind:
                kernel, strides, pad = kernel[::-1], strides[::-1], pad[2:] + pad[:2]
            clauses = f"kernel {kernel} strides {strides} padding {pad}"
            types = [f"tensor<1x{shape}x1x!lowbit.unipolar<1>>" for shape in (x, y)]
            yield module_of(f"max_pool2d {clauses}", types[:1], types[1])


def contractions(e: int) -> Iterator[str]:
    x_code, w_code = "!lowbit.signed<2>", "!lowbit.bipolar<1>"
    for m, k, n in ((e, 1, 1), (1, e, 1), (1, 1, e)):
        types = [f"tensor<{m}x{k}x{x_code}>", f"tensor<{k}x{n}x{w_code}>"]
        yield module_of("matmul", types, f"tensor<{m}x{n}xi32>")
    # Extent, taps, padding, dilation, channels, output channels, groups.
    for w, taps, p, d, ic, oc, groups in (
        (e, 3, 1, 1, 1, 1, 1),
        (e, e, e - 1, 1, 1, 1, 1),
        (1, 3, e, 1, 1, 1, 1),
        (1, 2, e, e, 1, 1, 1),
        (1, 1, 0, 1, e, 1, 1),
        (1, 1, 0, 1, 1, e, 1),
        (1, 1, 0, 1, e, e, e),
    ):
        out = w + 2 * p - (taps - 1) * d
        clauses = f"padding [0, 0, {p}, {p}] dilation [1, {d}] groups {groups}"
        image = f"tensor<1x1x{w}x{ic}x{x_code}>"
        filters = f"tensor<{oc}x1x{taps}x{ic // groups}x{w_code}>"
        yield module_of(f"conv2d {clauses}", [image, filters], f"tensor<1x1x{out}x{oc}xi32>")


@pytest.mark.parametrize("extent", EXTENTS)
@pytest.mark.parametrize("texts", [elementwise, glue, pools, contractions])
def test_extents(texts, extent: int) -> None:
    """A module is lowered to loops, or refused with a diagnostic."""
    done = 0
    for text in texts(extent):
        start = time.process_time()
        try:
            lower(parse_module(text), "x86-64-v3", until="loops")
            done += 1
        except DiagnosticException:
            assert extent > 10**6 or "conv2d" in text, text
        assert time.process_time() - start < SECONDS, text
    assert done or extent >= 2**31 - 1


@pytest.mark.parametrize("target", ["znver5", "x86-64-v3", "cortex-a53", "cortex-a7"])
@pytest.mark.parametrize("strategy", ["auto", "bitserial", "dot", "lut", "product_lut"])
def test_choices(target: str, strategy: str) -> None:
    """Ten million channels, and windows of a million taps."""
    window = Window(1 << 20, 1 << 20, 1, (1 << 20) - 1, (1 << 20) - 1)
    codes = parse_code("unipolar<2>"), parse_code("bipolar<1>")
    for geometry in (
        ConvGeometry.of_matmul(1, 10**7, 64),
        ConvGeometry.of_matmul(1, 64, 10**7),
        ConvGeometry(1, window, Window(1, 1), 1, 1),
        ConvGeometry(1, Window(1, 1), window, 1, 1),
    ):
        start = time.process_time()
        try:
            model_plan(Contraction(*codes, geometry), get_target(target), strategy)
        except ValueError:
            # Sums of tables may leave 16 bits, or the tables the stack.
            is_table = strategy == "lut"
            assert is_table
        assert time.process_time() - start < 1


def test_unrolled_bodies_and_tiles_in_the_padding_are_bounded() -> None:
    window = Window(1000, 1000, 1, 999, 999)
    geometry = ConvGeometry(1, window, window, 256, 64)
    problem, target = Contraction(UnipolarType(1), UnipolarType(1), geometry), get_target("znver5")
    for schedule, reason in (
        (ScheduleAttr.get(4, 2, unroll=3), "unroll = 3 makes a body of 64000000 steps"),
        (ScheduleAttr.get(4, 2, skip="all"), "skip = all makes code for 499 tiles"),
    ):
        assert reason in (why_not_schedule(schedule, problem, target, "bitserial") or "")
    assert why_not_schedule(ScheduleAttr.get(4, 2), problem, target, "bitserial") is None
    choice = model_plan(problem, target, "bitserial")
    assert why_not_schedule(choice.schedule, problem, target, "bitserial") is None


def chain(count: int) -> str:
    """Additions, each of the one before it."""
    lines = [f"  %{i + 1} = lowbit.add %{i}, %{i} : (!t, !t) -> !t" for i in range(count)]
    body = "\n".join(lines)
    head = "!t = tensor<64xi32>\nfunc.func @main(%0: !t) -> !t {"
    return f"{head}\n{body}\n  return %{count} : !t\n}}"


def test_chains_cost_what_they_are_long() -> None:
    """Calls of functions, which do not depend on the machine, for eight times the operations."""
    calls = []
    for count in (2, 10, 80):
        module, profile = parse_module(chain(count)), cProfile.Profile()
        profile.runcall(lower, module, "x86-64-v3", until="simd")
        calls.append(pstats.Stats(profile).total_calls)  # pyright: ignore
    assert calls[2] < 8.8 * calls[1]
