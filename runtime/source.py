"""Reading modules: text or a file becomes verified IR, or an error that says where it is wrong."""

from __future__ import annotations

from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, DenseIntOrFPElementsAttr, ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError, VerifyException

from lowbit_dialect.dominance import verify_module
from lowering.support.diagnostics import first_invalid, location_of, show_location
from lowering.support.parser import LocatingParser
from lowering.universe import register_dialects


def context() -> Context:
    """A context that knows every dialect there is, loading them as they are needed."""
    ctx = Context()
    register_dialects(ctx)
    return ctx


class Fingerprint(NamedTuple):
    """What tells a module from all others, without its constants."""

    text: str
    """The same for equal modules, and for no others."""
    is_foreign: bool
    """Whether it has operations or attributes that are neither xDSL's nor ours: what becomes of
    them is up to code that no version number stands for."""


_OWN = frozenset({"xdsl", "lowbit_dialect", "lowering", "runtime"})
"""Packages of operations and attributes that the version of the compiler stands for."""


class _FingerprintPrinter(Printer):
    """Prints large constants as a hash of their bytes."""

    is_foreign = False

    def _note(self, class_: type) -> None:
        if class_.__module__.partition(".")[0] not in _OWN:
            self.is_foreign = True

    def print_op(self, op: Operation) -> None:
        """Print an operation."""
        self._note(type(op))
        super().print_op(op)

    def print_attribute(self, attribute: Attribute) -> None:
        """Print an attribute, or what tells it from all others."""
        self._note(type(attribute))
        if isinstance(attribute, DenseArrayBase | DenseIntOrFPElementsAttr):
            data = attribute.data.data
            if len(data) > _LARGE:
                is_array = isinstance(attribute, DenseArrayBase)
                self.print_string(f"{attribute.name}<{sha256(data).hexdigest()}>")
                super().print_attribute(attribute.elt_type if is_array else attribute.type)
                return
        super().print_attribute(attribute)


_LARGE = 128
"""Bytes of a constant from which on its hash is shorter than its text."""


def fingerprint(module: ModuleOp) -> Fingerprint:
    """The fingerprint of a module."""
    stream = StringIO()
    printer = _FingerprintPrinter(stream=stream, print_generic_format=True)
    printer.print_op(module)
    return Fingerprint(stream.getvalue(), printer.is_foreign)


def read_module(path: Path) -> ModuleOp:
    """The verified module of a file: of MLIR, or of the model in an ONNX file.

    Raises:
        OSError: it cannot be read.
        ValueError, ParseError, VerifyException: what is wrong with it, and where.
    """
    if path.suffix.lower() == ".onnx":
        # The package onnx is needed for models alone, and takes long to import.
        from lowering.importers.lower_model import Model  # noqa: PLC0415

        return Model.open(path).lowered().module
    return parse_module(read_text(path), str(path))


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
