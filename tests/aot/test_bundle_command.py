"""`lowbit compile` without --emit: what is written where, and what is said where it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lowering.targets import TARGETS
from runtime.aot.link import ToolFailedError
from runtime.tools import c_tools
from runtime.tools.c_tools import find_linker
from tests.aot.conftest import DIGITS, Lowbit, copies, tool

COPY = copies(["tensor<3xi32>"])
FILES = ("net.o", "libnet.a", "libnet.so", "net.h", "net_example.c")
MACHINES = {"x86_64": 62, "aarch64": 183, "armv7": 40, "riscv64": 243}


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.mlir"
    path.write_text(COPY)
    return path


@pytest.fixture
def _no_linker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(c_tools, "find_spec", lambda name: None)


@pytest.mark.parametrize("target", ["host", *TARGETS])
def test_all_files_for_every_target(lowbit: Lowbit, net: Path, tmp_path: Path, target: str):
    tool(find_linker, target)
    folder = tmp_path / "out" / "deeper"
    slash = "/" if target == "host" else ""
    done = lowbit("compile", net, f"--target={target}", "-o", f"{folder}{slash}")
    assert (done.code, done.err) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for name in FILES:
        assert f"{folder / name} " in done.out
    assert f"{folder}/net_example.c {folder}/libnet.a -o net_example\n" in done.out
    if target != "host":
        machine = MACHINES[TARGETS[target].arch]
        for name in ("net.o", "libnet.so"):
            assert int.from_bytes((folder / name).read_bytes()[18:20], "little") == machine
    first = {name: (folder / name).read_bytes() for name in FILES}
    assert lowbit("compile", net, f"--target={target}", "-o", folder).code == 0
    assert {name: (folder / name).read_bytes() for name in FILES} == first


def test_the_library_has_another_name(lowbit: Lowbit, tmp_path: Path):
    folder = tmp_path / "out"
    done = lowbit("compile", DIGITS, "--name=mnist", "--target=cortex-a9", "-o", f"{folder}/")
    assert done.code == 0
    assert "void mnist(const uint8_t *input0" in (folder / "mnist.h").read_text()
    assert (folder / "libmnist.a").is_file()


def test_a_file_in_capitals_gives_a_name_in_lower_case(lowbit: Lowbit, tmp_path: Path):
    file = tmp_path / "TFC_1W1A.mlir"
    file.write_text(COPY)
    folder = tmp_path / "out"
    done = lowbit("compile", file, "--target=cortex-a9", "-o", f"{folder}/")
    assert done.code == 0
    header = (folder / "tfc_1w1a.h").read_text()
    assert "void tfc_1w1a(const" in header
    assert "TFC_1W1A_" in header


@pytest.mark.usefixtures("_no_linker")
def test_without_a_linker_the_rest_is_written(lowbit: Lowbit, net: Path, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "libnet.so").write_text("from an earlier run")
    done = lowbit("compile", net, "--target=cortex-a53", "-o", folder)
    assert done.code == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(set(FILES) - {"libnet.so"})
    assert done.err.startswith(f"warning: {folder}/libnet.so is not written: no linker for")
    assert "lld" in done.err
    assert "ziglang" in done.err
    assert done.err.count("\n") == 1
    assert "libnet.so" not in done.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "a library needs a folder: name one with -o FOLDER/"),
        (("-o", "{}/net.o"), "net.o is no folder"),
        (("-o", "{}/net.so"), "net.so is no folder"),
        (("-o", "{}/n/", "--emit=obj"), "n/ is a folder: --emit=obj writes one file"),
        (("-o", "{}/net.mlir"), "net.mlir is no folder"),
        (("-o", "{}/net.mlir/out/"), "net.mlir: Not a directory"),
        (("-o", "{}/net.mlir/"), "net.mlir: Not a directory"),
        (("-o", "{}/", "--level=loops"), "--until=loops goes with --emit=mlir"),
        (("-o", "{}/", "--target=cortex"), "unknown target 'cortex'"),
        (("-o", "{}/n.o", "--emit=obj", "--name=n"), "--name=n is for a library"),
        (("-o", "{}/", "--name=my-net"), "'my-net' cannot be the name of a C library"),
        (("-o", "{}/", "--name=1st"), "'1st' cannot be the name of a C library"),
        (("-o", "{}/", "--name=_net"), "'_net' cannot be the name of a C library"),
        (("-o", "{}/", "--name="), "'' cannot be the name of a C library"),
        (("-o", "{}/", "--name=néon"), "'néon' cannot be the name of a C library"),
        (("-o", "{}/", "--name=NET"), "'NET' is in capitals as the macros of the header are"),
        (("-o", "{}/", "--name=register"), "'register' is a keyword of C or C++"),
        (("-o", "{}/", "--name=main"), "'main' is known to every C program"),
        (("-o", "{}/", "--name=div"), "'div' is known to every C program"),
    ],
)
def test_requests_that_do_not_fit(
    lowbit: Lowbit, net: Path, tmp_path: Path, options: tuple[str, ...], says: str
):
    done = lowbit("compile", net, *(option.format(tmp_path) for option in options))
    assert (done.code, done.out) == (1, "")
    assert says in done.message
    assert list(tmp_path.iterdir()) == [net]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("builtin.module {\n}\n", "the module has no public function"),
        (COPY.replace("func.func @main", "func.func private @main"), "no public function"),
        (
            COPY.replace("@main", '@"a-b"'),
            "net.mlir:1:1: 'func.func': 'a-b' is no name of a C function",
        ),
        (COPY + COPY.replace("@main", "@net"), "@net and @main would both define net in C"),
        (
            COPY + COPY.replace("@main", "@stage"),
            "@stage and @main would both define net_stage in C",
        ),
        (
            COPY.replace("@main", "@f") + COPY.replace("@main", "@F"),
            "@F and @f would both define net_F in C",
        ),
        ("func.func @main(%x: tensor<3xi32>) {", "net.mlir:1"),
    ],
)
def test_modules_that_do_not_fit(lowbit: Lowbit, net: Path, tmp_path: Path, text: str, says: str):
    net.write_text(text)
    done = lowbit("compile", net, "-o", f"{tmp_path}/out/")
    assert (done.code, done.out) == (1, "")
    assert says in done.message
    assert list(tmp_path.iterdir()) == [net]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(lowbit: Lowbit, net: Path, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir(0o500)
    done = lowbit("compile", net, "-o", folder)
    assert (done.code, done.message) == (1, f"error: {folder}: Permission denied")


def test_a_failure_leaves_the_folder_as_it_was(
    lowbit: Lowbit, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tool(find_linker, "host")
    folder = tmp_path / "out"
    assert lowbit("compile", net, "-o", f"{folder}/").code == 0
    before = {path: path.read_bytes() for path in folder.iterdir()}
    net.write_text(copies(["tensor<4xi32>"]))

    def fails(*_: object, **__: object) -> None:
        raise ToolFailedError("ld.lld failed: undefined symbol: memcpy")

    monkeypatch.setattr("runtime.aot.bundle.link_shared", fails)
    done = lowbit("compile", net, "-o", folder)
    assert done.message == "error: ld.lld failed: undefined symbol: memcpy"
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
