"""Schedules of epilogues: planned at level 2, built as they say and right, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import PassFailedException, VerifyException

from lowbit_dialect.epilogue_schedule import EpilogueScheduleAttr
from lowbit_dialect.ops.kernel import KernelOp
from lowering.pipeline import lower
from lowering.to_loops import ToLoopsPass
from runtime.compiler import compile as compile_module
from runtime.source import parse_module

AVX2 = "host+avx2"
X_TYPE = "tensor<1x5x9x64x!lowbit.unipolar<1>>"
PACKED = (
    "tensor<1x5x9x64x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64,"
    " order = [0, 1, p, 3, 2]>>"
)


def module_of(thresholds: tuple[int, int, int], seed: int = 0) -> ModuleOp:
    """A convolution of 1-bit codes, its sums from -576 to 576, thresholds of 64 channels alike."""
    rng = np.random.default_rng(seed)
    w = (2 * rng.integers(0, 2, 64 * 9 * 64) - 1).tolist()
    steps = np.array([thresholds] * 64) + rng.integers(-2, 3, (64, 1))
    text = f"""
    func.func @main(%x: {X_TYPE}) -> {PACKED} {{
      %w = lowbit.constant {w} : tensor<64x3x3x64x!lowbit.bipolar<1>>
      %t = arith.constant dense<{steps.tolist()}> : tensor<64x3xi32>
      %a = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : ({X_TYPE},
        tensor<64x3x3x64x!lowbit.bipolar<1>>) -> tensor<1x5x9x64xi32>
      %q = lowbit.fused_glue %a, %t form threshold : (tensor<1x5x9x64xi32>, tensor<64x3xi32>)
        -> tensor<1x5x9x64x!lowbit.unipolar<2>>
      %p = lowbit.bitpack %q : (tensor<1x5x9x64x!lowbit.unipolar<2>>) -> {PACKED}
      func.return %p : {PACKED}
    }}"""
    return parse_module(text)


def kernels(target: str, thresholds: tuple[int, int, int] = (-9, 0, 9)) -> ModuleOp:
    module = module_of(thresholds)
    lower(module, target, "kernels", "lut", "none")
    return module


def kernel_of(module: ModuleOp) -> KernelOp:
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    return kernel


def edited(plan: EpilogueScheduleAttr, thresholds: tuple[int, int, int] = (-9, 0, 9)) -> ModuleOp:
    """The kernels of a module, the schedule of the epilogue edited in the text."""
    module = kernels(AVX2, thresholds)
    kernel_of(module).properties["epilogue_schedule"] = plan
    text = str(module)
    assert str(parse_module(text)) == text
    return parse_module(text)


@pytest.mark.parametrize(
    ("target", "thresholds", "plan"),
    [
        (AVX2, (-9, 0, 9), "sum_bits = 8"),
        (AVX2, (-300, 0, 300), "sum_bits = 16"),
        ("cortex-a53", (-9, 0, 9), "sum_bits = 8, words = 4"),
    ],
)
def test_level_2_plans(target: str, thresholds: tuple[int, int, int], plan: str) -> None:
    """The narrowest lanes; where masks are packed by sums, the words of a register."""
    text = str(kernels(target, thresholds))
    assert f"epilogue_schedule #lowbit.epilogue_schedule<{plan}> :" in text


def test_what_is_given_stays() -> None:
    module = edited(EpilogueScheduleAttr.get())
    assert "epilogue_schedule #lowbit.epilogue_schedule<> :" in str(module)
    lower(module, AVX2, "kernels")
    assert kernel_of(module).plan_of_epilogue == EpilogueScheduleAttr.get()


def test_what_is_edited_is_built() -> None:
    """Other loops for each, and the results of tensors that no epilogue compared."""
    loops: set[str] = set()
    rng = np.random.default_rng(1)
    inputs = [
        *(np.full((1, 5, 9, 64), level, np.uint8) for level in (0, 1)),
        rng.integers(0, 2, (1, 5, 9, 64), dtype=np.uint8),
    ]
    reference = compile_module(module_of((-9, 0, 9)), strategy="dot", use_cache=False)
    expected = [reference(x).words for x in inputs]
    for bits, words in ((8, 1), (16, 1), (32, 1), (8, 4), (32, 2)):
        module = edited(EpilogueScheduleAttr.get(bits, words))
        built = compile_module(module, AVX2, use_cache=False)
        for x, want in zip(inputs, expected, strict=True):
            np.testing.assert_array_equal(built(x).words, want)
        ToLoopsPass(AVX2).apply(Context(), module)
        loops.add(str(module))
    assert len(loops) == 5


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ((8, 1), "sum_bits = 8: lanes of i8 do not decide all comparisons"),
        ((16, 64), "words = 64: a vector of host+avx2 holds"),
    ],
)
def test_what_cannot_be_built_is_refused(plan: tuple[int, int], reason: str) -> None:
    module = edited(EpilogueScheduleAttr.get(*plan), (-300, 0, 300))
    with pytest.raises(PassFailedException) as caught:
        ToLoopsPass(AVX2).apply(Context(), module)
    assert reason in str(caught.value)


def test_a_plan_without_what_it_is_for_is_refused() -> None:
    with pytest.raises(VerifyException, match="sum_bits = 12: 8, 16, 32 are allowed"):
        EpilogueScheduleAttr.get(12)
    module = kernels(AVX2)
    kernel = kernel_of(module)
    kernel.properties["epilogue_schedule"] = EpilogueScheduleAttr.get(8, 2)
    module.verify()
    block = kernel.epilogue_block
    assert block is not None
    kernel.regions[0].detach_block(block)
    with pytest.raises(VerifyException, match="sum_bits = 8: for glue of form threshold"):
        kernel._verify_epilogue_schedule()
