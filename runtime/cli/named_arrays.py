"""Arrays that a command reads and writes, by the names that a model has for its tensors."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from runtime.cli.files import Writer, check_writable, read_array


def read_named(
    arguments: Sequence[Path],
    names: Sequence[str],
    option: str = "--input",
    types: Mapping[str, str] | None = None,
) -> list[NDArray]:
    """The arrays of the inputs of a model, in its order.

    Args:
        arguments: `X.npy` for the next input, `NAME=X.npy` for the one of that name, or `X.npz`
            with arrays for all inputs of their names.
        names: of the inputs.
        option: that the arguments belong to.
        types: dtype and shape of the inputs by name, for messages.

    Raises:
        OSError: a file cannot be read.
        ValueError: an input is missing, given twice or unknown.
    """
    found: dict[str, NDArray] = {}
    for name, path in _named(arguments, names, option):
        if name is None:
            arrays = _read_archive(path)
            unknown = [key for key in arrays if key not in names]
            if unknown:
                raise ValueError(f"{path}: {unknown[0]!r} is no input; {_listed(names)}")
        else:
            arrays = {name: read_array(path)}
        twice = [key for key in arrays if key in found]
        if twice:
            raise ValueError(f"input {twice[0]!r} is given twice")
        found |= arrays
    missing = [name for name in names if name not in found]
    if missing:
        name, type_ = missing[0], (types or {}).get(missing[0])
        title = f"input {name!r}" + (f" ({type_})" if type_ else "")
        raise ValueError(f"{title} is missing: give it with {option} {quote(f'{name}=X.npy')}")
    return [found[name] for name in names]


def check_named(arguments: Sequence[Path], names: Sequence[str]) -> list[tuple[str | None, Path]]:
    """The files that the outputs of a model go to; without a name all go into one `.npz`.

    Raises:
        OSError: a file cannot be written.
        ValueError: an output is unknown or given twice.
    """
    found = _named(arguments, names, "--output")
    given = [name for name, _ in found if name is not None]
    if len(set(given)) < len(given):
        raise ValueError("--output names one output twice")
    paths = [path.resolve() for _, path in found]
    if len(set(paths)) < len(paths):
        raise ValueError("--output names one file twice")
    for _, path in found:
        check_writable(path)
    return found


def writers(
    targets: Sequence[tuple[str | None, Path]], arrays: dict[str, NDArray]
) -> dict[Path, Writer]:
    """What writes each of the files of `check_named`."""
    found: dict[Path, Writer] = {}
    for name, path in targets:
        if name is None:
            found[path] = lambda file: np.savez(file, **arrays)  # pyright: ignore
        else:
            found[path] = lambda file, array=arrays[name]: np.lib.format.write_array(
                file, array, allow_pickle=False
            )
    return found


def _named(
    arguments: Sequence[Path], names: Sequence[str], option: str
) -> list[tuple[str | None, Path]]:
    """Each argument as a name and a file; None for an archive."""
    found: list[tuple[str | None, Path]] = []
    position = 0
    for argument in arguments:
        name, sign, file = str(argument).partition("=")
        if sign and name in names:
            found.append((name, Path(file)))
        elif argument.suffix == ".npz":
            found.append((None, argument))
        elif sign and not argument.exists() and argument.parent == Path():
            raise ValueError(f"{option}: {name!r} is none of the names; {_listed(names)}")
        else:
            if position >= len(names):
                raise ValueError(f"{option} is given more than {len(names)} times")
            found.append((names[position], argument))
            position += 1
    return found


def _read_archive(path: Path) -> dict[str, NDArray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except (ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: not a readable .npz file: {error}") from error


def _listed(names: Sequence[str]) -> str:
    return f"the model has {', '.join(map(repr, names)) or 'none'}"
