"""Records: what is written is read, what is broken is named, and selection goes by them."""

import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering import record_sources
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import model_plan
from lowering.kernels.records import (
    RecordBook,
    TuningRecord,
    append_records,
    kernel_selector,
    load_records,
)
from lowering.kernels.schedule_space import schedules, strategies, why_not_schedule
from lowering.pipeline import lower
from lowering.record_sources import SHIPPED, digest, shipped_for, shipped_path
from lowering.strategies import get_strategy
from lowering.targets import TARGETS, get_target
from runtime import compile, conv2d
from runtime.object_cache import cache
from runtime.source import parse_module

CONV = """\
func.func @main(%x: tensor<1x6x6x20x!lowbit.unipolar<2>>, %w: tensor<40x3x3x20x!lowbit.bipolar<1>>)
    -> tensor<1x6x6x40xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    : (tensor<1x6x6x20x!lowbit.unipolar<2>>, tensor<40x3x3x20x!lowbit.bipolar<1>>)
    -> tensor<1x6x6x40xi32>
  return %y : tensor<1x6x6x40xi32>
}
"""
WINDOW = Window(6, 3, 1, 1, 1)
PROBLEM = Contraction(
    parse_code("unipolar<2>"), parse_code("bipolar<1>"), ConvGeometry(1, WINDOW, WINDOW, 20, 40)
)


def record(**changes) -> TuningRecord:
    schedule = ScheduleAttr.get(5, 2, 0, "channels")
    plain = TuningRecord(
        *("znver5", PROBLEM, "bitserial", schedule, 1000.0, 25.0, 30.0, "0.1.0", "2026-01-01")
    )
    return replace(plain, **changes)


@pytest.fixture(autouse=True)
def no_shipped_records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty folder of shipped records."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for cpu in SHIPPED:
        (folder / f"{cpu}.jsonl").touch()
    monkeypatch.setattr(record_sources, "_FOLDER", folder)
    record_sources._shipped.cache_clear()
    yield folder
    record_sources._shipped.cache_clear()


def selected(target: str, records: str, strategy: str = "auto") -> tuple[str, ScheduleAttr]:
    module = parse_module(CONV)
    lower(module, target, "kernels", strategy, records)
    (kernel,) = (op for op in module.walk() if isinstance(op, KernelOp))
    schedule = kernel.properties["schedule"]
    assert isinstance(schedule, ScheduleAttr)
    return kernel.name, schedule


def test_round_trip(tmp_path: Path):
    file = tmp_path / "r.jsonl"
    gemm = replace(PROBLEM, geometry=ConvGeometry.of_matmul(3, 4, 5), is_matmul=True)
    records = [
        record(),
        record(problem=replace(PROBLEM, layout="nchw", stored="unipolar<3>")),
        record(problem=gemm, strategy="dot", target="x86-64-v3"),
    ]
    append_records(file, records[:1])
    append_records(file, records[1:])
    assert load_records(file) == records
    assert len(file.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("former", "name"),
    [("bit_serial", "bitserial"), ("table", "lut"), ("product", "product_lut"), ("dot", "dot")],
)
def test_records_of_earlier_versions_keep_their_value(former: str, name: str):
    data = record().to_json() | {"strategy": former}
    assert TuningRecord.from_json(data) == record(strategy=name)


@pytest.mark.parametrize("target", ["znver5", "x86-64-v3", "cortex-a53"])
@pytest.mark.parametrize(("former", "name"), [("table", "lut"), ("dot", "dot")])
def test_fields_that_earlier_versions_left_out_are_given_by_their_rule(
    target: str, former: str, name: str
):
    """The tables of a record without their sizes are those of the machine's caches."""
    machine, strategy = get_target(target), get_strategy(name)
    best = strategy.default_schedule(PROBLEM.on(machine))
    data = record(schedule=best.with_knobs({})).to_json() | {"strategy": former}
    del data["format"]
    found = TuningRecord.from_json(data)
    assert found.schedule == best.with_knobs({})
    assert found.completed(machine) == best
    assert TuningRecord.from_json(found.to_json()) == found
    book = RecordBook([replace(found, target=machine.cpu)], machine.cpu)
    chosen = book.find(PROBLEM, machine, name)
    assert chosen is not None
    assert chosen.schedule == best


