"""A processor without vector instructions: every kernel by its portable expansion, on RISC-V."""

from __future__ import annotations

from lowering.targets import get_target
from runtime.build import build_object
from runtime.source import parse_module
from tests.differential.contraction import Conv, Matmul
from tests.emulation.emulated import Batch
from tests.emulation.test_emulated_contractions import add_conv, add_matmul

TARGET = "rv64gc"

CASES = {
    "bitserial": ("unipolar<2>", "signed<2>"),
    "dot": ("signed<4>", "signed<4>"),
    "lut": ("unipolar<1>", "bipolar<1>"),
    "product_lut": ("unipolar<2>", "codebook<2, [-7, -1, 2, 5]>"),
}
"""Codes for each strategy."""


def test_every_strategy() -> None:
    batch = Batch(TARGET, ("end", "+1"))
    for strategy, (x_code, w_code) in CASES.items():
        conv = Conv((1, 5, 4, 19), 9, x_code=x_code, w_code=w_code)
        add_conv(batch, conv, strategy, constant=True)
    add_matmul(batch, Matmul(3, 70, 5, *CASES["bitserial"]), "bitserial")
    assert batch.run() > 20


def test_objects_are_of_the_machine_and_call_nothing() -> None:
    text = """
    func.func @main(%x: tensor<1x4x4x20x!lowbit.unipolar<2>>,
                    %w: tensor<9x3x3x20x!lowbit.bipolar<1>>) -> tensor<1x2x2x9xi32> {
      %y = lowbit.conv2d %x, %w : (tensor<1x4x4x20x!lowbit.unipolar<2>>,
        tensor<9x3x3x20x!lowbit.bipolar<1>>) -> tensor<1x2x2x9xi32>
      return %y : tensor<1x2x2x9xi32>
    }"""
    _, data = build_object(parse_module(text), get_target(TARGET))
    assert int.from_bytes(data[18:20], "little") == 243  # EM_RISCV
    assert data[48] & 6 == 4  # floats in double registers, as the C compiler's
