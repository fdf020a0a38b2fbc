"""Reading and writing files that are executed: only where no other user may change them.

The rule is that of git and ssh. A folder or file belongs to this user or to root, and neither its
group nor others may write it. Each is opened once and checked through its descriptor, so that what
is read is what was checked. The folders above the cache are not checked.
"""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.object_cache.entry import DamagedError
from runtime.object_cache.limit import TEMPORARY

_OPEN_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_OPEN_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY

_FOREIGN_BITS = stat.S_IWGRP | stat.S_IWOTH

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class UntrustedError(Exception):
    """Other users may change a file or folder; the message names it, its owner and its mode."""


def read_private(folder: Path, name: str) -> bytes | None:
    """The content of `folder / name[:2] / name`, or None where there is none.

    Raises:
        UntrustedError: other users may change it, or one of the two folders.
        DamagedError: it is no regular file.
        OSError: it cannot be read.
    """
    place = folder / name[:2]
    try:
        with _opened(folder) as outer, _opened(place, outer) as inner:
            # Before it is opened: opening some devices does something.
            _check_regular(os.stat(name, dir_fd=inner, follow_symlinks=False))
            file = os.open(name, _OPEN_FILE, dir_fd=inner)
            with os.fdopen(file, "rb") as opened:
                status = os.fstat(file)
                _check_regular(status)
                _check_private(status, place / name)
                return opened.read()
    except FileNotFoundError:
        return None


def write_private(folder: Path, name: str, data: bytes) -> None:
    """Write `folder / name[:2] / name` such that no process ever sees a part of it.

    Folders that do not exist are made, for this user alone. A folder in the place of the file is
    removed where it is empty; otherwise it stays, and nothing is written.

    Raises:
        UntrustedError: other users may change one of the two folders.
        OSError: it cannot be written.
    """
    place = folder / name[:2]
    _make_folder(folder)
    with _opened(folder) as outer:
        with suppress(FileExistsError):
            os.mkdir(place.name, 0o700, dir_fd=outer)
        with _opened(place, outer):
            descriptor, temporary = tempfile.mkstemp(dir=place, prefix=TEMPORARY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        with suppress(OSError):
            if stat.S_ISDIR(os.lstat(place / name).st_mode):
                os.rmdir(place / name)
        with suppress(IsADirectoryError):
            os.replace(temporary, place / name)
    finally:  # also after an interrupt: nothing may be left behind
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def _opened(folder: Path, around: int | None = None) -> Iterator[int]:
    """A descriptor of a folder, which is checked, opened in the folder of another one."""
    descriptor = os.open(folder if around is None else folder.name, _OPEN_FOLDER, dir_fd=around)
    try:
        _check_private(os.fstat(descriptor), folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_private(status: os.stat_result, path: Path) -> None:
    if status.st_uid in (0, os.geteuid()) and not status.st_mode & _FOREIGN_BITS:
        return
    owners = "root" if os.geteuid() == 0 else f"{_user(os.geteuid())} or root"
    raise UntrustedError(
        f"{path} belongs to {_user(status.st_uid)} and has mode {stat.S_IMODE(status.st_mode):04o}:"
        f" expected {owners} as its owner, and that no other user may write it"
    )


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise DamagedError(f"it is {kind}")


def _user(uid: int) -> str:
    """A user in messages: `nobody (uid 65534)`."""
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _make_folder(folder: Path) -> None:
    """Make a folder and those around it, for this user alone; a folder that exists stays as it is.

    `Path.mkdir` gives its mode to the last folder only.
    """
    try:
        folder.mkdir(0o700)
    except FileNotFoundError:
        _make_folder(folder.parent)
        folder.mkdir(0o700, exist_ok=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
