"""`compile`: from a module of low-bit tensors to something that can be called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowbit_dialect.extensions import extensions
from lowering.record_sources import SHIPPED_RECORDS
from lowering.strategies import check_strategy
from lowering.targets import Target, get_target
from runtime.executable import Executable
from runtime.files import read_text
from runtime.fingerprint import Fingerprint, fingerprint
from runtime.host import check_runs_here
from runtime.jit import JitError, LoadedObject
from runtime.object_cache import cache
from runtime.signature import Signature

if TYPE_CHECKING:
    from lowering.pipeline import Hook


def compile(
    module: ModuleOp | str | os.PathLike[str],
    target: str = "host",
    *,
    entry: str | None = None,
    use_cache: bool = True,
    strategy: str = "auto",
    records: str | Path = SHIPPED_RECORDS,
    passes: str | Sequence[ModulePass] | None = None,
    after: Hook | None = None,
) -> Executable:
    """Compile a module for this machine.

    Args:
        module: a module, its text, or the path of a file with it, of MLIR or an ONNX model. A
            string of one line that ends in `.mlir` or `.onnx` is a path.
        target: `host`, or `host+avx2`, `host+sse2` to use less of it; any target that this machine
            can run.
        entry: the function to call; not needed where there is one, or one called main.
        use_cache: whether to look for the object on disk, and keep it there. Modules with
            operations or attributes from outside of lowbit and xDSL are always compiled anew, as
            are all modules once a table of lowerings was changed.
        strategy: how contractions are computed: one of `lowering.strategies.strategy_names()`,
            or `auto` for the fastest way on the machine.
        records: a file that `lowbit tune` wrote, asked before the records that come with lowbit
            and these before the cost model; `shipped` leaves out the file, `none` all records.
        passes: the passes to run in place of those from tensors to LLVM's dialect, as a sequence
            or as the text of a pipeline, such as `lowbit-pipeline{until=kernels},my-pass,..`; they
            must reach level `llvm`, their options say for which target, and `strategy` and
            `records` are not asked. Nothing is looked up in the cache or kept there.
        after: is called with each step (`lowering.pipeline.Step`) and the module when it has run;
            with it, too, the module is always compiled.

    Returns:
        The function, ready to be called with numpy arrays.

    Raises:
        ValueError: no such target, strategy or function, this machine cannot run the target, the
            records cannot be read, `module` is none, or `passes` do not reach level `llvm`.
        ParseError, VerifyException, PassFailedException: what is wrong with the module, and where;
            a contraction that the strategy cannot take counts.
        OSError: the file cannot be read.
        CacheError: LOWBIT_CACHE names a folder that cannot be used.
    """
    with COMPILER_LOCK:
        machine = get_target(target)
        check_runs_here(machine)
        check_strategy(strategy)
        given, name = _read(module)
        # What others added to the compiler, or changed in it, is in no key.
        use_cache = use_cache and not extensions() and passes is None and after is None
        # A text that was compiled once is found without parsing it.
        is_text = isinstance(given, str)
        text, is_foreign = Fingerprint(given, False) if is_text else fingerprint(given)
        use_cache = use_cache and not is_foreign
    key = ""
    if use_cache:
        key = cache.key(text, machine, strategy, str(records))
        hit = cache.load(key, _signatures)
        if hit is not None:
            try:
                return _executable(*hit, entry, machine)
            except JitError as error:
                cache.warn_damaged(key, error)
    with COMPILER_LOCK:
        # On a hit neither the parser nor the passes need to be imported, which takes longer than
        # loading an object.
        from runtime.build import build_object, parsed_pipeline  # noqa: PLC0415
        from runtime.source import parse_module, verify  # noqa: PLC0415

        if isinstance(given, str):
            given = parse_module(given, name)
            use_cache = use_cache and not fingerprint(given).is_foreign
        else:
            verify(given)
        pipeline = parsed_pipeline(passes) if isinstance(passes, str) else passes

    found, data = build_object(given, machine, strategy, str(records), pipeline, after)
    # Parsing may have loaded a plug-in, and the records may have changed since the key was made.
    if use_cache and not extensions() and key == cache.key(text, machine, strategy, str(records)):
        cache.store(key, [s.to_json() for s in found], data)
    return _executable(found, data, entry, machine)


def _read(module: ModuleOp | str | os.PathLike[str]) -> tuple[ModuleOp | str, str]:
    """The module or its text, and what it is called in messages."""
    if isinstance(module, ModuleOp):
        return module, "<module>"
    if isinstance(module, str) and (
        "\n" in module or not module.lower().endswith((".mlir", ".onnx"))
    ):
        return module, "<module>"
    if isinstance(module, str | os.PathLike):
        path = Path(module)
        if path.suffix.lower() == ".onnx":
            with COMPILER_LOCK:
                from runtime.source import read_module  # noqa: PLC0415

            return read_module(path), str(path)
        return read_text(path), str(path)
    raise ValueError(
        f"module: expected a ModuleOp, its text, or the path of a file, got {type(module).__name__}"
    )


def _signatures(metadata: Any) -> list[Signature]:
    """What `compile` keeps beside an object; raises something where it is not that."""
    if not isinstance(metadata, list):
        raise TypeError(f"expected a list, got {type(metadata).__name__}")
    return [Signature.from_json(signature) for signature in metadata]


def _executable(
    found: list[Signature], data: bytes, entry: str | None, target: Target
) -> Executable:
    """The function called `entry` of an object, see `choose`."""
    signature = choose(found, entry)
    symbols = [signature.name, *(stage for stage, _ in signature.stages)]
    return Executable(signature, LoadedObject(data, symbols), target.name)


def choose(found: list[Signature], entry: str | None) -> Signature:
    """The function called `entry`; without a name the only one, or main.

    Raises:
        ValueError: there is no such function, or none can be told from the others.
    """
    by_name = {s.name: s for s in found}
    names = ", ".join(f"@{name}" for name in by_name)
    if not by_name:
        raise ValueError("the module has no function with a body")
    if entry is None:
        if len(by_name) > 1 and "main" not in by_name:
            raise ValueError(
                f"the module has several functions and none is @main: choose one of {names}"
            )
        entry = next(iter(by_name)) if len(by_name) == 1 else "main"
    if entry not in by_name:
        raise ValueError(f"no function @{entry}: the module has {names}")
    return by_name[entry]
