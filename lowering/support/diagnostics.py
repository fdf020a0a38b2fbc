"""Diagnostics: one line that says where and what, whatever went wrong.

The line is `error: FILE:LINE:COLUMN: message`, without the place where none is known; lines that
help (the text with carets, the offending op) follow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import NoReturn

from xdsl.dialects.builtin import FileLineColLoc, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.printer import Printer
from xdsl.utils.exceptions import (
    ArgSpecParseError,
    DiagnosticException,
    ParseError,
    PassFailedException,
)

from lowbit_dialect.dominance import DominanceException
from lowering.support.instrumentation import PassInstrumentation
from lowering.support.pipeline_spec import PipelineError, spec_error

_OP_TEXT_LIMIT = 240
"""How many characters of an op a note shows: constants can be megabytes."""


class UsageError(ValueError):
    """Command line arguments that make no sense."""


class OpFailedException(PassFailedException):
    """A pass cannot handle `op`; the diagnostic names the place of the op."""

    def __init__(self, op: Operation, message: str) -> None:
        super().__init__(f"'{op.name}': {message}")
        self.op = op


def fail(op: Operation, message: str) -> NoReturn:
    """Fail the pass because of `op`: passes call this instead of raising an exception."""
    raise OpFailedException(op, message)


def location_of(op: Operation) -> FileLineColLoc | None:
    """The place of `op` in a file, or of the innermost op around it that has one."""
    around: Operation | None = op
    while around is not None:
        if isinstance(around.location, FileLineColLoc):
            return around.location
        around = around.parent_op()
    return None


def show_location(location: FileLineColLoc | None) -> str:
    """`FILE:LINE:COLUMN: `, or nothing where the location is not known."""
    if location is None:
        return ""
    return f"{location.filename.data}:{location.line.data}:{location.column.data}: "


def first_invalid(module: ModuleOp, error: BaseException | None = None) -> Operation | None:
    """The op that `error`, which the verifier raised, is about.

    That is the first op of `module`, innermost first, that does not verify by itself, unless the
    error names one.
    """
    if isinstance(error, DominanceException):
        return error.op
    for op in module.walk(region_first=True):
        try:
            op.verify(verify_nested_ops=False)
        except Exception:
            return _redefinition(op) or op
    return None


def _redefinition(op: Operation) -> Operation | None:
    """The first operation in `op` whose symbol another one before it has."""
    seen: set[object] = set()
    for inner in op.walk():
        name = inner.properties.get("sym_name")
        if name is not None and inner.parent_op() is op:
            if name in seen:
                return inner
            seen.add(name)
    return None


@dataclass
class Blame(PassInstrumentation):
    """Remembers the last failure of a pipeline, so that a diagnostic can say whose it was."""

    pass_: ModulePass | None = None
    module: ModuleOp | None = None
    verifying: bool = False

    def failed(
        self, pass_: ModulePass | None, module: ModuleOp, error: Exception, *, verifying: bool
    ) -> None:
        """Remember the failure."""
        self.pass_, self.module, self.verifying = pass_, module, verifying

    def clear(self) -> None:
        """Forget it."""
        self.pass_ = self.module = None


def explain(
    error: BaseException, blame: Blame | None = None, failed_at: FileLineColLoc | None = None
) -> str:
    """The diagnostic for `error`, lines without a final newline.

    `blame` holds what a pipeline did before the error; `failed_at` is where the parser stood, if
    it was the parser that met an error without a place.
    """
    if isinstance(error, ParseError):
        text = str(error).rstrip("\n").splitlines()[1:]
        # Where a closing token is missing, xDSL's message is its context alone.
        message = f"syntax error{error.msg}" if error.msg.startswith(" ") else error.msg
        return _join(f"{error.span.get_location()}: {_one_line(message)}", text)
    if isinstance(error, ArgSpecParseError):
        return _join(spec_error(error), [])
    if isinstance(error, PipelineError):
        return _join(str(error), [])
    if isinstance(error, OSError) and error.filename is not None:
        return _join(f"{error.filename}: {error.strerror}", [])
    message = _one_line(_message(error))
    if blame is None or blame.module is None:
        if isinstance(error, OpFailedException):
            return _join(show_location(location_of(error.op)) + message, [_note(error.op)])
        if isinstance(error, RecursionError) and failed_at is not None:
            message = "operations are nested too deeply"
        return _join(show_location(failed_at) + message, [])
    pass_ = "" if blame.pass_ is None else f"pass '{blame.pass_.name}'"
    op = None
    if blame.verifying:
        op = first_invalid(blame.module, error)
        context = f"IR does not verify after {pass_}: " if pass_ else ""
        if op is not None:
            context += f"'{op.name}': "
    else:
        op = error.op if isinstance(error, OpFailedException) else None
        context = f"{pass_}: "
    place = "" if op is None else show_location(location_of(op))
    notes = [] if op is None else [_note(op)]
    return _join(place + context + message, notes)


def _message(error: BaseException) -> str:
    if isinstance(error, (DiagnosticException, ValueError, NotImplementedError)):
        return str(error) or type(error).__name__
    # Nothing that we foresaw: say what it is, and how to see more.
    return f"{type(error).__name__}: {error} (internal error; --debug shows the traceback)"


def _one_line(message: str) -> str:
    return " ".join(line.strip() for line in message.splitlines() if line.strip())


def _join(first: str, rest: list[str]) -> str:
    return "\n".join([f"error: {first}", *rest])


def _note(op: Operation) -> str:
    return f"note: see the operation: {_shown(op)}"


def _shown(op: Operation) -> str:
    text = StringIO()
    try:
        Printer(stream=text, print_generic_format=True).print_op(op)
    except Exception:
        return op.name
    line = text.getvalue().split("\n", 1)[0]
    return line if len(line) <= _OP_TEXT_LIMIT else line[:_OP_TEXT_LIMIT] + " ..."
