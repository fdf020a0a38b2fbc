"""`python -m benchmarks`: goals, and wrong arguments."""

from __future__ import annotations

import json

import pytest

from benchmarks.command import main


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "objects"))


def test_goals_are_printed_beside_what_was_measured(tmp_path, capsys):
    file = tmp_path / "r.json"
    arguments = ["--id", "C11", "--pair", "A4W4", "--json", str(file), "--seconds", "0.02"]
    code = main(arguments)
    captured = capsys.readouterr()
    if "there are no goals" in captured.err:
        pytest.skip("no goals for this class of machine")
    assert code == 0
    (record,) = json.loads(file.read_text())
    assert f"{record['mac_per_cycle']:.0f} / " in captured.out
    assert "goals met" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--peers", "--threads", "2"], "--threads goes without --peers"),
        (["--processes", "2"], "--processes goes with --peers"),
        (["--isa", "sse2"], "there are no goals for these arguments on this machine"),
        (["--id", "C99"], "C99"),
        (["--pair", "A9W1"], "pair 'A9W1'"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert main([*arguments]) == 1
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert message in captured
    assert captured.count("\n") == 1
