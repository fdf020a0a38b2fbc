"""Operations that the lowering never makes: compiled in a process of their own first.

Each is put into a function that does nothing else, and that is compiled for the target at the
levels of optimisation that select instructions differently. The answer for a function is
remembered as long as this process lives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from lowering.llvm.child import ask, describe
from lowering.llvm.emit_module import emit_module
from lowering.support.diagnostics import fail
from lowering.targets import Target

_CONSTANTS = (llvm.ConstantOp, llvm.UndefOp, llvm.ZeroOp)


@dataclass(frozen=True)
class Trial:
    """The text of a function in LLVM IR, and the target that it is for."""

    target: Target
    text: str


_ANSWERS: dict[Trial, str] = {}
"""Why LLVM does not compile a function; empty where it does."""


def trial_of(op: Operation, callee: llvm.FuncOp | None, target: Target) -> Trial:
    """A function that takes the operands of `op`, which are no constants, and does `op`.

    Args:
        op: an operation of LLVM that is no terminator.
        callee: the function that it calls.
        target: the target that the function is for.
    """
    block, mapping, constants = Block(), dict[SSAValue, SSAValue](), list[Operation]()
    for value in dict.fromkeys(op.operands):
        if isinstance(value.owner, _CONSTANTS):
            constants.append(value.owner.clone())
            mapping[value] = constants[-1].results[0]
        else:
            mapping[value] = block.insert_arg(value.type, len(block.args))
    new = op.clone(mapping)
    block.add_ops([*constants, new, llvm.ReturnOp(*new.results)])
    result = new.results[0].type if new.results else None
    functions = [_function("trial", block.arg_types, result, block)]
    if callee is not None:
        functions.append(
            llvm.FuncOp(callee.sym_name, callee.function_type, linkage=llvm.LinkageAttr("external"))
        )
    return Trial(target, emit_module(ModuleOp(functions), target))


def trial_of_types(types: Sequence[Attribute], target: Target) -> Trial:
    """A function that takes values of these types and returns the first."""
    block = Block(arg_types=types)
    block.add_op(llvm.ReturnOp(block.args[0]))
    function = _function("trial", types, types[0], block)
    return Trial(target, emit_module(ModuleOp([function]), target))


def _function(
    name: str, inputs: Sequence[Attribute], output: Attribute | None, block: Block
) -> llvm.FuncOp:
    type = llvm.LLVMFunctionType(list(inputs), output)
    linkage = llvm.LinkageAttr("external")
    return llvm.FuncOp(name, type, linkage=linkage, body=Region(block))


def check(trials: Sequence[tuple[Operation, Trial]]) -> None:
    """Refuse the first operation that LLVM does not compile.

    Raises:
        OpFailedException: LLVM refuses an operation, does not know the intrinsic that it calls,
            or ends the process.
    """
    _answer([trial for _, trial in trials])
    for op, trial in trials:
        answer = _ANSWERS[trial]
        if answer:
            operands = ", ".join(str(value.type) for value in op.operands)
            name = f"{op.intrin.data} of " if isinstance(op, llvm.CallIntrinsicOp) else ""
            target = trial.target.name
            fail(op, f"LLVM has no code for {name}({operands}) on {target}: {answer}")


def _answer(trials: Sequence[Trial]) -> None:
    """Have every trial answered, in as few processes as LLVM lets live."""
    left = list(dict.fromkeys(trial for trial in trials if trial not in _ANSWERS))
    while left:
        answers, end = _run(left)
        for trial, answer in zip(left, answers, strict=False):
            _ANSWERS[trial] = answer
        left = left[len(answers) :]
        if left:
            _ANSWERS[left.pop(0)] = end


def _run(trials: Sequence[Trial]) -> tuple[list[str], str]:
    """The answers of a process as far as it came, and how it ended."""
    requests = [describe(trial.target) | {"text": trial.text} for trial in trials]
    result = ask(requests)
    return result.answers, result.end
