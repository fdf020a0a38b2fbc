"""Random networks against exact arithmetic and QONNX's executor: the integers of quantisers."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.constants import constant_tensor, constant_values
from lowbit_dialect.interpreters import interpret
from lowbit_dialect.interpreters.values import to_values
from lowbit_dialect.ops.glue import FusedGlueOp
from tests.importers.networks import onnx
from tests.importers.random_networks import RandomNetwork

pytest.importorskip("qonnx", reason="no qonnx: pip install qonnx")

from lowering.importers.lower_model import Model
from lowering.importers.model_file import ModelError
from runtime.verification.verify_model import Verification, verify_model


def interpreted(module: ModuleOp, arrays: Sequence[NDArray]) -> list[NDArray]:
    """The results of a module, by the reference of each operation."""
    return [np.asarray(to_values(value)) for value in interpret(module, "main", *arrays)]


def verified(seed: int, folder: Path, run=interpreted) -> Verification:
    """A random network, verified."""
    network = RandomNetwork(seed)
    path = folder / "net.onnx"
    onnx.save(network.model, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return verify_model(path, Model.open(path), [network.x], samples=8, run=run)


def check(seed: int, folder: Path, run=interpreted) -> int:
    """Verify a network; the ties, or -1 where it does not become integers."""
    try:
        found = verified(seed, folder, run)
    except ModelError as error:
        if "stays in floating point" not in str(error):
            raise AssertionError(f"seed {seed}: {error}") from error
        return -1
    for report in found.quantizers:
        assert not report.errors, f"seed {seed}: {report}"
    return sum(report.ties or 0 for report in found.quantizers)


@pytest.mark.parametrize("first", range(0, 60, 15))
def test_random_networks(first: int, tmp_path: Path) -> None:
    ties = [check(seed, tmp_path) for seed in range(first, first + 15)]
    print(f"seeds {first} .. {first + 14}: ties {ties}")
    assert ties.count(-1) <= 2
    check(first, tmp_path, None)  # compiled


@pytest.mark.sweep
@pytest.mark.parametrize("first", range(60, 560, 20))
def test_more_random_networks(first: int, tmp_path: Path) -> None:
    ties = [check(seed, tmp_path, None) for seed in range(first, first + 20)]
    print(f"seeds {first} .. {first + 19}: ties {ties}")
    assert ties.count(-1) <= 3


@pytest.mark.parametrize("seed", [0, 2])
def test_a_planted_error_is_found(seed: int, tmp_path: Path) -> None:
    """A threshold that is off by one, of the second quantiser."""

    def run(module: ModuleOp, arrays: Sequence[NDArray]) -> list[NDArray]:
        glue = [op for op in module.walk() if isinstance(op, FusedGlueOp)][1]
        constant = glue.parameters[0].owner
        assert isinstance(constant, arith.ConstantOp)
        rows = constant_values(constant.result)
        assert rows is not None
        moved = constant_tensor(np.where(np.abs(rows) < 1 << 30, rows + 1, rows))
        constant.properties["value"] = moved.value
        return interpreted(module, arrays)

    found = verified(seed, tmp_path, run)
    errors = [report.node for report in found.quantizers if report.errors]
    assert errors
    with pytest.raises(ModelError, match=f"quantiser {errors[0]!r}: .*exact arithmetic gives"):
        found.check()
