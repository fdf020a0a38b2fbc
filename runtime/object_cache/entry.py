"""The bytes of a cache entry: a header with a checksum, then key, metadata and object.

6s 2s 32s          family, version of this format, SHA-256 of all that follows
<Q, key            length and bytes of the key
<Q, metadata       length and bytes of the metadata, JSON
object             up to the end
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

_FAMILY, _VERSION = b"lowbit", b"03"
_HEADER = struct.Struct("<6s2s32s")
_LENGTH = struct.Struct("<Q")


class DamagedError(Exception):
    """An entry is not what was written; the message says what is wrong with it."""


def pack_entry(key: str, metadata: Any, data: bytes) -> bytes:
    """The entry of a key, with metadata that JSON can hold and an object."""
    parts = (key.encode(), json.dumps(metadata).encode())
    body = b"".join(_LENGTH.pack(len(part)) + part for part in parts) + data
    return _HEADER.pack(_FAMILY, _VERSION, hashlib.sha256(body).digest()) + body


def unpack_entry(key: str, entry: bytes) -> tuple[Any, bytes] | None:
    """Metadata and object of the entry of a key, or None where its format has another version.

    Raises:
        DamagedError: it is truncated, changed, or the entry of another key.
    """
    if len(entry) < _HEADER.size:
        raise DamagedError("it is truncated")
    family, format_version, checksum = _HEADER.unpack_from(entry)
    body = entry[_HEADER.size :]
    if family != _FAMILY:
        raise DamagedError("it is no cache entry")
    if format_version != _VERSION:
        return None
    if checksum != hashlib.sha256(body).digest():
        raise DamagedError("its checksum does not match")
    found, position = _take(body, 0)
    text, position = _take(body, position)
    if found != key.encode():
        raise DamagedError("it is the entry of another key")
    try:
        return json.loads(text), body[position:]
    except (ValueError, RecursionError) as error:
        raise DamagedError("its metadata are no JSON") from error


def _take(body: bytes, position: int) -> tuple[bytes, int]:
    """The bytes of a part with its length before it, and where the next part begins."""
    start = position + _LENGTH.size
    end = start + _LENGTH.unpack_from(body, position)[0] if start <= len(body) else start
    if end > len(body):
        raise DamagedError("its parts are longer than the whole")
    return body[start:end], end
