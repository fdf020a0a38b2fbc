"""What the functions of a module are called in C.

The library has the name of the file, in lower case where that is in capitals. `@main`, or a
function that is called like the library, gets the name of the library; any other `@f` is
`<library>_f`. So nothing is ever called main, and what two libraries define does not clash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr, SymbolRefAttr

from lowering.stages.interface import INPUTS, STAGES
from lowering.support.diagnostics import fail
from lowering.support.functions import Function, callee, callees, functions_of, is_public

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LIBRARY = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_RESERVED = {
    "c_keywords.txt": "a keyword of C or C++",
    "c_library_names.txt": "known to every C program",
}


@cache
def _words(file: str) -> frozenset[str]:
    """The words of a list in this package, whose first line is a comment."""
    lines = files(__package__ or "").joinpath(file).read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(lines[1:]).split())


def check_library_name(name: str) -> None:
    """Refuse a name that no function and no header can have.

    Raises:
        ValueError: it is no identifier, in capitals as macros are, a keyword, or known to every C
            program.
    """
    if not _LIBRARY.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be the name of a C library: a letter, then letters, digits and"
            " underscores are allowed; choose one with --name"
        )
    if name == name.upper():
        raise ValueError(
            f"{name!r} is in capitals as the macros of the header are: choose another name for the"
            " library with --name"
        )
    for file, what in _RESERVED.items():
        if name in _words(file):
            raise ValueError(f"{name!r} is {what}: choose another name for the library with --name")


def library_name(file: Path) -> str:
    """The name of the library that is made from a file.

    It is the name of the file without its suffix, in lower case where that is in capitals, as the
    macros of the header are.
    """
    name = file.stem
    return name.lower() if name == name.upper() else name


def function_name(library: str, symbol: str) -> str:
    """What a function of the module is called in C."""
    return library if symbol in ("main", library) else f"{library}_{symbol}"


def workspace_query(function: str) -> str:
    """The name of the function that says how large the workspace of `function` is."""
    return f"{function}_workspace_bytes"


def stage_type(function: str) -> str:
    """The name of the type of the stages of `function`."""
    return f"{function}_stage"


def rename_functions(module: ModuleOp, library: str) -> dict[str, str]:
    """Give the functions of a module the names that they have in C, and their stages with them.

    Private functions of tensors are removed: nothing outside can call them, and nothing inside
    does.

    Returns:
        The symbol that each function had, by its name in C.

    Raises:
        ValueError: the library's name is none, or the module has no public function.
        OpFailedException: a symbol is no identifier, or two names are the same.
    """
    check_library_name(library)
    symbols: dict[str, str] = {}
    new: dict[str, str] = {}
    taken: dict[str, str] = {}
    stages = _stages(module)
    of_stages = {stage for found in stages.values() for stage in found}
    called = {name for function in functions_of(module).values() for name in callees(function)}
    for symbol, function in functions_of(module).items():
        if symbol in of_stages:
            continue
        if not is_public(function):
            if symbol not in called:
                function.detach()
                function.erase()
            continue
        if not _IDENTIFIER.fullmatch(symbol):
            fail(
                function,
                f"{symbol!a} is no name of a C function: letters, digits and underscores are"
                " allowed, no digit first",
            )
        name = function_name(library, symbol)
        for defined in (name, workspace_query(name), stage_type(name)):
            # Macros begin with the name in capitals, so names must differ in more than that.
            other = taken.setdefault(defined.upper(), symbol)
            if other != symbol:
                fail(function, f"@{symbol} and @{other} would both define {defined} in C")
        symbols[name], new[symbol] = symbol, name
        for stage in stages.get(symbol, ()):
            if not _IDENTIFIER.fullmatch(stage):
                fail(function, f"its stage {stage!a} is no name of a C function")
            new[stage] = f"{name}_{stage.removeprefix(f'{symbol}_')}"
    if not symbols:
        raise ValueError("the module has no public function: a library would be empty")
    _rename(module, new)
    return symbols


def _stages(module: ModuleOp) -> dict[str, list[str]]:
    """The functions that a module of stages, loops or vectors calls, by their symbols."""
    found: dict[str, list[str]] = {}
    functions = functions_of(module)
    for name, function in functions.items():
        if INPUTS in function.attributes:
            found[name] = list(dict.fromkeys(callees(function)))
    called = {name for names in found.values() for name in names}
    for name in called & functions.keys():
        # What a stage shares with others is private, and keeps its name.
        found.setdefault("", []).extend(callees(functions[name]))
    return found


def _rename(module: ModuleOp, new: Mapping[str, str]) -> None:
    """Give functions other names, where they are defined, called, and listed as stages."""
    for op in module.walk():
        if isinstance(op, Function):
            name = op.sym_name.data
            op.sym_name = StringAttr(new.get(name, name))
            extents = op.attributes.get(STAGES)
            if isinstance(extents, DictionaryAttr):
                op.attributes[STAGES] = DictionaryAttr(
                    {new.get(stage, stage): extent for stage, extent in extents.data.items()}
                )
        elif (called := callee(op)) is not None and called in new:
            op.properties["callee"] = SymbolRefAttr(new[called])
