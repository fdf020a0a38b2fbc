"""Compiled objects on disk, found by everything that went into them.

An entry is one file, see `entry`. It is written beside its place and renamed, so readers and
concurrent writers never see half of one; an entry that is not what was written counts as absent and
is replaced. Entries and folders that other users may change are not used, see `access`. Where
all entries take more room than allowed, those that were not used for longest are removed.
"""

from __future__ import annotations

import os
import pwd
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from runtime.object_cache.access import UntrustedError, read_private, write_private
from runtime.object_cache.entry import DamagedError, pack_entry, unpack_entry
from runtime.object_cache.key import key
from runtime.object_cache.limit import evict, limit, mark_used

__all__ = ["ENVIRONMENT", "CacheError", "directory", "key", "load", "store", "warn_damaged"]

ENVIRONMENT = "LOWBIT_CACHE"
"""Names the cache's folder; where it is set to nothing, there is no cache."""

Metadata = TypeVar("Metadata")


class CacheError(Exception):
    """The cache that the user named cannot be used."""


def directory() -> Path | None:
    """The cache's folder, or None where it is turned off or nothing says where home is.

    A relative LOWBIT_CACHE is a folder below the working directory, as for any path that a user
    names. XDG_CACHE_HOME and HOME are absolute, or count as not set, as the XDG rules say.
    """
    named = os.environ.get(ENVIRONMENT)
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "lowbit"
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return None
    return Path(home) / ".cache" / "lowbit" if os.path.isabs(home) else None


def _as_it_is(metadata: Any) -> Any:
    return metadata


def load(name: str, decode: Callable[[Any], Metadata] = _as_it_is) -> tuple[Metadata, bytes] | None:
    """The metadata and the object of an entry, or None where there is no whole one.

    An entry that is damaged, or that other users may change, gives a warning that names the file.

    Args:
        name: the key of the entry.
        decode: makes something of the metadata; where it raises, the entry is damaged.

    Raises:
        ValueError: LOWBIT_CACHE_LIMIT is no size.
        CacheError: the folder named by LOWBIT_CACHE is none.
    """
    folder = directory()
    if folder is None:
        return None
    limit()
    try:
        entry = read_private(folder, name)
        found = None if entry is None else unpack_entry(name, entry)
        if found is None:
            return None
        result = _decoded(decode, found[0]), found[1]
    except DamagedError as error:
        warn_damaged(name, error)
        return None
    except UntrustedError as error:
        warnings.warn(f"the cache is not used, compiling anew: {error}", stacklevel=2)
        return None
    except OSError as error:
        _complain(f"cannot read the cache in {folder}: {error.strerror or error}", error)
        return None
    mark_used(folder / name[:2] / name)
    return result


def _decoded(decode: Callable[[Any], Metadata], metadata: Any) -> Metadata:
    try:
        return decode(metadata)
    except Exception as error:  # metadata may be anything that JSON can hold
        raise DamagedError("its metadata are not those of a compiled module") from error


def warn_damaged(name: str, reason: Exception) -> None:
    """Warn that an entry is not what was written, and will be replaced."""
    folder = directory()
    assert folder is not None, "an entry was read"
    path = folder / name[:2] / name
    warnings.warn(f"the cache entry {path} is damaged: {reason}; compiling anew", stacklevel=3)


def _complain(message: str, error: OSError) -> None:
    """Stop where the user chose the folder; otherwise warn, for compiling works without."""
    if ENVIRONMENT in os.environ:
        raise CacheError(f"{message}; set {ENVIRONMENT} to another folder") from error
    warnings.warn(message, stacklevel=3)


def store(name: str, metadata: Any, data: bytes) -> None:
    """Write an entry, and remove old ones where there are too many.

    An entry that is larger than the whole cache may be is not written, nor is one into a folder
    that other users may change: `load` has warned of that.

    Raises:
        ValueError: LOWBIT_CACHE_LIMIT is no size.
        CacheError: the folder named by LOWBIT_CACHE cannot be written. (The default one only gives
            a warning: a read-only home must not stop a user from compiling.)
    """
    folder = directory()
    if folder is None:
        return
    entry, most = pack_entry(name, metadata, data), limit()
    if len(entry) > most:
        return
    try:
        write_private(folder, name, entry)
        evict(folder, most)
    except UntrustedError:
        return
    except OSError as error:
        _complain(f"cannot write the cache in {folder}: {error.strerror or error}", error)
