"""Run by a checkout of any commit: the assembly of modules.

    write_assembly.py FOLDER

FOLDER holds `kernels.json`, a list of {name, module, target, strategies, records}; the assembly of
each goes to `<name>.s`. Of `strategies`, names of one strategy in turn, the commit knows one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from xdsl.context import Context
from xdsl.parser import Parser

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly
from lowering.pipeline import lower, passes
from lowering.targets import get_target
from lowering.universe import LOWBIT_UNIVERSE


def known_strategy(names: list[str]) -> str:
    """The name that this commit knows.

    Raises:
        ValueError: it knows none of them.
    """
    for name in names[:-1]:
        try:
            passes(strategy=name)
        except ValueError:
            continue
        return name
    passes(strategy=names[-1])
    return names[-1]


def assembly(kernel: dict) -> str:
    """The assembly of a kernel."""
    context = Context()
    for name, dialect in LOWBIT_UNIVERSE.all_dialects.items():
        context.register_dialect(name, dialect)
    for name in ("builtin", "func", "arith"):
        context.register_dialect(name, _core_dialect(name))
    module = Parser(context, kernel["module"]).parse_module()
    strategy = known_strategy(kernel["strategies"])
    lower(module, kernel["target"], "llvm", strategy, kernel["records"])
    target = get_target(kernel["target"])
    return compile_assembly(module_to_llvm_ir(module, target), target)


def _core_dialect(name: str):
    from xdsl.dialects import get_all_dialects  # noqa: PLC0415

    return get_all_dialects()[name]


def main() -> None:
    """Write the files; a kernel that cannot be compiled gives its error instead."""
    folder = Path(sys.argv[1])
    for kernel in json.loads((folder / "kernels.json").read_text()):
        try:
            text = assembly(kernel)
        except Exception as error:
            text = f"# {type(error).__name__}: {error}\n"
        (folder / f"{kernel['name']}.s").write_text(text)


if __name__ == "__main__":
    main()
