"""`--crash-reproducer`: a file that holds the IR before a failing pass and how to run it again.

The file is MLIR's: the module, then `{-# external_resources: { mlir_reproducer: {...} } #-}` with
the pipeline. `lowbit-opt --run-reproducer FILE` runs it.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from lowering.support.instrumentation import PassInstrumentation
from lowering.support.pipeline_spec import print_passes
from lowering.support.reproducer_options import ReproducerOptions


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
