"""Files that a command reads and writes."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Writer = Callable[[BinaryIO], object]
"""Writes the content of a file to it."""


def read_array(path: Path) -> NDArray:
    """The array of a .npy file; nothing in it is executed.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no .npy file, is truncated, or holds Python objects.
    """
    with path.open("rb") as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except MemoryError as error:
            raise ValueError(f"{path}: its header asks for more memory than there is") from error
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        except Exception as error:
            # A damaged header is parsed as Python text; numpy lets any error of that out.
            raise ValueError(f"{path}: not a readable .npy file: {error}") from error


def check_writable(path: Path) -> None:
    """Find out before long work that a file cannot be written.

    Raises:
        OSError: it is a folder, or the folder around it does not exist.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def check_folder(path: Path) -> None:
    """Find out before long work that no files can be written into a folder, or it cannot be made.

    Raises:
        OSError: it is no folder, or may not be written, or one of those around it.
    """
    while not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def write_files(contents: Mapping[Path, Writer]) -> None:
    """Write files; each gets its name when all of them are complete.

    A pipe or device is written to as it is.

    Raises:
        OSError: one cannot be written; no file has changed then.
    """
    temporaries: dict[Path, str] = {}
    try:
        for path, write in contents.items():
            try:
                if path.exists() and not path.is_file():
                    with path.open("wb") as file:
                        write(file)
                    continue
                place = Path(os.path.realpath(path))
                descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:80]}.")
                temporaries[place] = name
                with os.fdopen(descriptor, "wb") as file:
                    write(file)
                os.chmod(name, _mode(place))
            except OSError as error:
                # The error of a full disk names no file, and that of a temporary file another one.
                raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        for place, name in list(temporaries.items()):
            os.replace(name, place)
            del temporaries[place]
    finally:
        for name in temporaries.values():
            Path(name).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Permissions of a file that is replaced, or those that a new one gets."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
