"""`python -m benchmarks --network`, and what it is made of."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.command import main
from benchmarks.networks.bare import LOW_BITS, BareEpiloguesPass, LowBitsForm, LowBitsLevels
from benchmarks.networks.record import NetworkRecord
from lowbit_dialect.network import Network
from lowbit_dialect.ops.glue_forms import FORMS
from lowbit_dialect.ops.kernel import KernelOp
from lowering.loops.epilogue.glue_levels import GLUE_LEVELS
from lowering.pipeline import passes
from runtime import compile
from runtime.measure.profile import time_stages
from runtime.measure.result_file import load_results


def test_bare_epilogues_store_low_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    # The pass registers its form for the whole process, and later tests would bypass the cache.
    monkeypatch.setitem(FORMS, LOW_BITS, LowBitsForm())
    monkeypatch.setitem(GLUE_LEVELS, LOW_BITS, LowBitsLevels)
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 4, (1, 3, 5, 20)), rng.choice([-1, 1], (18, 1, 1, 20))
    net = Network(("unipolar<2>", x.shape))
    acc = net.conv2d(net.inputs[0], w, "bipolar<1>")
    y = net.shift(acc, 7, 1, "unipolar<8>")
    pipeline = list(passes("host"))
    pipeline.insert(len(passes("host", "kernels")), BareEpiloguesPass())
    forms = []

    def after(step, module) -> None:
        if step.run.name == BareEpiloguesPass.name:
            kernels = [op for op in module.walk() if isinstance(op, KernelOp)]
            forms.extend(k.glue.form.data for k in kernels if k.glue is not None)

    executable = compile(net.finish(y), passes=pipeline, after=after)
    assert forms == [LOW_BITS]
    # The kernel's own sums lack the constant of each channel that the glue held.
    sums = (x.reshape(-1, 20) @ w.reshape(18, 20).T - w.clip(0).sum(axis=(1, 2, 3)) * 3) & 255
    difference = (executable(x).reshape(-1, 18) - sums) & 255
    assert (difference == difference[0]).all()


def test_stages_are_timed_in_order() -> None:
    net = Network(("unipolar<2>", (1, 4, 4, 8)))
    x = net.max_pool2d(net.inputs[0], 2)
    module = net.finish(net.add(x, x, "unipolar<3>"))
    stages = time_stages(compile(module), [np.zeros((1, 4, 4, 8), np.uint8)], 0.0)
    assert [stage.operation for stage in stages] == ["max_pool2d", "add"]
    assert all(stage.seconds > 0 and stage.parts > 0 for stage in stages)


@pytest.mark.sweep
def test_the_command_writes_records(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    command = [sys.executable, "-m", "benchmarks", "--network", "resnet18", "--size", "32"]
    done = subprocess.run(
        [*command, "--pair", "A2W1", "--json", str(file)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (record,) = load_results(file, NetworkRecord, "a network")
    assert record.checked
    assert 0 < record.glue_share < 1
    assert record.weight_bytes > 1_000_000
    assert json.loads(file.read_text())[0]["pair"] == "A2W1"


@pytest.mark.parametrize(
    "option", [("--target", "cortex-a53"), ("--strategy", "dot"), ("--threads", "2")]
)
def test_options_of_layers_are_refused(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--network", "resnet18", *option]) == 1
    said = f"error: {option[0]} is for layers: it does not go with --network\n"
    assert capsys.readouterr().err == said


def test_an_unknown_pair_is_told() -> None:
    command = [sys.executable, "-m", "benchmarks", "--network", "resnet18", "--pair", "A3W1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "A3W1" in done.stderr
    assert "Traceback" not in done.stderr
