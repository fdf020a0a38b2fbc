"""`--records`: what was measured decides in every command that compiles."""

import json
from pathlib import Path

import pytest

from lowbit_dialect.ops.contraction import Conv2DOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.records import TuningRecord, append_records
from lowering.targets import get_target
from runtime.source import parse_module
from tests.cli.conftest import CONV, Lowbit, Work

SCHEDULE = ScheduleAttr.get(1, 2, 0, "channels")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A file with a record of the convolution of conv.mlir, on this machine."""
    (conv,) = (op for op in parse_module(CONV).walk() if isinstance(op, Conv2DOp))
    host = get_target("host").cpu
    found = TuningRecord(
        *(host, Contraction.of(conv), "bitserial", SCHEDULE, 1.0, 1.0, 1.0, "0", "2026-01-01")
    )
    append_records(tmp_path / "r.jsonl", [found])
    return tmp_path / "r.jsonl"


def test_compile(lowbit: Lowbit, work: Work, records: Path):
    arguments = ("compile", work / "conv.mlir", "--emit=mlir", "--level=kernels")
    assert str(SCHEDULE) in lowbit(*arguments, "--records", records).out
    assert str(SCHEDULE) not in lowbit(*arguments).out
    assert str(SCHEDULE) not in lowbit(*arguments, "--records", "none").out
    assert "No such file" in lowbit(*arguments, "--records", "nowhere.jsonl").message


def test_run(lowbit: Lowbit, work: Work, records: Path):
    inputs = ("--input", work / "x.npy", "--input", work / "w.npy")
    for given in (records, "none", "shipped"):
        assert lowbit("run", work / "conv.mlir", *inputs, "--records", given).code == 0
    records.write_text("{}\n")
    outcome = lowbit("run", work / "conv.mlir", *inputs, "--records", records)
    assert outcome.code == 0
    assert f"warning: {records}:1: not a record" in outcome.err


def test_bench(lowbit: Lowbit, records: Path, tmp_path: Path):
    timing = ("--id", "C11", "--pair", "A2W1", "--seconds", "0.02", "--json", tmp_path / "b.json")
    assert lowbit("bench", *timing, "--records", records).code == 0
    assert json.loads((tmp_path / "b.json").read_text())[0]["checked"]
