"""`--pipeline`, `--print-after`: which passes run, and after which of them the IR is printed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.passes import ModulePass

from lowering.strategies import AUTO
from lowering.targets import Target

if TYPE_CHECKING:
    from lowering.pipeline import Hook


def add_pipeline(parser: argparse.ArgumentParser) -> None:
    """The passes, and what is shown of them; as `lowbit-opt` takes them."""
    parser.add_argument(
        "--pipeline",
        metavar="PASSES",
        help="passes to run in place of those from tensors to llvm, such as"
        " 'lowbit-pipeline{target=znver5 until=kernels},lowbit-to-loops{target=znver5},..';"
        " `lowbit-opt --help` lists passes and their options",
    )
    parser.add_argument(
        "--print-after",
        action="append",
        default=[],
        metavar="PASS",
        help="print the IR to stderr after a pass, at a level, or with `all` after all passes;"
        " repeat it for several",
    )


def chosen_passes(
    args: argparse.Namespace, target: Target, until: str | None = None
) -> tuple[ModulePass, ...]:
    """The passes that the arguments ask for, up to a level or a pass.

    Raises:
        ValueError: the pipeline does not parse, there is no such level or pass, or --strategy is
            given beside --pipeline.
    """
    from lowering.pipeline import cut, passes  # noqa: PLC0415  imports every pass

    if args.pipeline is None:
        return passes(target.name, until or "llvm", args.strategy, args.records)
    if args.strategy != AUTO:
        raise ValueError(
            f"--strategy={args.strategy} goes without --pipeline, whose passes have options:"
            f" lowbit-select-kernel{{strategy={args.strategy}}}"
        )
    from runtime.build import parsed_pipeline  # noqa: PLC0415

    found = parsed_pipeline(args.pipeline)
    return found if until is None else cut(found, until)


def printing(args: argparse.Namespace, pipeline: Sequence[ModulePass]) -> Hook | None:
    """The hook that prints what the arguments ask for, or None where they ask for nothing.

    Raises:
        ValueError: the pipeline has no such pass.
    """
    if not args.print_after:
        return None
    from lowering.tools.print_after import PrintAfter  # noqa: PLC0415  imports every pass

    return PrintAfter(args.print_after, pipeline).hook
