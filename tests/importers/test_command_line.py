"""Models at the command line: arrays by name, batches, and the front end of xDSL."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from xdsl.xdsl_opt_main import xDSLOptMain

from runtime.cli import main
from tests.importers.networks import Net, executed, onnx
from tests.tools import needed_program

W = np.ones((4, 3), np.float32)
X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def two_layers(batch: int | str = "n") -> Net:
    """A layer whose output is named, and one behind it."""
    net = Net([batch, 4])
    q = net.quant("x", 0.5, 2)
    rng = np.random.default_rng(1)
    w = net.quant(net.constant(rng.normal(size=(4, 3))), 0.25, 3, narrow=1)
    y = net.quant(net.node("MatMul", q, w), 0.125, 4)
    net.node("Mul", y, net.constant(2.0))
    return net


def save(path: Path, net: Net, *outputs: str) -> Path:
    onnx.save(net.model(*outputs), path)
    return path


def test_arrays_go_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net = two_layers()
    names = [node.output[0] for node in net.nodes[-2:]]
    save(Path("net.onnx"), net, *names)
    expected = executed(net.model(*names), X)
    np.save("x.npy", X)
    np.savez("x.npz", x=X)
    run = ["run", "net.onnx", "--no-cache", "--input"]
    assert main([*run, "x.npz", "-o", "y.npz"]) == 0
    with np.load("y.npz") as found:
        for name in names:
            assert np.array_equal(found[name], expected[name])
    assert main([*run, "x=x.npy", "-o", f"{names[1]}=b.npy"]) == 0
    assert np.array_equal(np.load("b.npy"), expected[names[1]])
    assert main([*run, "x.npy", "-o", "a.npy", "-o", "b.npy"]) == 0
    assert np.array_equal(np.load("a.npy"), expected[names[0]])


def test_a_model_of_one_batch_runs_on_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    net = two_layers(2)
    shape = net.constant([2, 3], np.int64)
    result = net.node("Reshape", net.nodes[-1].output[0], shape)
    save(Path("net.onnx"), net, result)
    np.save("x.npy", X)
    assert main(["run", "net.onnx", "--no-cache", "-i", "x.npy", "-o", "y.npy"]) == 0
    model = net.model(result)
    expected = [executed(model, X[i : i + 2])[result] for i in (0, 2, 4)]
    assert np.array_equal(np.load("y.npy"), np.concatenate(expected))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-i", "y=x.npy"], "--input: 'y' is none of the names; the model has 'x'"),
        (["-i", "x.npy", "-i", "x=x.npy"], "input 'x' is given twice"),
        ([], "input 'x' (float32, ?x4) is missing: give it with --input x=X.npy"),
        (["-i", "x.npy", "-o", "a.npy", "-o", "b.npy"], "--output is given more than 1 times"),
        (["-i", "wide.npy"], "net.onnx: input 'x' has shape ?x4, got [6, 5]"),
        (["-i", "x.npy", "--entry", "f"], "no function @f: a model has @main"),
    ],
)
def test_wrong_names(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    net = two_layers()
    save(Path("net.onnx"), net, net.nodes[-1].output[0])
    np.save("x.npy", X)
    np.save("wide.npy", np.zeros((6, 5), np.float32))
    assert main(["run", "net.onnx", *arguments]) == 1
    assert capsys.readouterr().err == f"error: {says}\n"


def test_a_missing_input_has_a_dtype_and_a_shape(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = two_layers()
    path = save(tmp_path / "net.onnx", net, net.nodes[-1].output[0])
    assert main(["verify", str(path)]) == 1
    says = "input 'x' (float32, ?x4) is missing: give it with --data x=X.npy"
    assert capsys.readouterr().err == f"error: {says}\n"


def test_the_front_end_of_xdsl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the front end prints is read back by its own tool."""
    if not hasattr(xDSLOptMain, "register_all_frontends"):
        pytest.skip("xDSL has front ends in universes since 0.75")
    net = two_layers()
    path = save(tmp_path / "net.onnx", net, net.nodes[-1].output[0])
    printed = []
    for arguments in (["-f", "qonnx", str(path)], [str(path)]):
        xDSLOptMain(args=arguments).run()
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert printed[0].count("qonnx.node") == len(net.nodes)
    text = tmp_path / "net.mlir"
    text.write_text(printed[0])
    xDSLOptMain(args=[str(text)]).run()
    assert capsys.readouterr().out == printed[0]


