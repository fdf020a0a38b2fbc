"""The files of a library in a folder: object, static and shared library, header, example."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lowering.targets import Target
from runtime.aot.archive import archive
from runtime.aot.example import example_text
from runtime.aot.header import header_text
from runtime.aot.library import Library
from runtime.aot.link import link_shared
from runtime.tools import ToolMissingError
from runtime.tools.platforms import is_native, platform_of


@dataclass(frozen=True)
class BundleFile:
    """A file to be written: what it is, in a few words, and its bytes."""

    what: str
    content: bytes


@dataclass(frozen=True)
class Bundle:
    """Files by their names, and the compiler that builds the example.

    `missing` names what is not among them because a program that makes it is not there, and says
    how to get that.
    """

    name: str
    compiler: str
    files: Mapping[str, BundleFile]
    missing: Mapping[str, str]

    def compile_line(self, folder: Path) -> str:
        """The command that builds the example from the files in a folder."""
        files = [folder / f"{self.name}_example.c", folder / f"lib{self.name}.a"]
        return f"{self.compiler} {shlex.join(map(str, files))} -o {self.name}_example"


def make_bundle(library: Library) -> Bundle:
    """All files of a library; without the shared one where there is no linker.

    Raises:
        ToolFailedError: the linker failed, for example because the object calls something.
    """
    name, compiler = library.name, compiler_name(library.target)
    files = {
        f"{name}.o": BundleFile("object", library.object),
        f"lib{name}.a": BundleFile("static library", archive({f"{name}.o": library.object})),
    }
    missing = {}
    try:
        files[f"lib{name}.so"] = BundleFile("shared library", _shared(library))
    except ToolMissingError as error:
        missing[f"lib{name}.so"] = str(error)
    files[f"{name}.h"] = BundleFile(
        "C header: types, sizes and rules", header_text(library).encode()
    )
    files[f"{name}_example.c"] = BundleFile(
        f"C program that runs {library.main.name}() on .npy files",
        example_text(library, compiler).encode(),
    )
    return Bundle(name, compiler, files, missing)


def compiler_name(target: Target) -> str:
    """What a C compiler for the target is called where it is installed, with its options."""
    return "cc" if is_native(target) else " ".join(platform_of(target).compilers[0])


def _shared(library: Library) -> bytes:
    """The shared library, which exports what the object defines for others."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, f"{library.name}.o"), Path(folder, f"lib{library.name}.so")
        source.write_bytes(library.object)
        link_shared([source], output, library.target)
        return output.read_bytes()
