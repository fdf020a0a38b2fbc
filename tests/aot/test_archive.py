"""Static libraries, read by our own eyes and by the tools of others."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from runtime.aot.archive import archive
from runtime.aot.elf import defined_symbols
from tests.aot.conftest import copies, library_of
from tests.tools import needed_program

TARGETS = ("x86-64", "cortex-a53", "cortex-a7")
NAMES = ("first", "a_name_of_more_than_fifteen_bytes", "fifteen_bytes_too")
TEXT = copies(["tensor<3xi32>"])


@pytest.fixture(scope="module", params=TARGETS)
def objects(request: pytest.FixtureRequest) -> dict[str, bytes]:
    """Objects of libraries, one of an odd number of bytes."""
    made = {f"{name}.o": library_of(TEXT, name, request.param).object for name in NAMES}
    made["first.o"] += b"\0" * (1 - len(made["first.o"]) % 2)
    return made


def test_symbols_are_those_that_others_may_use(objects: dict[str, bytes]):
    for name in NAMES:
        assert sorted(defined_symbols(objects[f"{name}.o"])) == [
            name,
            f"{name}_0_copy",
            f"{name}_workspace_bytes",
        ]


def test_the_index_leads_to_the_members(objects: dict[str, bytes]):
    data = archive(objects)
    assert data.startswith(b"!<arch>\n/ ")
    size = int(data[8 + 48 : 8 + 58])
    content = data[68 : 68 + size]
    (count,) = struct.unpack_from(">I", content)
    offsets = struct.unpack_from(f">{count}I", content, 4)
    symbols = content[4 + 4 * count :].decode().split("\0")[:count]
    assert symbols == [s for o in objects.values() for s in defined_symbols(o)]
    for symbol, offset in zip(symbols, offsets, strict=True):
        assert offset % 2 == 0
        assert data[offset + 58 : offset + 60] == b"`\n"
        member = data[offset + 60 :][: int(data[offset + 48 : offset + 58])]
        assert member in objects.values()
        assert symbol in defined_symbols(member)


def test_binutils_read_it(objects: dict[str, bytes], tmp_path: Path):
    needed_program("nm", "binutils")
    path = tmp_path / "lib.a"
    path.write_bytes(archive(objects))

    def run(*command: str) -> list[str]:
        done = subprocess.run([*command, path], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert run("ar", "t") == list(objects)
    index = run("nm", "-s")
    assert f"{NAMES[1]}_0_copy in {NAMES[1]}.o" in index
    subprocess.run(["ar", "x", path, f"{NAMES[1]}.o"], cwd=tmp_path, check=True)
    assert (tmp_path / f"{NAMES[1]}.o").read_bytes() == objects[f"{NAMES[1]}.o"]


@pytest.mark.parametrize(
    "data",
    [b"", b"!<arch>\n", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 90],
    ids=["empty", "archive", "truncated", "damaged"],
)
def test_what_is_no_object_is_refused(data: bytes):
    with pytest.raises(ValueError, match="ELF object"):
        archive({"x.o": data})
