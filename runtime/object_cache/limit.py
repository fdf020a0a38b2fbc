"""How large the cache of objects may grow: entries that were not used for longest go first.

Processes need no agreement. A reader marks an entry as used after reading it, a writer looks at all
entries after writing one; an entry that is gone when it is looked at, or removed by two at once, is
gone all the same. Whoever is reading one keeps it until the file is closed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ENVIRONMENT = "LOWBIT_CACHE_LIMIT"
"""Holds the largest size of the cache: bytes, or a number of K, M or G (2^10, 2^20, 2^30)."""

DEFAULT = 1 << 30
TEMPORARY = ".new-"
"""How the names of files begin that are not whole yet."""

_PLACE, _ENTRY = re.compile(r"[0-9a-f]{2}"), re.compile(r"[0-9a-f]{64}")
"""Names of folders and entries; other files of a folder that the user named are not ours."""

_ABANDONED = 3600
"""Seconds after which a file that is not whole yet was left behind by a process that ended."""
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30}


def limit() -> int:
    """Bytes that the cache may hold.

    Raises:
        ValueError: LOWBIT_CACHE_LIMIT is no size.
    """
    text = os.environ.get(ENVIRONMENT)
    if not text:
        return DEFAULT
    found = re.fullmatch(r"([0-9]{1,18})([KMG]?)", text.strip().upper())
    if found is None:
        raise ValueError(
            f"{ENVIRONMENT}={text!r}: expected bytes, or a number of K, M or G, such as 500M"
        )
    return int(found[1]) << _UNITS[found[2]]


def mark_used(path: Path) -> None:
    """Note that an entry was read just now, in a folder that may be written."""
    with suppress(OSError):
        os.utime(path, follow_symlinks=False)


def evict(folder: Path, most: int) -> None:
    """Remove entries, the one that was used longest ago first, where there are more bytes.

    A tenth of the room is made free, so that the next writer has nothing to do.
    """
    entries = sorted(_entries(folder))
    total = sum(size for _, size, _ in entries)
    if total <= most:
        return
    for _, size, path in entries:
        if total <= most - most // 10:
            break
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass  # removed by another process
        except OSError:
            continue
        total -= size


def _entries(folder: Path) -> Iterator[tuple[int, int, str]]:
    """When each entry was last used, its size and its path; removes what was left behind."""
    abandoned = time.time() - _ABANDONED
    with suppress(OSError), os.scandir(folder) as places:
        for place in places:
            if not _PLACE.fullmatch(place.name):
                continue
            with suppress(OSError), os.scandir(place) as files:
                for file in files:
                    with suppress(OSError):
                        stat = file.stat(follow_symlinks=False)
                        if not file.is_file(follow_symlinks=False):
                            continue
                        if _ENTRY.fullmatch(file.name):
                            yield stat.st_mtime_ns, stat.st_size, file.path
                        elif file.name.startswith(TEMPORARY) and stat.st_mtime < abandoned:
                            os.unlink(file.path)
