"""Compiled objects on disk, found by everything that went into them.

An entry is one file: a magic word, a checksum, the signatures as JSON, and the object. It is
written beside its place and renamed, so readers and concurrent writers never see half of one;
an entry that does not check out (truncated, damaged) counts as absent and is replaced. Where all of
them take more room than allowed, those that were not used for longest are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import warnings
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lowering.record_sources import SHIPPED_RECORDS, digest
from lowering.targets import Target
from runtime.cache_limit import TEMPORARY, evict, limit, mark_used

_FAMILY, _VERSION = b"lowbit", b"02"
_HEADER = struct.Struct("<6s2s32s")
"""Family, version of this format, checksum of all that follows."""
_LENGTH = struct.Struct("<Q")
"""Bytes of the metadata, which comes next; the rest is the object."""

ENVIRONMENT = "LOWBIT_CACHE"
"""Names the cache's folder; where it is set to nothing, there is no cache."""


class CacheError(Exception):
    """The cache that the user named cannot be used."""


def directory() -> Path | None:
    """The cache's folder, or None where it is turned off or nothing says where home is."""
    named = os.environ.get(ENVIRONMENT)
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # the rules for XDG_CACHE_HOME say to ignore others
        return Path(base) / "lowbit"
    try:
        return Path.home() / ".cache" / "lowbit"
    except RuntimeError:
        return None


@cache
def _compiler_fingerprint() -> str:
    """Versions of all that compiles, and the sources of this package: a change makes new keys."""
    digest = hashlib.sha256()
    for name in ("lowbit", "xdsl", "llvmlite", "numpy"):
        digest.update(f"{name} {version(name)};".encode())
    root = Path(__file__).parent.parent
    for package in ("lowbit_dialect", "lowering", "runtime"):
        for path in sorted((root / package).rglob("*.py")):
            stat = path.stat()
            place = path.relative_to(root)
            digest.update(f"{place} {stat.st_size} {stat.st_mtime_ns};".encode())
    return digest.hexdigest()


@cache
def _target_facts(target: Target) -> str:
    """All of a target; its set of features, whose order differs between processes, sorted."""
    facts = {field.name: getattr(target, field.name) for field in fields(target)}
    return repr(facts | {"isa": sorted(target.isa)})


def key(text: str, target: Target, strategy: str = "auto", records: str = SHIPPED_RECORDS) -> str:
    """Name of the entry for a module's text compiled for a target with a strategy and records.

    Of records their content counts, not the file's name.

    Raises:
        ValueError: the records cannot be read.
    """
    measured = digest(target, records)
    facts = f"{_compiler_fingerprint()}\n{_target_facts(target)}\n{strategy}\n{measured}\n"
    whole = hashlib.sha256(facts.encode())
    whole.update(text.encode(errors="surrogatepass"))
    return whole.hexdigest()


def load(name: str) -> tuple[Any, bytes] | None:
    """The metadata and the object of an entry, or None where there is no whole one.

    A damaged entry gives a warning that names the file.

    Raises:
        ValueError: LOWBIT_CACHE_LIMIT is no size.
        CacheError: the folder named by LOWBIT_CACHE is none.
    """
    folder = directory()
    if folder is None:
        return None
    limit()
    path = folder / name[:2] / name
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _complain(f"cannot read the cache in {folder}: {error.strerror or error}", error)
        return None
    if len(data) >= _HEADER.size and data.startswith(_FAMILY) and data[6:8] != _VERSION:
        return None  # of another version of this format, and whole for all we know
    found = _check(data)
    if found is None:
        warnings.warn(f"the cache entry {path} is damaged; compiling anew", stacklevel=2)
    else:
        mark_used(path)
    return found


def _check(data: bytes) -> tuple[Any, bytes] | None:
    """The parts of an entry, or None where it is not what was written."""
    if len(data) < _HEADER.size:
        return None
    family, _, checksum = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    if family != _FAMILY or checksum != hashlib.sha256(body).digest():
        return None
    start = _LENGTH.size
    end = start + _LENGTH.unpack_from(body)[0]
    return json.loads(body[start:end]), body[end:]


def _complain(message: str, error: OSError) -> None:
    """Stop where the user chose the folder; otherwise warn, for compiling works without."""
    if ENVIRONMENT in os.environ:
        raise CacheError(f"{message}; set {ENVIRONMENT} to another folder") from error
    warnings.warn(message, stacklevel=3)


def store(name: str, metadata: Any, data: bytes) -> None:
    """Write an entry, and remove old ones where there are too many.

    An entry that is larger than the whole cache may be is not written.

    Raises:
        ValueError: LOWBIT_CACHE_LIMIT is no size.
        CacheError: the folder named by LOWBIT_CACHE cannot be written. (The default one only gives
            a warning: a read-only home must not stop anybody from compiling.)
    """
    folder = directory()
    if folder is None:
        return
    text = json.dumps(metadata).encode()
    body = _LENGTH.pack(len(text)) + text + data
    header = _HEADER.pack(_FAMILY, _VERSION, hashlib.sha256(body).digest())
    most = limit()
    if len(header) + len(body) > most:
        return
    try:
        place = folder / name[:2]
        place.mkdir(parents=True, exist_ok=True)
        _write(place / name, header + body)
        evict(folder, most)
    except OSError as error:
        _complain(f"cannot write the cache in {folder}: {error.strerror or error}", error)


def _write(path: Path, data: bytes) -> None:
    """Write a file such that nobody ever sees a part of it under its name."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:  # also an interrupt: nothing may be left behind
        Path(temporary).unlink(missing_ok=True)
        raise
