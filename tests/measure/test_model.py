"""Layers for ARM processors: executed in an emulator like the reference, and costed by llvm-mca."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.kernels.records import kernel_selector
from lowering.strategies import get_strategy
from lowering.targets import get_target
from runtime.cli import main
from runtime.emulation.processor import EmulationError, Processor
from runtime.measure import model_session
from runtime.measure.layer import Layer
from runtime.measure.model import EmulatedLayer, ModelSetting, emulated_targets, model_layer
from runtime.measure.model_session import ModelJob, run_models
from runtime.measure.workloads import Workload
from tests.measure.arm_tools import need_arm_tools

TARGETS = ("cortex-a53", "cortex-a72", "neoverse-n1", "cortex-a9", "cortex-a7")


def workload(size: int = 6, taps: int = 1, pad: int = 0, ic: int = 64, oc: int = 32) -> Workload:
    window = Window(size, taps, 1, pad, pad)
    return Workload("small", ConvGeometry(1, window, window, ic, oc))


@pytest.fixture(autouse=True)
def _tools() -> None:
    need_arm_tools()


def emulated(layer: Layer, name: str, strategy: str = "auto", out: str = "packed"):
    target = get_target(name)
    choice = kernel_selector(target, strategy, "none")(layer.problem(out))
    return EmulatedLayer.of(layer, out, target, choice)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("pair", "out"), [("A1W1", "packed"), ("A2W2", "packed"), ("A4W4", "i32")])
def test_the_emulated_output_is_that_of_the_reference(target, pair, out):
    # Ragged: 3 remainder columns, channels that fill no word, a saturated input.
    layer = Layer.random(workload(size=7, taps=3, pad=1, ic=40, oc=24), pair)
    built = emulated(layer, target, out=out)
    saturated = np.full_like(layer.x, layer.x_code.max_value)
    for x, sums in ((layer.x, layer.sums), (saturated, layer.saturated_sums)):
        values, _ = built.run(x)
        np.testing.assert_array_equal(values, layer.expected_of(sums, out))


@pytest.mark.parametrize("target", ["cortex-a53", "neoverse-n1", "cortex-a9"])
@pytest.mark.parametrize("strategy", ["bitserial", "dot"])
def test_products_counted_in_instructions_are_those_of_the_layer(target, strategy):
    """Without padding and with whole vectors nothing is multiplied in vain."""
    small = workload()
    record = model_layer(small, ModelSetting("A2W2", target, strategy=strategy, records="none"))
    assert record.checked
    assert record.counted_macs == record.macs == small.geometry.macs
    assert 0 < record.loop_share <= 1
    assert 0 < record.loop_instruction_share <= 1
    assert record.loop_macs == int(record.loop_macs)


def test_tables_stand_for_their_group_of_activations():
    layer = Layer.random(workload(ic=256, oc=256, size=8, taps=3, pad=1), "A1W1")
    target = get_target("cortex-a53")
    choice = kernel_selector(target, "lut", "none")(layer.problem("packed"))
    assert choice.strategy == "lut"
    problem = layer.problem("packed")
    each = get_strategy("lut").macs_per_product(problem.on(target), choice.schedule)
    built = EmulatedLayer.of(layer, "packed", target, choice)
    setting = ModelSetting("A1W1", "cortex-a53", strategy="lut", records="none")
    record = model_layer(layer.workload, setting)
    assert record.checked
    assert built.choice == choice
    # Four activations of 1 bit, for two pixels whose entries share a byte; filling the tables
    # takes lookups, too.
    assert each in (4, 8)
    assert record.macs <= record.counted_macs < 1.2 * record.macs


def test_figures_are_plausible_and_the_same_every_time():
    setting = ModelSetting("A1W1", "cortex-a53", strategy="bitserial", records="none")
    first, again = (model_layer(workload(), setting) for _ in range(2))
    assert first == again
    # 128 products of bits take an `and` (or `eor`), a `cnt` and an addition, and some loads.
    assert 3 / 128 < first.instructions / first.macs < 30 / 128
    # A Cortex-A53 starts two instructions in a cycle, and one of the vector unit.
    assert first.instructions / 2 <= first.cycles < 3 * first.instructions
    assert first.loop_mac_per_cycle >= first.mac_per_cycle > 1
    assert first.unmodelled == 0


@pytest.mark.parametrize("target", ["cortex-a53", "cortex-a9"])
def test_an_access_beyond_a_buffer_stops_the_program(target):
    layer = Layer.random(workload(), "A1W1")
    built = emulated(layer, target)
    (argument,), (result,) = built.signature.arguments, built.signature.results
    x, y = argument.new_storage(), result.new_storage()
    x[...] = 0
    workspace = np.zeros(built.signature.workspace, np.uint8)
    processor = Processor(built.image, built.target)
    processor.call("main", [x, y, workspace])
    for short in ([x.reshape(-1)[:-1], y], [x, y.reshape(-1)[:-1]]):
        with pytest.raises(EmulationError, match="main stopped at 0x"):
            Processor(built.image, built.target).call("main", [*short, workspace])


@pytest.mark.parametrize("cores", [1, 2])
def test_a_session_keeps_the_order_and_tells_failures(cores, monkeypatch):
    monkeypatch.setattr(model_session, "usable_cores", lambda: cores)
    settings = tuple(ModelSetting("A8W8", "cortex-a9", strategy=s) for s in ("dot", "product_lut"))
    jobs = [ModelJob(workload(ic=ic, oc=8, size=4), "cortex-a9", settings) for ic in (8, 16)]
    seen: list[int] = []
    outcome = run_models(jobs, lambda done, name: seen.append(done))
    assert seen == [1, 2]
    assert [r.macs for r in outcome.records] == [4 * 4 * 8 * 8, 4 * 4 * 16 * 8]
    assert len(outcome.failures) == 2
    assert all("product_lut is impossible" in line for line in outcome.failures)


def test_only_arm_is_modelled():
    with pytest.raises(ValueError, match="only targets of aarch64 and armv7"):
        emulated_targets(["znver4"])


def test_the_command_prints_figures_and_writes_records(tmp_path, capsys):
    layers = tmp_path / "layers.json"
    entry = {"id": "C11", "in_channels": 64, "out_channels": 32, "height": 6, "width": 6}
    entry |= {"kernel": 1, "stride": 1, "padding": 0}
    layers.write_text(json.dumps({"resnet18_convs": [entry], "gemms": []}))
    file = tmp_path / "model.json"
    arguments = ["--workloads", str(layers), "--id", "C11", "--json", str(file)]
    assert main(["bench", "--target", "cortex-a9", "--pair", "A1W1", *arguments]) == 0
    (record,) = json.loads(file.read_text())
    printed = capsys.readouterr().out
    assert f"{record['loop_macs'] / record['loop_cycles']:.1f}" in printed
    assert "equal to the reference" in printed


@pytest.mark.parametrize("option", [["--threads", "2"], ["--isa", "avx2"], ["--modules", "x"]])
def test_arguments_of_timing_are_refused(option, capsys):
    assert main(["bench", "--target", "cortex-a53", "--id", "C11", *option]) == 1
    assert f"error: {option[0]} goes without --target" in capsys.readouterr().err
