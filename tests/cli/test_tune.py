"""`lowbit tune`: records of the best kernels, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lowering.kernels.records import load_records
from lowering.targets import get_target
from tests.cli.conftest import Lowbit, Work

GEMM = """\
func.func @main(%x: tensor<9x70x!lowbit.unipolar<2>>, %w: tensor<70x20x!lowbit.signed<2>>)
    -> tensor<9x20xi32> {
  %y = lowbit.matmul %x, %w : (tensor<9x70x!lowbit.unipolar<2>>, tensor<70x20x!lowbit.signed<2>>)
    -> tensor<9x20xi32>
  return %y : tensor<9x20xi32>
}
"""
PROGRAM = "import sys; from runtime.cli import main; sys.exit(main())"
QUICK = ("--seconds", "0.002", "--seed", "0")


@pytest.fixture
def gemm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module with a small matrix product, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gemm.mlir").write_text(GEMM)
    return tmp_path / "gemm.mlir"


def test_a_module_is_tuned_and_compiled_by_its_records(lowbit: Lowbit, gemm: Path):
    outcome = lowbit("tune", gemm, "--trials", 5, *QUICK, "--isa", "host", "--isa", "sse2")
    assert outcome.code == 0
    assert outcome.out.count("matmul 9x70x20 unipolar<2> signed<2>") == 2
    records = load_records(Path("records.jsonl"))
    assert [r.target for r in records] == [get_target(t).cpu for t in ("host", "host+sse2")]
    for record in records:
        assert record.problem.is_matmul
        assert record.mac_per_cycle == pytest.approx(9 * 70 * 20 / record.cycles, rel=0.01)
        assert record.predicted > 0
    compiled = lowbit(
        *("compile", gemm, "--emit=mlir", "--level=kernels", "--records", "records.jsonl")
    )
    assert str(records[0].schedule) in compiled.out


def test_a_study_is_resumed_and_records_are_not_repeated(lowbit: Lowbit, gemm: Path):
    search = ("tune", gemm, *QUICK, "--storage", "journal:study.log", "--records", "r.jsonl")
    assert lowbit(*search, "--trials", 3).code == 0
    size = Path("study.log").stat().st_size
    assert lowbit(*search, "--trials", 3).code == 0
    records = load_records(Path("r.jsonl"))
    assert len(records) in (1, 2)  # the same kernel once; another one where they are close
    text = Path("study.log").read_text()
    assert text.count('"kernel":"') == text[:size].count('"kernel":"') == 3


def test_known_layers(lowbit: Lowbit, tmp_path: Path):
    file = tmp_path / "r.jsonl"
    layer = ("--id", "G11", "--pair", "A2W1", "--out", "packed", "--out", "i32")
    outcome = lowbit(
        *("tune", *layer, "--trials", 2, *QUICK, "--sampler", "grid", "--records", file)
    )
    assert outcome.code == 0
    assert "G11 A2W1 packed host" in outcome.out
    assert [r.problem.stored for r in load_records(file)] == ["unipolar<2>", "i32"]


def test_glue_is_part_of_a_modules_kernels(lowbit: Lowbit, tmp_path: Path):
    layers = Path(__file__).parents[2] / "docs" / "examples" / "two_layers.mlir"
    file = tmp_path / "r.jsonl"
    assert lowbit("tune", layers, "--trials", 1, *QUICK, "--records", file).code == 0
    stored = [r.problem.stored for r in load_records(file)]
    assert len(stored) == 2
    assert stored[0] != "i32"


def test_two_processes_share_a_database(gemm: Path):
    command = [
        *(sys.executable, "-c", PROGRAM, "tune", str(gemm), *QUICK),
        *("--trials", "6", "--storage", "sqlite:///study.db", "--study", "both"),
    ]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    assert load_records(Path("records.jsonl"))


def test_an_interrupt_keeps_what_was_found(gemm: Path):
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", PROGRAM, "tune", str(gemm), "--trials", "1000"),
            *("--seconds", "0.05", "--storage", "journal:study.log"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 100
    while time.monotonic() < end:
        log = Path("study.log")
        if log.exists() and log.read_text().count('"values":[') >= 2:
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted; what was found until then is kept" in errors
    assert "Traceback" not in errors
    assert "matmul 9x70x20" in out
    (record,) = load_records(Path("records.jsonl"))
    assert record.cycles > 0


def test_without_optuna(lowbit: Lowbit, gemm: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    outcome = lowbit("tune", gemm)
    assert outcome.code == 1
    assert outcome.message == "error: tuning needs optuna: pip install 'lowbit[tune]'"


def test_other_commands_do_not_need_optuna(work: Work):
    program = f"import sys; sys.modules['optuna'] = None; {PROGRAM}"
    arguments = ["compile", str(work / "conv.mlir"), "--emit=mlir", "--level=kernels"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=False, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to tune: name FILE.mlir, --id or --all"),
        (("gemm.mlir", "--id", "C9"), "FILE.mlir does not go with --id"),
        (("nowhere.mlir",), "nowhere.mlir: No such file"),
        (("empty.mlir",), "empty.mlir: no lowbit.conv2d or lowbit.matmul to tune"),
        (("--id", "C99"), "no workload 'C99'"),
        (("--id", "C9", "--pair", "W1"), "expected AxWy"),
        (("gemm.mlir", "--records", "no/where.jsonl"), "no/where.jsonl"),
        (("gemm.mlir", "--storage", "study.db"), "expected journal:FILE or a URL"),
        (("gemm.mlir", "--jobs", "1000"), "--jobs 1000: this process may use"),
        (("gemm.mlir", "--isa", "sse2", "--records", "shipped"), "there are files for znver5"),
    ],
)
def test_bad_arguments_are_one_line(lowbit: Lowbit, gemm: Path, arguments, message):
    Path("empty.mlir").write_text("func.func @f() { return }")
    outcome = lowbit("tune", *arguments)
    assert outcome.code == 1
    assert message in outcome.message


@pytest.mark.parametrize("option", ["--trials", "--seconds", "--timeout", "--jobs", "--time-limit"])
def test_numbers_must_be_positive(lowbit: Lowbit, option: str):
    outcome = lowbit("tune", "--id", "C9", option, "0")
    assert outcome.code == 2
    assert "expected a positive" in outcome.err


def test_help_names_everything(lowbit: Lowbit):
    text = lowbit("tune", "--help").out
    for option in ("--id", "--all", "--storage", "--study", "--sampler", "--jobs", "--time-limit"):
        assert option in text
    assert "journal:FILE" in text
