"""Pass instrumentation: what may watch a pipeline run, and the pipeline that lets it.

xDSL's `PassPipeline` calls back between passes only, so a watcher neither sees a pass fail nor can
it tell the time of a pass from the time of the verifier. `InstrumentedPipeline` adds both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass, PassPipeline

from lowbit_dialect.dominance import verify_module
from lowering.support.timing import Timer


class PassInstrumentation:
    """A watcher of a pipeline; every hook does nothing unless overridden."""

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        """`pass_` is about to run on `module`, which has been verified."""

    def after_pass(self, pass_: ModulePass, module: ModuleOp, *, last: bool) -> None:
        """`pass_` has run and `module` verifies; `last` says that no pass follows."""

    def failed(
        self, pass_: ModulePass | None, module: ModuleOp, error: Exception, *, verifying: bool
    ) -> None:
        """`pass_` raised `error`, or with `verifying` the verifier did after it.

        `pass_` is None if the input itself does not verify. The module may be in any state.
        """


@dataclass(frozen=True)
class InstrumentedPipeline(PassPipeline):
    """A pass pipeline that times its passes and reports each step to its watchers.

    `verify_each` verifies the module before the first pass and after every pass.
    """

    instrumentations: tuple[PassInstrumentation, ...] = ()
    timer: Timer = field(default_factory=Timer)
    verify_each: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run every pass on `op`; whatever a pass or the verifier raises is passed on."""
        self._verify(None, op)
        for index, pass_ in enumerate(self.passes):
            for watcher in self.instrumentations:
                watcher.before_pass(pass_, op)
            try:
                with self.timer.scope(pass_.name, index):
                    pass_.apply(ctx, op)
            except Exception as error:
                self._report(pass_, op, error, verifying=False)
                raise
            self._verify(pass_, op)
            for watcher in self.instrumentations:
                watcher.after_pass(pass_, op, last=index + 1 == len(self.passes))

    def _verify(self, pass_: ModulePass | None, op: ModuleOp) -> None:
        if not self.verify_each:
            return
        try:
            with self.timer.scope("Verifier"):
                verify_module(op)
        except Exception as error:
            self._report(pass_, op, error, verifying=True)
            raise

    def _report(
        self, pass_: ModulePass | None, op: ModuleOp, error: Exception, *, verifying: bool
    ) -> None:
        for watcher in self.instrumentations:
            watcher.failed(pass_, op, error, verifying=verifying)
