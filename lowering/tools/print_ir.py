"""`--print-ir-*`: the IR between passes on stderr, under the headers that `mlir-opt` prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from io import StringIO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from lowering.support.instrumentation import PassInstrumentation
from lowering.support.timing import Timer


@dataclass
class PrintIR(PassInstrumentation):
    """Dumps the module before or after passes.

    `after_change` restricts the dumps after passes to passes that changed the module; on its own
    it asks for them. `after_failure` dumps, in generic form, what a failing pass left behind.
    """

    before_all: bool = False
    after_all: bool = False
    after_change: bool = False
    after_failure: bool = False
    generic: bool = False
    _previous: ModuleOp | None = None

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        """Dump the module, and keep a copy to find changes by."""
        if self.before_all:
            dump(f"Before {pass_.name}", module, self.generic)
        if self.after_change:
            self._previous = module.clone()

    def after_pass(self, pass_: ModulePass, module: ModuleOp, *, last: bool) -> None:
        """Dump the module if asked for, and if it changed where that matters."""
        if self._previous is not None:
            wanted = not module.is_structurally_equivalent(self._previous)
        else:
            wanted = self.after_all
        if wanted:
            dump(f"After {pass_.name}", module, self.generic)

    def failed(
        self, pass_: ModulePass | None, module: ModuleOp, error: Exception, *, verifying: bool
    ) -> None:
        """Dump what is left of the module."""
        if pass_ is not None and (self.after_failure or self.after_all):
            dump(f"After {pass_.name} Failed", module, True)


def dump(when: str, module: ModuleOp, generic: bool = False) -> None:
    """Print a module to stderr under a header of mlir-opt's."""
    text = StringIO()
    try:
        Printer(stream=text, print_generic_format=generic).print_op(module)
    except Exception as error:
        # A pass that failed half way can leave IR that no printer can follow.
        print(f"\n// the module cannot be printed further: {error!r}", file=text)
    print(f"// -----// IR Dump {when} //----- //\n{text.getvalue()}\n", file=sys.stderr)


@dataclass
class BetweenPasses(PassInstrumentation):
    """xdsl-opt's own `--print-between-passes` and `--time-passes`, on stdout, word for word."""

    timer: Timer
    print_ir: bool
    print_time: bool

    def after_pass(self, pass_: ModulePass, module: ModuleOp, *, last: bool) -> None:
        """Print the time of the pass, and the module unless `pass_` is the last."""
        if self.print_time:
            print(f"Pass {pass_.name} took {self.timer.seconds_of_last_pass} seconds")
        if self.print_ir and not last:
            print(f"IR after {pass_.name}:")
            Printer(stream=sys.stdout).print_op(module)
            print("\n\n\n")
