"""`lowbit bench`: threads, modules, wrong arguments; and `lowbit inspect --level mca`."""

from __future__ import annotations

import json

import pytest

from runtime.cli import main
from runtime.source import parse_module
from runtime.tools.llvm_tools import find_mca
from tests.tools import needed

FAST = ("--seconds", "0.02")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "objects"))


def test_a_record_says_how_long_compiling_took(tmp_path):
    file = tmp_path / "r.json"
    assert main(["bench", "--id", "C11", "--pair", "A2W1", "--json", str(file), *FAST]) == 0
    (record,) = json.loads(file.read_text())
    assert 0.001 < record["cold_seconds"] < 60
    assert 0 < record["cached_seconds"] < record["cold_seconds"]
    assert record["predicted"] > 1
    # 14 x 14 pixels of 256 channels in 2 planes, as many bits of output and a frame, 512 x 256 bits
    assert 14 * 14 * 64 + 7 * 7 * 128 + 16384 < record["bytes"] < 80_000
    assert record["machine"]["caches"]["L1"] >= 0


def test_several_threads_are_compared_with_one(tmp_path, capsys):
    file = tmp_path / "r.json"
    arguments = ["--id", "C11", "--pair", "A1W1", "--threads", "2", "--json", str(file), *FAST]
    assert main(["bench", *arguments]) == 0
    records = json.loads(file.read_text())
    threads = [r["threads"] for r in records]
    assert threads[:2] == [1, 2]
    assert threads[2] >= 4 * records[0]["machine"]["cores"]
    assert all(r["checked"] for r in records)
    ratio = records[0]["seconds"] / records[1]["seconds"]
    assert f"{ratio:.2f}x" in capsys.readouterr().out


def test_wide_results_take_shift_and_clip(capsys):
    assert main(["bench", "--id", "C11", "--pair", "A8W4", *FAST]) == 0
    assert "equal to the reference" in capsys.readouterr().out


def test_modules_can_be_looked_into(tmp_path, capsys):
    arguments = ["--id", "C11", "--pair", "A2W1", "--out", "i32"]
    assert main(["bench", *arguments, "--modules", str(tmp_path)]) == 0
    path = tmp_path / "C11-A2W1-host-i32.mlir"
    assert capsys.readouterr().out == f"{path}\n"
    module = parse_module(path.read_text(), str(path))
    module.verify()
    assert "lowbit.conv2d" in str(module)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plot", "p.jpeg"], "p.jpeg: expected a name that ends in"),
        (["--modules", "no/such/folder"], "no/such/folder"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert main(["bench", "--id", "C11", "--pair", "A1W1", *arguments]) == 1
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert message in captured
    assert captured.count("\n") == 1


@pytest.fixture
def module(tmp_path, capsys):
    main(["bench", "--id", "C11", "--pair", "A1W1", "--modules", str(tmp_path)])
    capsys.readouterr()
    return tmp_path / "C11-A1W1-host-packed.mlir"


def test_llvm_mca_is_asked_for_the_busiest_loop(module, capsys):
    needed(find_mca)
    assert main(["inspect", str(module), "--level", "mca", "--target", "znver4"]) == 0
    out = capsys.readouterr().out
    assert "Block RThroughput" in out
    assert "Critical sequence" not in out


def test_a_missing_llvm_mca_is_one_line(module, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert main(["inspect", str(module), "--level", "mca"]) == 1
    assert capsys.readouterr().err.startswith("error: no llvm-mca of LLVM 19 or later on the PATH:")
