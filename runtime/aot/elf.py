"""What an ELF object defines for others, and its code; either class, either byte order."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

_SHT_SYMTAB = 2
_SHF_EXECINSTR = 4
_SHN_UNDEF, _SHN_COMMON = 0, 0xFFF2
_STB_GLOBAL, _STB_WEAK = 1, 2


_Part = TypeVar("_Part")


@dataclass(frozen=True)
class _Class:
    """Layouts of the structures of one class, as `struct` has them, and the fields we read.

    `header` gives the offset, the size of an entry and the count of section headers; `section` the
    type, flags, offset, size and link of a section; a symbol its name, information, section.
    """

    header: tuple[int, str]
    section: str
    symbol: str
    symbol_order: tuple[int, int, int]


_CLASSES = {
    1: _Class((32, "I10xHH"), "4xII4xIII", "III BBH", (0, 3, 5)),
    2: _Class((40, "Q10xHH"), "4xIQ8xQQI", "I BBH QQ", (0, 1, 3)),
}
"""By EI_CLASS."""


def defined_symbols(data: bytes) -> list[str]:
    """Names of the global and weak symbols that an object defines, in its order.

    Raises:
        ValueError: it is no ELF object.
    """
    return _read(data, _defined)


def code_bytes(data: bytes) -> int:
    """Bytes of the machine code of an object.

    Raises:
        ValueError: it is no ELF object.
    """
    return sum(_read(data, _code))


def _read(data: bytes, part: Callable[[bytes, _Class, str], Iterable[_Part]]) -> list[_Part]:
    if data[:4] != b"\x7fELF":
        raise ValueError("not an ELF object")
    try:
        return list(part(data, _CLASSES[data[4]], {1: "<", 2: ">"}[data[5]]))
    except (struct.error, LookupError, ValueError, OverflowError) as error:
        raise ValueError(f"a damaged ELF object: {error}") from error


def _sections(data: bytes, of: _Class, order: str) -> list[tuple[int, ...]]:
    offset, layout = of.header
    start, size, count = struct.unpack_from(order + layout, data, offset)
    return [struct.unpack_from(order + of.section, data, start + size * i) for i in range(count)]


def _code(data: bytes, of: _Class, order: str) -> Iterator[int]:
    for _, flags, _, length, _ in _sections(data, of, order):
        if flags & _SHF_EXECINSTR:
            yield length


def _defined(data: bytes, of: _Class, order: str) -> Iterator[str]:
    sections = _sections(data, of, order)
    symbol = struct.Struct(order + of.symbol)
    for kind, _, at, length, link in sections:
        if kind != _SHT_SYMTAB:
            continue
        names = sections[link][2]
        for fields in symbol.iter_unpack(data[at : at + length]):
            name, info, section = (fields[i] for i in of.symbol_order)
            if info >> 4 in (_STB_GLOBAL, _STB_WEAK) and section not in (_SHN_UNDEF, _SHN_COMMON):
                end = data.index(b"\0", names + name)
                yield data[names + name : end].decode()
