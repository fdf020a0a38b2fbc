"""Passes that stand for several others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass


class CompositePass(ModulePass):
    """A pass that runs others in order. Tools take it apart, so that each is watched."""

    @abstractmethod
    def passes(self) -> tuple[ModulePass, ...]:
        """The passes that it stands for.

        Raises:
            ValueError: an option is wrong.
        """

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run them."""
        for step in flattened(self.passes()):
            step.apply(ctx, op)


def flattened(passes: Iterable[ModulePass]) -> Iterator[ModulePass]:
    """Passes with every composite one replaced by those that it stands for."""
    for step in passes:
        if isinstance(step, CompositePass):
            yield from flattened(step.passes())
        else:
            yield step
