"""`compile`: from a module of low-bit tensors to something that can be called."""

from __future__ import annotations

from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from lowering.at_fork import IMPORTING
from lowering.record_sources import SHIPPED_RECORDS
from lowering.strategies import check_strategy
from lowering.targets import get_target
from runtime import cache
from runtime.executable import Executable
from runtime.host import check_runs_here
from runtime.jit import LoadedObject
from runtime.signature import Signature
from runtime.source import fingerprint, parse_module, read_text, verify

__all__ = ["choose", "compile", "parse_module"]


def compile(
    module: ModuleOp | str | Path,
    target: str = "host",
    *,
    entry: str | None = None,
    use_cache: bool = True,
    strategy: str = "auto",
    records: str | Path = SHIPPED_RECORDS,
) -> Executable:
    """Compile a module for this machine.

    Args:
        module: a module, its text, or the path of a file with it.
        target: `host`, or `host+avx2`, `host+sse2` to use less of it; any target that this machine
            can run.
        entry: the function to call; not needed where there is one, or one called main.
        use_cache: whether to look for the object on disk, and keep it there.
        strategy: how contractions are computed: `bit_serial`, `dot` where the weights fit in
            bytes, `product` where the codes have 8 bits together, or `auto` for what suits the
            machine. Codebooks always take `product`.
        records: a file that `lowbit tune` wrote, asked before the records that come with lowbit
            and these before the cost model; `shipped` leaves out the file, `none` all records.

    Returns:
        The function, ready to be called with numpy arrays.

    Raises:
        ValueError: no such target, strategy or function, this machine cannot run the target, or
            the records cannot be read.
        ParseError, VerifyException, PassFailedException: what is wrong with the module, and where.
        OSError: the file cannot be read.
        CacheError: LOWBIT_CACHE names a folder that cannot be used.
    """
    machine = get_target(target)
    check_runs_here(machine)
    check_strategy(strategy)
    name = "<module>"
    if isinstance(module, Path):
        name, module = str(module), read_text(module)
    key, hit = "", None
    if use_cache:
        # A text that was compiled once is found without parsing it.
        text = module if isinstance(module, str) else fingerprint(module)
        key = cache.key(text, machine, strategy, str(records))
        hit = cache.load(key)
    if hit is not None:
        found, data = [Signature.from_json(s) for s in hit[0]], hit[1]
    else:
        if isinstance(module, str):
            module = parse_module(module, name)
        else:
            verify(module)
        # On a hit there is no need to import the passes, which takes longer than all the rest.
        with IMPORTING:
            from runtime.build import build_object  # noqa: PLC0415

        found, data = build_object(module, machine, strategy, str(records))
        if use_cache:
            cache.store(key, [s.to_json() for s in found], data)
    signature = choose(found, entry)
    symbols = [signature.name, *(stage for stage, _ in signature.stages)]
    return Executable(signature, LoadedObject(data, symbols), machine.name)


def choose(found: list[Signature], entry: str | None) -> Signature:
    """The function called `entry`; without a name the only one, or main.

    Raises:
        ValueError: there is no such function, or none can be told from the others.
    """
    by_name = {s.name: s for s in found}
    names = ", ".join(f"@{name}" for name in by_name)
    if not by_name:
        raise ValueError("the module has no function")
    if entry is None:
        if len(by_name) > 1 and "main" not in by_name:
            raise ValueError(
                f"the module has several functions and none is @main: choose one of {names}"
            )
        entry = next(iter(by_name)) if len(by_name) == 1 else "main"
    if entry not in by_name:
        raise ValueError(f"no function @{entry}: the module has {names}")
    return by_name[entry]
