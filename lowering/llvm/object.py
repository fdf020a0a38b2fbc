"""From LLVM IR to an object file, for any target on any host.

One way for everything: the JIT loads these objects, the cache keeps them, the linker takes them.
They are position independent, in the small code model.
"""

from __future__ import annotations

import threading
from functools import cache

import llvmlite.binding as llvm
from xdsl.utils.exceptions import DiagnosticException

from lowering.llvm.target_check import check_target
from lowering.targets import Target

_LOCK = threading.Lock()
_OPTIONS_SET = False


class CompileError(DiagnosticException):
    """LLVM does not accept a module."""


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
    _OPTIONS_SET = True


@cache
def _target_machine(target: Target, opt: int) -> llvm.TargetMachine:
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=opt,
        reloc="pic",
        codemodel="default",
    )
    return machine


def _optimized(llvm_ir: str, target: Target, opt: int) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    """The module after LLVM's passes, with its target machine; the lock is held."""
    check_target(target)
    _initialize()
    machine = _target_machine(target, opt)
    try:
        module = llvm.parse_assembly(llvm_ir)
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
    builder = llvm.create_pass_builder(machine, tuning)
    manager = builder.getModulePassManager()
    manager.run(module, builder)
    return module, machine


def compile_object(llvm_ir: str, target: Target, opt: int = 2) -> bytes:
    """The object file for the text of an LLVM module.

    Raises:
        CompileError: if LLVM does not accept the module.
    """
    with _LOCK:
        module, machine = _optimized(llvm_ir, target, opt)
        return machine.emit_object(module)


def compile_assembly(llvm_ir: str, target: Target, opt: int = 2, *, comments: bool = False) -> str:
    """The assembly for the text of an LLVM module.

    With `comments`, LLVM says which blocks belong to which loop, and which instructions spill.

    Raises:
        CompileError: if LLVM does not accept the module.
    """
    with _LOCK:
        module, machine = _optimized(llvm_ir, target, opt)
        machine.set_asm_verbosity(comments)
        return machine.emit_assembly(module)


def optimized_llvm_ir(llvm_ir: str, target: Target, opt: int = 2) -> str:
    """The module after LLVM's passes, as text.

    Raises:
        CompileError: if LLVM does not accept the module.
    """
    with _LOCK:
        return str(_optimized(llvm_ir, target, opt)[0])
