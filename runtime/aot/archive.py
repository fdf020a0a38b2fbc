"""Static libraries: the archives of GNU `ar`, with the index that linkers ask.

    !<arch>
    /               index: count and an offset for each symbol (big-endian), names that end in 0
    //              file names of more than 15 bytes, where there are any
    digits.o/       an object

Every member has a header of 60 characters and starts at an even offset. Times and owners are zero,
as `ar D` writes them, so that equal objects give equal archives. The format is described in ar(5)
of FreeBSD as the System V variant.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from runtime.aot.elf import defined_symbols

_MAGIC = b"!<arch>\n"
_NAME_BYTES = 15
"""The longest file name in a header, where a slash ends it."""


def archive(objects: Mapping[str, bytes]) -> bytes:
    """The archive of ELF objects, by their file names.

    Raises:
        ValueError: one is no ELF object.
    """
    fields, long_names = _name_fields(objects)
    members = {name: _member(field, objects[name], 0o644) for name, field in fields.items()}
    symbols = [(symbol, name) for name in objects for symbol in defined_symbols(objects[name])]
    text = "".join(f"{symbol}\0" for symbol, _ in symbols).encode()

    def index(offsets: Mapping[str, int]) -> bytes:
        numbers = (len(symbols), *(offsets[name] for _, name in symbols))
        return _member("/", struct.pack(f">{len(numbers)}I", *numbers) + text)

    # How long the index is does not depend on the offsets in it.
    offset = len(_MAGIC) + len(index(dict.fromkeys(objects, 0))) + len(long_names)
    offsets = {}
    for name, member in members.items():
        offsets[name] = offset
        offset += len(member)
    return b"".join([_MAGIC, index(offsets), long_names, *members.values()])


def _name_fields(names: Mapping[str, bytes]) -> tuple[dict[str, str], bytes]:
    """What the header of each member has for its name, and the member of long names."""
    fields, table = {}, b""
    for name in names:
        fields[name] = f"{name}/"
        if len(name.encode()) > _NAME_BYTES:
            fields[name] = f"/{len(table)}"
            table += f"{name}/\n".encode()
    return fields, _member("//", table) if table else b""


def _member(name: str, data: bytes, mode: int = 0) -> bytes:
    """Header, content, and the byte that makes the length even."""
    header = f"{name:16}{0:<12}{0:<6}{0:<6}{mode:<8o}{len(data):<10}`\n"
    return header.encode() + data + b"\n" * (len(data) % 2)
