"""Compiled objects on disk, found by everything that went into them.

An entry is one file: a magic word, a checksum, the signatures as JSON, and the object. It is
written beside its place and renamed, so readers and concurrent writers never see half of one;
an entry that does not check out (truncated, damaged) counts as absent and is replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lowering.targets import Target

_MAGIC = b"lowbit01"
_HEADER = struct.Struct("<8s32sQ")

ENVIRONMENT = "LOWBIT_CACHE"
"""Names the cache's folder; where it is set to nothing, there is no cache."""


class CacheError(Exception):
    """The cache that the user named cannot be used."""


def directory() -> Path | None:
    """The cache's folder, or None where it is turned off."""
    named = os.environ.get(ENVIRONMENT)
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lowbit"


@cache
def _compiler_fingerprint() -> str:
    """Versions of all that compiles, and the sources of this package: a change makes new keys."""
    digest = hashlib.sha256()
    for name in ("lowbit", "xdsl", "llvmlite"):
        digest.update(f"{name} {version(name)};".encode())
    root = Path(__file__).parent.parent
    for package in ("lowbit_dialect", "lowering", "runtime"):
        for path in sorted((root / package).rglob("*.py")):
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns};".encode())
    return digest.hexdigest()


def key(text: str, target: Target) -> str:
    """Name of the entry for a module's text compiled for a target."""
    facts = repr((_compiler_fingerprint(), target, sorted(target.isa)))
    return hashlib.sha256(f"{facts}\n{text}".encode()).hexdigest()


def load(name: str) -> tuple[Any, bytes] | None:
    """The metadata and the object of an entry, or None where there is no whole one."""
    folder = directory()
    if folder is None:
        return None
    path = folder / name[:2] / name
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body = data[_HEADER.size :]
    if len(data) >= _HEADER.size:
        magic, checksum, length = _HEADER.unpack_from(data)
        if magic == _MAGIC and checksum == hashlib.sha256(body).digest() and length <= len(body):
            return json.loads(body[:length]), body[length:]
    warnings.warn(f"cache entry {path} is damaged; compiling anew", stacklevel=2)
    return None


def store(name: str, metadata: Any, data: bytes) -> None:
    """Write an entry.

    Raises:
        CacheError: the folder named by LOWBIT_CACHE cannot be written. (The default one only gives
            a warning: a read-only home must not stop anybody from compiling.)
    """
    folder = directory()
    if folder is None:
        return
    text = json.dumps(metadata).encode()
    body = text + data
    header = _HEADER.pack(_MAGIC, hashlib.sha256(body).digest(), len(text))
    temporary: str | None = None
    try:
        place = folder / name[:2]
        place.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=place, prefix=".new-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(header + body)
        os.replace(temporary, place / name)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        message = f"cannot write the cache in {folder}: {error.strerror or error}"
        if ENVIRONMENT in os.environ:
            raise CacheError(f"{message}; set {ENVIRONMENT} to another folder") from error
        warnings.warn(message, stacklevel=2)
