"""`--crash-reproducer`: a file that holds the IR before a failing pass and how to run it again.

The file is MLIR's: the module, then `{-# external_resources: { mlir_reproducer: {...} } #-}` with
the pipeline. `lowbit-opt --run-reproducer FILE` runs it.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Self

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from lowering.opt.instrumentation import PassInstrumentation
from lowering.opt.pipeline_spec import print_passes

REPRODUCER_KEY = "mlir_reproducer"


@dataclass(frozen=True)
class ReproducerOptions:
    """The trailer of a reproducer: a pipeline, and whether to verify after each pass."""

    pipeline: str
    verify_each: bool = True

    @classmethod
    def from_entries(cls, entries: Mapping[str, str | bool]) -> Self:
        """Read the parsed entries, leaving out those of MLIR's that mean nothing here.

        Raises ValueError if there is no pipeline or an entry has the wrong type.
        """
        pipeline, verify_each = entries.get("pipeline"), entries.get("verify_each", True)
        if not isinstance(pipeline, str):
            raise ValueError(f"{REPRODUCER_KEY} must have a string 'pipeline'")
        if not isinstance(verify_each, bool):
            raise ValueError(f"'verify_each' of {REPRODUCER_KEY} must be true or false")
        return cls(pipeline, verify_each)

    def __str__(self) -> str:
        # JSON writes quotes, backslashes and newlines as MLIR does.
        return (
            "{-#\n  external_resources: {\n"
            f"    {REPRODUCER_KEY}: {{\n"
            f"      pipeline: {json.dumps(self.pipeline, ensure_ascii=False)},\n"
            f"      verify_each: {json.dumps(self.verify_each)}\n"
            "    }\n  }\n#-}\n"
        )


@dataclass
class CrashReproducer(PassInstrumentation):
    """Writes a reproducer to `path` when a pass fails or leaves IR that does not verify."""

    path: Path
    command: Sequence[str]
    ctx: Context
    verify_each: bool
    _before: ModuleOp | None = None

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        """Keep a copy of the module."""
        self._before = module.clone()

    def failed(
        self, pass_: ModulePass | None, module: ModuleOp, error: Exception, *, verifying: bool
    ) -> None:
        """Write the file; input that does not verify is its own reproducer."""
        if pass_ is None or self._before is None:
            return
        text = StringIO()
        command = shlex.join(self.command).replace("\n", " ")
        print(f"// configuration: {command}", file=text)
        printer = Printer(stream=text)
        printer.print_op(self._before)
        printer.print_metadata(self.ctx.loaded_dialects)
        print(
            f"\n\n{ReproducerOptions(print_passes((pass_,)), self.verify_each)}", file=text, end=""
        )
        try:
            _replace(self.path, text.getvalue())
        except OSError as problem:
            # The failure of the pass matters more than this one.
            print(f"warning: no reproducer: {self.path}: {problem.strerror}", file=sys.stderr)


def _replace(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old file or the whole new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        # mkstemp makes private files; a reproducer is to be passed on.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
