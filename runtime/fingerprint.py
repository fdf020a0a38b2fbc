"""What tells modules apart, for the cache of objects."""

from __future__ import annotations

from hashlib import sha256
from io import StringIO
from typing import NamedTuple

from xdsl.dialects.builtin import DenseArrayBase, DenseIntOrFPElementsAttr, ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.printer import Printer


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