def test_lowbit_does_not_import_onnx() -> None:
    code = "import sys, lowbit, runtime.cli, lowering.universe; print('onnx' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


def test_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    net = two_layers(1)
    unequal = net.node("Add", net.nodes[-1].output[0], net.node("MatMul", "x", net.constant(W)))
    save(Path("net.onnx"), net, unequal)
    assert main(["inspect", "net.onnx", "--target=znver5"]) == 0
    out = capsys.readouterr().out
    row = next(line.split() for line in out.splitlines() if line.startswith("MatMul_2"))
    assert row[:4] == ["MatMul_2", "MatMul", "signed<2>", "signed<3>"]
    assert row[5] == str(4 * 3)
    assert row[7] == str(4 * 4 * 3)
    assert "5 of 7 nodes have integers or are part of their glue" in out
    assert "in floating point: MatMul_5 (MatMul): x: no quantiser rounds it" in out
    assert "in floating point: Add_6 (Add): input 1 has no integers: no quantiser rounds it" in out


def test_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    net = two_layers()
    save(Path("net.onnx"), net, net.nodes[-1].output[0])
    np.save("x.npy", X)
    assert main(["verify", "net.onnx", "--data", "x.npy", "--samples", "5"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows == [
        ["Quant_0", "24", "5", "0", "0"],
        ["Quant_1", "12", "5", "0", "0"],
        ["Quant_3", "18", "5", "0", "0"],
    ]


def test_codes_at_the_interface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The integers of the first quantiser go in, and those of the last one come out."""
    monkeypatch.chdir(tmp_path)
    net = two_layers(6)
    save(Path("net.onnx"), net, net.nodes[-1].output[0])
    options = ["--emit=mlir", "--level=tensors", "--interface=codes", "-o", "codes.mlir"]
    assert main(["compile", "net.onnx", *options]) == 0
    np.save("q.npy", np.clip(np.rint(X / np.float32(0.5)), -2, 1).astype(np.int8))
    assert main(["run", "codes.mlir", "--no-cache", "-i", "q.npy", "-o", "y.npy"]) == 0
    expected = executed(net.model(net.nodes[-1].output[0]), X)[net.nodes[-1].output[0]]
    assert np.array_equal(np.load("y.npy") * np.float32(0.25), expected)


def test_a_c_library_for_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that comes with the library, emulated, gives what is computed here."""
    emulator = needed_program("qemu-aarch64", "qemu-user")
    compiler = needed_program("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")
    monkeypatch.chdir(tmp_path)
    net = two_layers(6)
    name = net.nodes[-1].output[0]
    save(Path("net.onnx"), net, name)
    np.save("x.npy", X)
    assert main(["compile", "net.onnx", "--target=cortex-a53", "-o", "out/"]) == 0
    program = ["-static", "out/net_example.c", "out/libnet.a", "-o", "net"]
    subprocess.run([compiler, *program], check=True, timeout=120)
    run = [emulator, "-cpu", "cortex-a53", "./net", "x.npy", "--output", "y.npy"]
    subprocess.run(run, check=True, timeout=120, capture_output=True)
    assert np.array_equal(np.load("y.npy"), executed(net.model(name), X)[name])


def test_options_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A strategy is taken or refused, a profile shown, and what a model cannot have refused."""
    monkeypatch.chdir(tmp_path)
    net = two_layers(6)
    save(Path("net.onnx"), net, net.nodes[-1].output[0])
    np.save("x.npy", X)
    run = ["run", "net.onnx", "--no-cache", "--input", "x.npy"]
    assert main([*run, "--strategy", "dot", "--profile", "--repeat", "2"]) == 0
    out = capsys.readouterr().out
    assert "median of 2 runs with 1 thread: " in out
    assert " = [[" in out  # 18 numbers are printed
    assert "dot" in out
    assert "share" in out
    assert main([*run, "--strategy", "lut"]) == 1
    assert "strategy lut is impossible" in capsys.readouterr().err
    assert main([*run, "--plot", "p.svg"]) == 1
    assert "--plot goes with --profile" in capsys.readouterr().err
    assert main([*run, "--unpack"]) == 1
    assert "--unpack is for modules" in capsys.readouterr().err
