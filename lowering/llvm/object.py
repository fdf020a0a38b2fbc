"""From LLVM IR to an object file, for any target on any host.

One way for everything: the JIT loads these objects, the cache keeps them, the linker takes them.
They are position independent, in the small code model.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import llvmlite.binding as llvm
from llvmlite.binding.newpassmanagers import NewPassManager
from xdsl.utils.exceptions import DiagnosticException

from lowering.llvm.lock import with_llvm
from lowering.llvm.target_check import check_target
from lowering.targets import Target

T = TypeVar("T")

_OPTIONS_SET = False


class CompileError(DiagnosticException):
    """LLVM does not accept a module; the message is one line."""


def _initialize() -> None:
    """Set LLVM up once in a process; its options may be given one time only."""
    global _OPTIONS_SET  # noqa: PLW0603  LLVM's options are global too
    if _OPTIONS_SET:
        return
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    # In source order the 16 vector registers of ARMv7 hold larger tiles without spills; the code
    # for x86-64 and AArch64 is the same either way.
    llvm.set_option("lowbit", "-pre-RA-sched=source")
    # The accesses of a tile share their variable part already and differ in constants. To look for
    # better shares took two thirds of LLVM's time on unrolled tiles, and the kernels did not gain.
    llvm.set_option("lowbit", "-disable-lsr")
    # Sums are written in the order that needs the fewest registers. The machine combiner makes
    # trees of the additions that end in the accumulators: these spill in loops of table lookups.
    if _has_x86():
        llvm.set_option("lowbit", "-x86-machine-combiner=false")
    _OPTIONS_SET = True


def _has_x86() -> bool:
    """Whether this LLVM has the options of x86; a process ends at an option that is not there."""
    try:
        llvm.Target.from_triple("x86_64")
    except RuntimeError:
        return False
    return True


@cache
def _target_machine(target: Target, opt: int) -> llvm.TargetMachine:
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=opt,
        reloc="pic",
        codemodel="default",
        abiname=target.architecture.abi,
    )
    return machine


def _optimized(llvm_ir: str, target: Target, opt: int) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    """The module after LLVM's passes, with its target machine; the lock is held."""
    _initialize()
    machine = _target_machine(target, opt)
    try:
        # A context keeps every type and constant that was ever in it: each module has its own.
        module = llvm.parse_assembly(llvm_ir, llvm.create_context())
        module.data_layout = str(machine.target_data)
        module.verify()
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CompileError(f"LLVM rejects the module: {reason}") from None
    # The loops are tiled, unrolled and vectorised already, as the schedule says.
    # Level 2 would merge the loads that neighbouring taps share and rebalance the sums, and spill.
    tuning = llvm.create_pipeline_tuning_options(speed_level=min(opt, 1))
    tuning.loop_unrolling = False
    tuning.loop_vectorization = False
    tuning.loop_interleaving = False
    tuning.slp_vectorization = False
    _run_pipeline(module, llvm.create_pass_builder(machine, tuning))
    return module, machine


def _run_pipeline(module: llvm.ModuleRef, builder: llvm.PassBuilder) -> None:
    """Run the pipeline of a pass builder on a module, and free the pipeline.

    Both serve one run. A pass manager gives its passes up while it runs, and LLVM ends the process
    at a second run; a run leaves callbacks in the pass builder that point to its stack frame.
    """
    manager = builder.getModulePassManager()
    try:
        manager.run(module, builder)
    finally:
        # In llvmlite 0.50 `close()` finds the `_dispose` of the wrong base class, which frees
        # nothing: 50 kB for each compilation. `detach` keeps anything from freeing it again.
        NewPassManager._dispose(manager)
        manager.detach()


def compile_object(llvm_ir: str, target: Target, opt: int = 2) -> bytes:
    """The object file for the text of an LLVM module.

    Raises:
        CompileError: if LLVM does not accept the module.
    """

    def emit(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> bytes:
        return machine.emit_object(module)

    return _compile(llvm_ir, target, opt, emit)


def compile_assembly(llvm_ir: str, target: Target, opt: int = 2, *, comments: bool = False) -> str:
    """The assembly for the text of an LLVM module.

    With `comments`, LLVM says which blocks belong to which loop, and which instructions spill.

    Raises:
        CompileError: if LLVM does not accept the module.
    """

    def emit(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> str:
        machine.set_asm_verbosity(comments)
        return machine.emit_assembly(module)

    return _compile(llvm_ir, target, opt, emit)


def optimized_llvm_ir(llvm_ir: str, target: Target, opt: int = 2) -> str:
    """The module after LLVM's passes, as text.

    Raises:
        CompileError: if LLVM does not accept the module.
    """
    return _compile(llvm_ir, target, opt, lambda module, _: str(module))


def _compile(
    llvm_ir: str,
    target: Target,
    opt: int,
    emit: Callable[[llvm.ModuleRef, llvm.TargetMachine], T],
) -> T:
    """What `emit` makes of the module after LLVM's passes."""
    # Before the lock of LLVM is taken: to describe the host imports llvmlite, for which there is
    # a lock that comes before it.
    check_target(target)
    return _compile_locked(llvm_ir, target, opt, emit)


@with_llvm
def _compile_locked(
    llvm_ir: str,
    target: Target,
    opt: int,
    emit: Callable[[llvm.ModuleRef, llvm.TargetMachine], T],
) -> T:
    return emit(*_optimized(llvm_ir, target, opt))
