"""Files with modules."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is a device, or not UTF-8.
    """
    if path.is_char_device() or path.is_block_device():
        raise ValueError(f"{path}: a device: expected a file or a pipe with MLIR")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
