"""Whatever is wrong: exit code 1, one line that says where and what first, never a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = "func.func @f(%a: i32) -> i32 {\n  func.return %a : i32\n}\n"
UNVERIFIED = "func.func @f(%a: i32) -> i32 {\n  func.return\n}\n"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "in.mlir"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("func.func @f( {", ":1:15: ", "Expected argument or type"),
        ("", ":1:1: ", "the input is empty: expected an operation"),
        ("\n  nope.op", ":2:10: ", "nope.op is not registered"),
        ("func.func @f() {\n  func.return %x : i32\n}", ":3:2: ", "not defined: [%x]"),
        (UNVERIFIED, ":2:3: ", "'func.return': Expected arguments to have the same types"),
        (GOOD[:-2], ":3:1: ", "syntax error in block definition"),
        ('"test.op"() ({\n' * 2000, ":", "operations are nested too deeply"),
        # The constructor of an attribute raises an error that knows no place.
        ("\n%0 = arith.constant 300 : i8", ":2:1: ", "300 is out of range for type i8"),
        # What xDSL's parser does not expect: elements of terabytes, a second block of a name.
        (
            "\n%0 = arith.constant dense<1> : vector<1099511627776xi8>",
            *(":2:", "a dense literal has up to 67108864 elements, got 1099511627776"),
        ),
        (
            "func.func @f() {\n  cf.br ^a\n^a:\n  cf.br ^a\n^a:\n  cf.br ^a\n}",
            *(":", "malformed"),
        ),
        ("func.func @f()\nfunc.func @f()", ":2:1: ", "Redefinition of symbol"),
    ],
)
def test_bad_ir(opt, file, text: str, place: str, message: str) -> None:
    path = file(text)
    result = opt(path)
    assert result.code == 1
    assert result.first.startswith(f"error: {path}{place}")
    assert message in result.first
    assert "Traceback" not in result.err
    assert result.out == ""


def test_parse_error_shows_the_text(opt, file) -> None:
    lines = opt(file("func.func @f( {")).err.splitlines()
    assert lines[1:3] == ["func.func @f( {", " " * 14 + "^"]


def test_not_utf8(opt, file) -> None:
    path = file(b"\xff\xfe")
    result = opt(path)
    assert result.code == 1
    assert result.first == f"error: {path}: not UTF-8 text: invalid start byte at byte 0"


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("nope", "error: unknown pass 'nope'"),
        ("csee", "error: unknown pass 'csee'; did you mean 'cse'"),
        ("cse{x=1}", "error: pass 'cse': Provided arguments [\"x\"]"),
        ("test-count{n=a}", "error: pass 'test-count': Incompatible types"),
        ("cse,,", "error: pass-pipeline:1:5: Expected pass name here"),
        ("cse]", "error: pass-pipeline:1:4: Unknown token"),
    ],
)
def test_bad_pipeline(opt, file, pipeline: str, message: str) -> None:
    result = opt(file(GOOD), "-p", pipeline)
    assert (result.code, result.out) == (1, "")
    assert result.first.startswith(message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--nope"], "error: unrecognized arguments: --nope"),
        (["-t", "nope"], "error: argument -t/--target: invalid choice: 'nope'"),
        (["/nope/nope.mlir"], "error: /nope/nope.mlir: No such file or directory"),
        (["--run-reproducer", "-p", "cse"], "error: --run-reproducer takes the pipeline"),
    ],
)
def test_bad_arguments(opt, args: list[str], message: str) -> None:
    result = opt(*args)
    assert (result.code, result.out) == (1, "")
    assert result.first.startswith(message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("test-refuse", "{path}:1:1: pass 'test-refuse': 'func.func': no functions please"),
        ("test-break", "{path}:2:3: IR does not verify after pass 'test-break': 'func.return': "),
        ("test-crash", "pass 'test-crash': KeyError: 'boom' (internal error; --debug shows"),
    ],
)
def test_failing_pass(opt, file, name: str, message: str) -> None:
    path = file(GOOD)
    result = opt(path, "-p", f"canonicalize,{name}")
    assert (result.code, result.out) == (1, "")
    assert result.first.startswith("error: " + message.format(path=path))


def test_places_count_lines_before_a_chunk(opt, file) -> None:
    path = file(f"{GOOD}// -----\n{UNVERIFIED}")
    assert opt(path, "--split-input-file").first.startswith(f"error: {path}:6:3: ")


def test_debug_shows_the_traceback(opt, file) -> None:
    with pytest.raises(KeyError, match="boom"):
        opt(file(GOOD), "-p", "test-crash", "--debug")


def test_verify_diagnostics_is_still_xdsl_opts(opt, file) -> None:
    result = opt(file(UNVERIFIED), "--verify-diagnostics")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Expected arguments to have the same types")


def test_failure_leaves_the_output_file_alone(opt, file) -> None:
    path = file(GOOD)
    assert opt(path, "-o", path, "-p", "test-crash").code == 1
    assert path.read_text() == GOOD
    # In place works, and so do places in the output.
    assert opt(path, "-o", path, "--print-debuginfo").code == 0
    assert f'func.return %a : i32 loc("{path}":2:3)' in path.read_text()