def test_a_broken_line_is_named_and_the_others_count(tmp_path: Path):
    file = tmp_path / "r.jsonl"
    append_records(file, [record()])
    whole = file.read_text()
    missing = {k: v for k, v in json.loads(whole).items() if k != "cycles"}
    schedule = whole.replace("tile = 5x2", "tile = 0x2")
    file.write_text(
        "{\n" + json.dumps(missing) + "\n" + schedule + "\n[1]\n" + whole + "[" * 100_000
    )
    with pytest.warns(UserWarning, match="not a record") as caught:
        assert load_records(file) == [record()]
    messages = [str(w.message) for w in caught]
    assert [m.partition(" ")[0] for m in messages] == [f"{file}:{n}:" for n in (1, 2, 3, 5, 7)]
    assert "'cycles'" in messages[1]
    assert "no schedule" in messages[2]


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path):
    file = tmp_path / "r.jsonl"
    append_records(file, [record()])
    file.write_text(file.read_text()[:50])
    append_records(file, [record()])
    with pytest.warns(UserWarning, match=f"{file}:1: not a record"):
        assert load_records(file) == [record()]


def _append_many(path: Path, number: int) -> None:
    for i in range(50):
        append_records(path, [record(cycles=float(1000 * number + i))])


def test_processes_may_append_at_once(tmp_path: Path):
    file = tmp_path / "r.jsonl"
    context = get_context("spawn")
    writers = [context.Process(target=_append_many, args=(file, n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(r.cycles for r in load_records(file)) == [
        float(1000 * n + i) for n in range(3) for i in range(50)
    ]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match=r"records .*nowhere.jsonl: No such file"):
        kernel_selector(get_target("znver5"), records=str(tmp_path / "nowhere.jsonl"))


def test_selection_goes_by_the_records(tmp_path: Path, no_shipped_records: Path):
    file = tmp_path / "r.jsonl"
    tuned = record().schedule
    append_records(file, [record()])
    model = selected("znver5", "none")
    assert model[1] != tuned
    assert selected("znver5", str(file)) == ("lowbit.bitserial_conv", tuned)
    assert selected("znver5", "shipped") == model
    # Another CPU, another strategy: the cost model.
    assert selected("znver4", str(file)) == selected("znver4", "none")
    assert selected("znver5", str(file), "dot") == selected("znver5", "none", "dot")


def test_the_newest_record_of_a_strategy_and_the_fastest_strategy_count(tmp_path: Path):
    file = tmp_path / "r.jsonl"
    old = record(schedule=ScheduleAttr.get(2, 1), cycles=10.0)
    dot = record(strategy="dot", schedule=ScheduleAttr.get(3, 1), cycles=900.0)
    append_records(file, [old, record(), dot])
    assert selected("znver5", str(file)) == ("lowbit.dot_conv", dot.schedule)
    assert selected("znver5", str(file), "bitserial")[1] == record().schedule


def test_a_record_of_what_is_stored_otherwise_serves():
    glued = replace(PROBLEM, stored="unipolar<2>")
    target = get_target("znver5")
    book = RecordBook([record(problem=glued)], "znver5")
    assert book.find(PROBLEM, target, "auto") == record(problem=glued)
    book = RecordBook([record(problem=glued), record(schedule=ScheduleAttr.get(1, 1))], "znver5")
    found = book.find(PROBLEM, target, "auto")
    assert found is not None
    assert found.schedule == ScheduleAttr.get(1, 1)


def test_an_illegal_record_is_left_out_with_a_warning(tmp_path: Path):
    file = tmp_path / "r.jsonl"
    append_records(file, [record(schedule=ScheduleAttr.get(40, 2))])
    with pytest.warns(UserWarning, match="left out: tile 40x2 needs 84 vector registers"):
        found = selected("znver5", str(file))
    assert found == selected("znver5", "none")


def test_shipped_records_serve_their_class(no_shipped_records: Path):
    append_records(no_shipped_records / "znver5.jsonl", [record()])
    assert selected("znver5", "shipped")[1] == record().schedule
    assert selected("icelake-server", "shipped")[1] == record().schedule
    assert selected("znver5+avx2", "shipped") == selected("znver5+avx2", "none")
    assert selected("znver5", "none")[1] != record().schedule


def test_classes_of_cpus():
    served = {name: shipped_for(target) for name, target in TARGETS.items()}
    assert served == {
        **dict.fromkeys(TARGETS),
        "x86-64-v3": "x86-64-v3",
        "znver5": "znver5",
        "znver4": "znver5",
        "icelake-server": "znver5",
    }
    assert shipped_for(get_target("znver5+avx2")) == "x86-64-v3"


def test_the_file_is_asked_before_the_shipped_records(tmp_path: Path, no_shipped_records: Path):
    append_records(no_shipped_records / "znver5.jsonl", [record(cycles=1.0)])
    file = tmp_path / "r.jsonl"
    append_records(file, [record(schedule=ScheduleAttr.get(2, 2))])
    assert selected("znver5", str(file))[1] == ScheduleAttr.get(2, 2)


def test_objects_are_kept_by_the_content_of_the_records(tmp_path: Path):
    target = get_target("znver5")
    file, copy = tmp_path / "r.jsonl", tmp_path / "copy.jsonl"
    append_records(file, [record()])
    copy.write_bytes(file.read_bytes())
    key = cache.key(CONV, target, records=str(file))
    assert key == cache.key(CONV, target, records=str(copy))
    assert key != cache.key(CONV, target)
    assert cache.key(CONV, target) != cache.key(CONV, target, records="none")
    append_records(file, [record()])
    assert key != cache.key(CONV, target, records=str(file))
    assert digest(get_target("cortex-a53"), "shipped") == ""


def test_records_that_change_while_a_module_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The object may have been made with either state, so it is kept for none."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "cache"))
    file, build = tmp_path / "r.jsonl", import_module("runtime.build")
    append_records(file, [record()])
    build_object = build.build_object

    def change(*arguments: Any) -> Any:
        append_records(file, [record()])
        return build_object(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(build, "build_object", change)
        compile(CONV, records=file)
    assert not list((tmp_path / "cache").rglob("*"))
    compile(CONV, records=file)
    assert len(list((tmp_path / "cache").glob("*/*"))) == 1


def test_records_are_read_several_times(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path):
        with pytest.raises(ValueError, match="expected a regular file"):
            compile(CONV, records=path)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(OSError, match="No space left on device"):
        append_records(tmp_path / "r.jsonl", [record()])


def test_what_is_compiled_by_records_is_right(tmp_path: Path):
    host = get_target("host")
    model = model_plan(PROBLEM, host)
    other = next(
        s for s in schedules(PROBLEM, host, model.strategy) if s.pixels != model.schedule.pixels
    )
    file = tmp_path / "r.jsonl"
    mine = record(target=host.cpu, strategy=model.strategy, schedule=other)
    append_records(file, [mine])
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 4, (1, 6, 6, 20)), rng.choice([-1, 1], (40, 3, 3, 20))
    expected = compile(CONV, records="none")(x, w)
    assert np.array_equal(compile(CONV, records=file)(x, w), expected)
    assert np.array_equal(conv2d(x, w, padding=1, records=file), expected)
    # What is remembered in the process follows the file too.
    file.write_text("broken\n")
    with pytest.warns(UserWarning, match=f"{file}:1: not a record"):
        assert np.array_equal(conv2d(x, w, padding=1, records=file), expected)
    with pytest.raises(ValueError, match="records nowhere: No such file"):
        conv2d(x, w, records="nowhere")


@pytest.mark.parametrize("cpu", list(SHIPPED))
def test_what_is_shipped_is_whole_and_legal(cpu: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records = load_records(shipped_path(cpu))
    target = get_target(cpu)
    for found in records:
        assert found.target == cpu
        assert found.strategy in strategies(found.problem, target)
        assert why_not_schedule(found.schedule, found.problem, target, found.strategy) is None
