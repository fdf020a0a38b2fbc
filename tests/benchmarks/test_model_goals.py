"""Goals and published figures beside those of the model."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks.command import main
from benchmarks.int16.model import int16_model
from benchmarks.model_goals import (
    goal_layers,
    goal_pairs,
    goals_met,
    is_met,
    model_goal,
    modelled_targets,
)
from benchmarks.model_tables import (
    int16_table,
    missed_models_table,
    model_goals_table,
    model_summary_table,
    published_table,
)
from benchmarks.published import (
    published,
    published_best,
    published_mac_per_cycle,
    published_on_one_thread,
    published_times_int16,
)
from lowering.targets import get_target
from runtime.cli.model_tables import models_table
from runtime.measure.layer import Layer, codes_of
from runtime.measure.model_record import ModelRecord, has_models, load_models
from runtime.measure.result_file import dump_results
from runtime.measure.workloads import load_workloads
from tests.measure.arm_tools import need_arm_tools

MACS = 115_605_504
C9 = ModelRecord(
    id="C9",
    pair="A1W1",
    target="cortex-a53",
    strategy="lut",
    tile="7x4",
    out="packed",
    checked=True,
    macs=MACS,
    counted_macs=1.02 * MACS,
    cycles=MACS / 20,
    instructions=MACS // 25,
    loop_macs=1400.0,
    loop_cycles=50.0,
    loop_instructions=44.0,
    loop_share=0.5,
    loop_instruction_share=0.4,
    int16_cycles=MACS / 4,
    int16_loop=4.1,
)


def cells(table) -> list[list[str]]:
    return [list(map(str, row)) for row in zip(*(c.cells for c in table.columns), strict=True)]


def test_goals_are_of_known_layers_pairs_and_targets():
    assert set(goal_layers()) <= {w.id for w in load_workloads()}
    assert modelled_targets() == ["cortex-a53", "cortex-a72", "neoverse-n1", "cortex-a9"]
    for target in modelled_targets():
        for pair in goal_pairs(target):
            codes_of(pair)
    assert goal_pairs("cortex-a9") == ["A1W1", "A2W2"]
    assert goal_pairs("cortex-a7") == []


def test_a_goal_is_for_the_inner_loop():
    assert model_goal(C9) == 28
    assert C9.loop_mac_per_cycle == 28
    assert is_met(C9) is True
    assert is_met(replace(C9, loop_cycles=51.0)) is False
    assert is_met(replace(C9, pair="A3W3")) is None
    assert is_met(replace(C9, id="V4096")) is None
    assert goals_met([C9, replace(C9, loop_cycles=60.0), replace(C9, pair="A3W1")]) == (1, 2)


def test_rates_of_a_whole_call():
    assert C9.mac_per_cycle == pytest.approx(20)
    assert C9.instructions_per_100_macs == pytest.approx(4)
    assert C9.times_int16 == pytest.approx(5)
    assert replace(C9, int16_cycles=None).times_int16 is None


def test_published_times_become_rates_of_a_core():
    # 115.6 million in 2.516 ms on 4 cores at 1.2 GHz.
    assert published_mac_per_cycle("C9", "A1W1", MACS) == pytest.approx(9.572, abs=1e-3)
    assert published_on_one_thread("C9", "A2W1", MACS) == pytest.approx(6.487, abs=1e-3)
    assert published_mac_per_cycle("C9", "A4W4", MACS) is None
    assert published_on_one_thread("C9", "A1W1", MACS) is None
    assert published_best("A1W1") == pytest.approx(57.5 / 4.8)
    assert published_best("A4W4") is None
    assert published_times_int16("C9", "A1W1") == 25.2


def test_the_best_published_throughput_is_that_of_the_fastest_layer():
    macs = {w.id: w.geometry.macs for w in load_workloads()}
    for pair, best in published()["best_gmacs"].items():
        times = published()["milliseconds"][pair]
        assert max(macs[i] / ms * 1e-6 for i, ms in times.items()) == pytest.approx(best, rel=0.05)


def test_tables_show_goals_and_published_figures():
    (row,) = cells(models_table([C9]))
    assert row[5:-1] == ["28.0", "50%", "102.0%", "20.0", "4.0", "40%"]
    assert row[-1] == "equal to the reference"
    (wrong,) = cells(models_table([replace(C9, checked=False, unmodelled=0.01)]))
    assert wrong[-1] == "WRONG; 1.00% without a cost"
    slow = replace(C9, id="C2", loop_cycles=100.0)
    assert cells(model_goals_table([slow, C9])) == [
        ["cortex-a53", "A1W1", "14.0 / 28", "28.0 / 28"]
    ]
    assert [r[0] for r in cells(missed_models_table([slow, C9]))] == ["C2"]
    assert cells(model_summary_table([slow, C9]))[0][2:] == [
        *("28", "1 of 2", "C9: 28.0", "C2: 14.0", "C2: 14.0")
    ]
    assert cells(int16_table([C9])) == [["cortex-a53", "A1W1", "5.0 / 25.2"]]
    layer, best = cells(published_table([C9], ["cortex-a53", "cortex-a9"]))
    assert layer == ["A1W1", "C9", "9.6", "", "20.0 (2.1x)", ""]
    assert best == ["A1W1", "the best", "12.0", "", "20.0 (1.7x)", ""]


def test_files_of_results_come_back(tmp_path):
    file = tmp_path / "model.json"
    file.write_bytes(dump_results([C9]))
    assert has_models(file)
    assert load_models(file) == [C9]
    file.write_text('[{"id": "C9"}]')
    assert not has_models(file)
    with pytest.raises(ValueError, match=r"model\.json: not a record of a model"):
        load_models(file)


@pytest.mark.parametrize("text", ["[1]", '["loop_macs"]', "5", "{}", "[", "[null]"])
def test_other_files_are_no_results_of_models(tmp_path, text: str):
    file = tmp_path / "model.json"
    file.write_text(text)
    assert not has_models(file)
    with pytest.raises(ValueError, match=r"model\.json: "):
        load_models(file)


@pytest.fixture
def layers(tmp_path):
    """A file with one small layer called C11, which has goals."""
    entry = {"id": "C11", "in_channels": 64, "out_channels": 32, "height": 6, "width": 6}
    entry |= {"kernel": 1, "stride": 1, "padding": 0}
    file = tmp_path / "layers.json"
    file.write_text(json.dumps({"resnet18_convs": [entry], "gemms": []}))
    return file


def test_the_command_prints_goals_beside_16_bit_integers(layers, tmp_path, capsys):
    need_arm_tools()
    file = tmp_path / "model.json"
    arguments = ["--workloads", str(layers), "--id", "C11", "--json", str(file)]
    assert main(["--target", "cortex-a9", "--pair", "A1W1", *arguments]) == 0
    (record,) = load_models(file)
    assert record.times_int16 is not None
    assert 1 < record.times_int16 < 60
    printed = capsys.readouterr().out
    assert f"{record.loop_mac_per_cycle:.1f} / 25" in printed
    assert f"{record.times_int16:.1f}" in printed
    assert "of 1 goals met" in printed


def test_the_kernel_of_16_bit_integers_counts_right(layers):
    need_arm_tools()
    (workload,) = load_workloads(layers)
    layer = Layer.random(workload, "A2W2")
    int16 = int16_model(layer, get_target("cortex-a72"))
    assert int16.checked
    assert int16.model.counted == layer.workload.geometry.macs
