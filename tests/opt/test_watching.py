"""Dumps, times, statistics and reproducers of a pipeline."""

import re
from collections import Counter
from pathlib import Path

import pytest

from lowering.support.statistics import collect, record
from lowering.universe import LOWBIT_UNIVERSE

SOURCE = """func.func @f(%a: i32) -> i32 {
  %0 = arith.addi %a, %a : i32
  %1 = arith.addi %a, %a : i32
  %2 = arith.muli %0, %1 : i32
  func.return %2 : i32
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.mlir"
    path.write_text(SOURCE)
    return path


def headers(err: str) -> list[str]:
    return re.findall(r"^// -----// IR Dump (.*) //----- //$", err, re.MULTILINE)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], []),
        (["--print-ir-before-all"], ["Before cse", "Before cse"]),
        (["--print-ir-after-all"], ["After cse", "After cse"]),
        (["--print-ir-after-change"], ["After cse"]),
        (["--print-ir-after-all", "--print-ir-after-change"], ["After cse"]),
        (["--print-ir-after-failure"], []),
    ],
)
def test_dumps(opt, source: Path, flags: list[str], expected: list[str]) -> None:
    result = opt(source, "-p", "cse,cse", *flags)
    assert result.code == 0
    assert headers(result.err) == expected
    assert "IR Dump" not in result.out


@pytest.mark.parametrize("name", ["test-break", "test-crash"])
def test_dump_after_failure(opt, source: Path, name: str) -> None:
    result = opt(source, "-p", f"cse,{name},cse", "--print-ir-after-failure")
    assert headers(result.err) == [f"After {name} Failed"]
    assert '"arith.muli"' in result.err


def test_timing_adds_up_also_after_failure(opt, source: Path) -> None:
    result = opt(source, "-p", "cse,cse,test-crash", "--timing")
    rows = re.findall(r"^ +([\d.]+) \( *[\d.]+%\)  (.*)$", result.err, re.MULTILINE)
    assert [name for _, name in rows] == [
        *("Parser", "Verifier", "cse", "cse", "test-crash", "Rest", "Total")
    ]
    seconds = [float(text) for text, _ in rows]
    assert sum(seconds[:-1]) == pytest.approx(seconds[-1], abs=0.0005)


def test_xdsls_own_prints(opt, source: Path) -> None:
    result = opt(source, "-p", "canonicalize,cse", "--print-between-passes", "--time-passes")
    assert re.findall(r"^Pass (.*) took [\d.e-]+ seconds$", result.out, re.MULTILINE) == [
        *("canonicalize", "cse")
    ]
    assert "IR after canonicalize:\nbuiltin.module {" in result.out
    assert "IR after cse" not in result.out


def test_statistics(opt, source: Path) -> None:
    result = opt(source, "-p", "cse,test-count{n=5},test-count", "--pass-statistics")
    report = result.err[result.err.index("cse:") :].strip().splitlines()
    assert report == [
        *("cse: 6 -> 5 ops", "  arith.addi: 2 -> 1 (-1)"),
        *("test-count: 5 -> 5 ops", "  (S) 5 counted", "  (S) 1 also counted [test-inner]"),
        *("test-count: 5 -> 5 ops", "  (S) 3 counted", "  (S) 1 also counted [test-inner]"),
    ]


def test_statistics_in_python() -> None:
    record("p", "lost")
    with collect() as counters:
        record("p", "kept", 2)
        with collect() as inner:
            record("p", "kept", 5)
        record("p", "kept")
    record("p", "lost")
    assert counters == Counter({("p", "kept"): 3})
    assert inner == Counter({("p", "kept"): 5})


@pytest.mark.parametrize("name", ['test-crash{text="a \\"b\\", c"}', "test-break"])
def test_reproducer(opt, source: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "crash.mlir"
    first = opt(source, "-p", f"cse,{name},canonicalize", "--crash-reproducer", path)
    assert first.code == 1
    text = path.read_text()
    assert text.startswith(f"// configuration: lowbit-opt {source} -p ")
    assert text.count("arith.addi") == 1, "the IR is the one before the failing pass"
    assert "canonicalize)" not in text
    again = opt("--run-reproducer", path)
    assert again.code == 1
    # The places differ, as the files do; the failure does not.
    assert again.first.rpartition("pass '")[2] == first.first.rpartition("pass '")[2]
    # As plain input the file is the module alone.
    assert "mlir_reproducer" not in opt(path).out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["crash.mlir", "in.mlir"]


def test_no_failure_no_reproducer(opt, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "crash.mlir"
    assert opt(source, "-p", "cse", f"--crash-reproducer={path}").code == 0
    assert not path.exists()
    assert "no reproducer trailer" in opt("--run-reproducer", source).first


def test_reproducer_that_cannot_be_written(opt, source: Path, tmp_path: Path) -> None:
    result = opt(source, "-p", "test-crash", "--crash-reproducer", tmp_path / "no" / "file")
    assert result.code == 1
    assert result.first.startswith("warning: ")
    assert "error: pass 'test-crash': KeyError: 'boom'" in result.err


@pytest.mark.parametrize(
    ("trailer", "message"),
    [
        ("mlir_reproducer: {verify_each: true}", "must have a string 'pipeline'"),
        ('mlir_reproducer: {pipeline: "cse", verify_each: "x"}', "must be true or false"),
        ('mlir_reproducer: {pipeline: "nope"}', "unknown pass 'nope'"),
        ('other: {blob: "0x00"}', "no reproducer trailer"),
    ],
)
def test_bad_trailer(opt, tmp_path: Path, trailer: str, message: str) -> None:
    path = tmp_path / "bad.mlir"
    path.write_text(f"{SOURCE}{{-# external_resources: {{{trailer}}} #-}}")
    result = opt("--run-reproducer", path)
    assert result.code == 1
    assert result.first.startswith("error: ")
    assert message in result.first


def test_every_entry_of_the_universe_loads_under_its_name() -> None:
    for name, dialect in LOWBIT_UNIVERSE.all_dialects.items():
        assert dialect().name == name
    for name, factory in LOWBIT_UNIVERSE.all_passes.items():
        assert factory().name == name
        assert name.startswith(("lowbit-", "simd-"))
