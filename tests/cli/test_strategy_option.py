"""`--strategy` of run, compile and inspect."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cli.conftest import Lowbit, Work


@pytest.mark.parametrize("strategy", ["bitserial", "dot"])
def test_the_strategy_is_taken(lowbit: Lowbit, work: Work, strategy: str):
    inputs = ("-i", work / "x.npy", "-i", work / "w.npy")
    chosen = ("--strategy", strategy)
    result = lowbit(*("run", work / "conv.mlir", *inputs, "-o", work / "y.npy"), *chosen)
    assert (result.code, result.err) == (0, "")
    np.testing.assert_array_equal(np.load(work / "y.npy"), work.y)
    for command in (("inspect",), ("compile", "--emit=mlir")):
        result = lowbit(*command, work / "conv.mlir", "--level=kernels", *chosen)
        assert f"lowbit.{strategy}_conv" in result.out
    folder = work / "out"
    assert lowbit("compile", work / "conv.mlir", "-o", f"{folder}/", *chosen).code == 0


def test_a_strategy_that_cannot_take_the_layer_is_refused(lowbit: Lowbit, work: Work):
    (work / "wide.mlir").write_text(
        (work / "conv.mlir").read_text().replace("unipolar<2>", "unipolar<8>")
    )
    wanted = ("--strategy=product_lut", "--emit=mlir")
    assert "product_lut is impossible" in lowbit("compile", work / "wide.mlir", *wanted).message


def test_a_strategy_beside_a_pipeline_is_refused(lowbit: Lowbit, work: Work):
    pipeline = ("--emit=mlir", "--pipeline=lowbit-select-kernel", "--strategy=dot")
    message = lowbit("compile", work / "conv.mlir", *pipeline).message
    assert "--strategy=dot goes without --pipeline" in message


def test_an_unknown_strategy_is_a_wrong_argument(lowbit: Lowbit, work: Work):
    result = lowbit("inspect", work / "conv.mlir", "--strategy=table")
    assert result.code == 2
    assert "lut" in result.err
