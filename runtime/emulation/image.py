"""An object linked as a program at fixed addresses, ready to be put into memory.

Nothing is left for a loader to do, and a function that calls a library does not link.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lowering.targets import Target
from runtime.aot.link import link_program
from runtime.emulation.extra import require


@dataclass(frozen=True)
class Segment:
    """Bytes of a program that lie at an address; `size` counts the zeros behind them, too."""

    address: int
    data: bytes
    size: int


@dataclass(frozen=True)
class Symbol:
    """Where a function or a constant lies, and its bytes."""

    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """A linked program: the ELF file, and what it puts where."""

    elf: bytes
    segments: tuple[Segment, ...]
    functions: Mapping[str, Symbol]

    @staticmethod
    def link(data: bytes, target: Target, entry: str) -> Image:
        """The program of an object file.

        Args:
            data: the object file.
            target: what it was compiled for.
            entry: the function that stands first in a program.

        Raises:
            ToolMissingError: there is no linker, or the package to read what it made.
            ToolFailedError: the object needs symbols of a library.
        """
        require("elftools", "pyelftools")
        with TemporaryDirectory(prefix="lowbit-image-") as folder:
            source, program = Path(folder, "code.o"), Path(folder, "program")
            source.write_bytes(data)
            link_program([source], program, target, entry=entry)
            return Image.read(program.read_bytes())

    @staticmethod
    def read(elf: bytes) -> Image:
        """The image of an ELF file that was linked at fixed addresses."""
        from elftools.elf.elffile import ELFFile  # noqa: PLC0415  an extra
        from elftools.elf.sections import SymbolTableSection  # noqa: PLC0415

        file = ELFFile(io.BytesIO(elf))
        segments = tuple(
            Segment(part["p_vaddr"], part.data(), part["p_memsz"])
            for part in file.iter_segments("PT_LOAD")
        )
        table = file.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection), "a linked program has symbols"
        functions = {
            symbol.name: Symbol(symbol["st_value"], symbol["st_size"])
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        }
        return Image(elf, segments, functions)
