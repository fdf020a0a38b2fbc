"""`lowbit bench`: records that were checked, and a clock that counts cycles."""

import json

import pytest

from runtime.cli.command_line import main
from runtime.measure.clock import nanoseconds_per_cycle
from runtime.measure.layer import codes_of
from runtime.measure.workloads import load_workloads

KEYS = [
    *("id", "pair", "isa", "strategy", "out", "seconds", "cycles", "mac_per_cycle", "checked"),
    *("threads", "predicted", "cold_seconds", "cached_seconds", "bytes"),
    *("peers", "peer_checks", "machine"),
]


def test_a_cycle_is_what_processors_take():
    samples = sorted(nanoseconds_per_cycle() for _ in range(51))
    assert 0.1 < samples[25] < 2


def test_the_projects_workloads_are_all_there():
    workloads = {w.id: w for w in load_workloads()}
    assert workloads["C9"].geometry.macs == 115_605_504
    assert workloads["C4"].geometry.rows.out == 28
    assert workloads["G1024"].is_matmul
    assert workloads["G1024"].geometry.macs == 1024**3


@pytest.mark.parametrize("out", ["packed", "i32"])
def test_a_record_for_each_setting(tmp_path, capsys, out):
    file = tmp_path / "bench.json"
    arguments = ["--id", "C11", "--pair", "A2W1", "--isa", "avx2", "--isa", "sse2"]
    timing = ["--out", out, "--seconds", "0.02", "--json", str(file)]
    assert main(["bench", *arguments, *timing]) == 0
    records = json.loads(file.read_text())
    assert [list(r) for r in records] == [KEYS, KEYS]
    for record, isa in zip(records, ("avx2", "sse2"), strict=True):
        assert (record["id"], record["pair"], record["isa"]) == ("C11", "A2W1", isa)
        assert record["out"] == out
        assert record["checked"] is True
        assert record["seconds"] > 0
        assert record["mac_per_cycle"] == pytest.approx(6_422_528 / record["cycles"])
    assert "equal to the reference" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--id", "C99"], "no workload 'C99'"),
        (["--pair", "A9W1"], "expected AxWy"),
        (["--seconds", "0"], "--seconds must be positive"),
        (["--workloads", "nowhere.json"], "nowhere.json"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert main(["bench", "--id", "C11", *arguments]) == 1
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert message in captured
    assert captured.count("\n") == 1


def test_workloads_of_another_form_are_refused(tmp_path, capsys):
    file = tmp_path / "w.json"
    file.write_text('{"resnet18_convs": [{"id": "C2"}], "gemms": []}')
    assert main(["bench", "--workloads", str(file)]) == 1
    assert "not a list of workloads" in capsys.readouterr().err


def test_weights_of_one_bit_are_bipolar_and_wider_ones_signed():
    assert [str(code) for code in codes_of("a2w1")] == ["unipolar<2>", "bipolar<1>"]
    assert [str(code) for code in codes_of("A8W4")] == ["unipolar<8>", "signed<4>"]
