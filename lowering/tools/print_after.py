"""`--print-after NAME`: the IR behind a pass or at a level, on stderr."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from lowering.pipeline import LEVELS, Step, steps
from lowering.support.instrumentation import PassInstrumentation
from lowering.tools.print_ir import dump

ALL = "all"


class PrintAfter(PassInstrumentation):
    """Dumps the module after the passes of some names, at some levels, or after all passes.

    It watches a pipeline of `lowbit-opt`; `hook` is for `lowering.pipeline.walk`.

    Raises:
        ValueError: the pipeline has no such pass or level.
    """

    def __init__(self, names: Sequence[str], pipeline: Sequence[ModulePass], generic: bool = False):
        found, self.generic = steps(pipeline), generic
        self.passes: list[ModulePass] = []
        for name in names:
            matching = [step.run for step in found if _is_meant(step, name)]
            if not matching:
                raise ValueError(
                    f"--print-after={name}: the pipeline has no such pass or level:"
                    f" {', '.join(dict.fromkeys(step.run.name for step in found))}"
                )
            self.passes += matching

    @override
    def after_pass(self, pass_: ModulePass, module: ModuleOp, *, last: bool) -> None:
        if any(pass_ is wanted for wanted in self.passes):
            dump(f"After {pass_.name}", module, self.generic)

    def hook(self, step: Step, module: ModuleOp) -> None:
        """Dump the module if the step is one of those asked for."""
        self.after_pass(step.run, module, last=False)


def _is_meant(step: Step, name: str) -> bool:
    """Whether a name is that of a step, of the level that it ends, or stands for all steps."""
    if name in LEVELS:
        return step.is_last and step.level == name
    return name in (ALL, step.run.name)
