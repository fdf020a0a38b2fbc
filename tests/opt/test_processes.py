"""What only a process of its own can show: the entry points, pipes, and plain xdsl-opt."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
SOURCE = "func.func @f(%a: i32) -> i32 {\n  func.return %a : i32\n}\n"


def run(tool: str, *args: str, text: str = SOURCE) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / tool), *args]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_installed_tool_reads_stdin() -> None:
    result = run("lowbit-opt", "-", "-p", "builtin.module(canonicalize,cse)")
    assert (result.returncode, result.stderr) == (0, "")
    assert "func.return %a : i32" in result.stdout


def test_the_installed_tool_fails_with_a_diagnostic() -> None:
    result = run("lowbit-opt", text=SOURCE[:20])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: stdin:1:")


def test_a_reader_that_goes_away() -> None:
    # More than a pipe holds, so that the write fails and not only the flush.
    source = "\n".join(f"func.func private @f{i}(tensor<1x2x3x4x5x6xi32>)" for i in range(2000))
    command = f"'{BIN / 'lowbit-opt'}' | head -n 1"
    result = subprocess.run(
        ["sh", "-c", command], input=source, capture_output=True, text=True, timeout=60, check=True
    )
    assert (result.stdout, result.stderr) == ("builtin.module {\n", "")


def test_plain_xdsl_opt_knows_our_dialects_and_passes() -> None:
    source = (
        "func.func @f(%c: vector<4xi32>, %a: vector<4xi32>) -> vector<4xi32> {\n"
        "  %r = simd.popcount_acc and %c, %a, %a : vector<4xi32>\n"
        "  func.return %r : vector<4xi32>\n}\n"
    )
    result = run("xdsl-opt", "-p", "canonicalize,simd-lower{target=cortex-a53},cse", text=source)
    assert result.returncode == 0, result.stderr
    assert "math.ctpop" in result.stdout
    assert "simd." not in result.stdout
