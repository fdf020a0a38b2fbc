"""The tables of docs/performance.md are made from files of results."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.table import Table

from benchmarks import performance_page
from benchmarks.performance_page import (
    FILLERS,
    MODEL_FILLERS,
    PAGE,
    Results,
    fill,
    load_results,
    markdown,
)
from runtime.measure.model_record import ModelRecord
from runtime.measure.record import Record
from runtime.measure.result_file import dump_results

MACHINE = {
    "cpu": "Some CPU",
    "llvm_cpu": "znver5",
    "isa": "avx512",
    "cores": 2,
    "caches": {"L1": 49152},
    "kernel": "Linux",
    "python": "3.11",
    "versions": {"lowbit": "0.1"},
}


def record(**changes: object) -> Record:
    facts = {
        **{"id": "C9", "pair": "A1W1", "isa": "host", "strategy": "bitserial", "out": "packed"},
        **{"seconds": 4e-5, "cycles": 1e5, "mac_per_cycle": 345, "checked": True},
        **{"machine": MACHINE, "cold_seconds": 0.2, "cached_seconds": 0.0007},
    }
    return Record(**(facts | changes))  # pyright: ignore


def test_tables_become_markdown():
    table = Table("name")
    table.add_column("time", justify="right")
    table.add_row("a|b *", "1")
    assert markdown(table) == "| name | time |\n| --- | --: |\n| a\\|b \\* | 1 |\n"


def test_every_mark_of_the_page_is_filled():
    peers = {"peers": {"x_i8": 2e-4}, "peer_checks": {"x_i8": "right"}}
    results = Results.of([[record(**peers), record(out="i32")]])
    page = fill(PAGE.read_text(), results)
    for name in FILLERS:
        assert f"<!-- begin {name} -->\n\n" in page
    assert "345 / 690" in page
    assert "345 / 656" in page
    assert "5.00 / 5.3" in page
    assert "| Some CPU" in page
    assert "200 / 0.7" in page
    assert fill(page, results) == page


def model(**changes: object) -> ModelRecord:
    facts = {
        **{"id": "C9", "pair": "A1W1", "target": "cortex-a53", "strategy": "lut", "tile": "7x4"},
        **{"out": "packed", "checked": True, "macs": 1000, "counted_macs": 1000, "cycles": 50},
        **{"instructions": 40, "loop_macs": 140, "loop_cycles": 4, "loop_instructions": 3},
        **{"loop_share": 1, "loop_instruction_share": 0.5, "int16_cycles": 200},
        **{"versions": {"llvm-mca": "19.1.7"}},
    }
    return ModelRecord(**(facts | changes))  # pyright: ignore


def test_results_of_one_kind_leave_the_tables_of_the_other(tmp_path: Path):
    page = PAGE.read_text()
    measured, modelled = tmp_path / "r.json", tmp_path / "m.json"
    measured.write_bytes(dump_results([record()]))
    modelled.write_bytes(dump_results([model()]))
    by_model = fill(page, load_results([modelled]))
    for name in MODEL_FILLERS:
        assert f"<!-- begin {name} -->\n\n" in by_model
    assert "35.0 / 28" in by_model
    assert "20.0 (4.0)" in by_model
    assert "4.0 / 25.2" in by_model
    before = "## ARM processors"
    assert by_model.partition(before)[0] == page.partition(before)[0]
    both = fill(page, load_results([measured, modelled]))
    assert "345 / 690" in both
    assert both.partition(before)[2] == by_model.partition(before)[2]


def test_threads_are_compared_within_their_own_run():
    slow = [record(seconds=1.0), record(seconds=0.5, threads=2)]
    page = FILLERS["threads"](Results.of([[record()], slow]))
    assert "2.00x" in page
    assert "2 threads" in FILLERS["goals"](Results.of([[record()], slow]))


def test_the_command_rewrites_the_page(tmp_path: Path, monkeypatch, capsys):
    page, results = tmp_path / "p.md", tmp_path / "r.json"
    page.write_text("A\n<!-- begin packed -->\nold\n<!-- end packed -->\nB\n")
    results.write_bytes(dump_results([record()]))
    monkeypatch.setattr(performance_page, "PAGE", page)
    assert performance_page.main([str(results)]) == 0
    assert "345 / 690" in page.read_text()
    assert "old" not in page.read_text()


@pytest.mark.parametrize("arguments", [[], ["nowhere.json"]])
def test_wrong_arguments_are_told(arguments, capsys):
    assert performance_page.main(arguments) != 0
    assert capsys.readouterr().err.count("\n") == 1
