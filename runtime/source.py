"""Reading modules: text or a file becomes verified IR, or an error that says where it is wrong."""

from __future__ import annotations

from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import ParseError, VerifyException

from lowbit_dialect.at_fork import load_module
from lowbit_dialect.dominance import verify_module
from lowering.support.diagnostics import first_invalid, location_of, show_location
from lowering.support.parser import LocatingParser
from lowering.universe import register_dialects
from runtime.files import read_text


def context() -> Context:
    """A context that knows every dialect there is, loading them as they are needed."""
    ctx = Context()
    register_dialects(ctx)
    return ctx


def parse_module(text: str, name: str = "<unknown>") -> ModuleOp:
    """Parse and verify a module; its operations remember where they stand.

    Raises:
        ParseError: it is malformed.
        VerifyException: an operation does not verify; the message begins with its place in `name`.
    """
    parser = LocatingParser(context(), text.encode(errors="replace"), name)
    try:
        module = parser.parse_module()
    except ParseError:
        raise
    except RecursionError as error:
        place = show_location(parser.failed_at)
        raise VerifyException(f"{place}operations are nested too deeply") from error
    except (VerifyException, ValueError) as error:
        raise VerifyException(f"{show_location(parser.failed_at)}{error}") from error
    verify(module)
    return module


def verify(module: ModuleOp) -> None:
    """Verify a module, the dominance of operands included.

    Raises:
        VerifyException: an operation does not verify; the message names it, and its place where
            that is known.
    """
    try:
        verify_module(module)
    except VerifyException as error:
        op = first_invalid(module, error)
        if op is None:
            raise
        place = show_location(location_of(op))
        raise VerifyException(f"{place}'{op.name}': {error}") from error


def read_module(path: Path) -> ModuleOp:
    """The verified module of a file: of MLIR, or of the model in an ONNX file.

    Raises:
        OSError: it cannot be read.
        ValueError, ParseError, VerifyException: what is wrong with it, and where.
    """
    if path.suffix.lower() == ".onnx":
        # The package onnx is needed for models alone, and takes long to import.
        return load_module("lowering.importers.lower_model").Model.open(path).lowered().module
    return parse_module(read_text(path), str(path))
