"""Verifies a module of LLVM's dialect, function by function."""

from __future__ import annotations

from xdsl.dialects import llvm
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from lowbit_dialect.extensions import note_shipped
from lowering.llvm.verify import control, intrinsics, memory, operations, trial
from lowering.llvm.verify.state import Rule, State
from lowering.llvm.verify.symbols import verify_symbols
from lowering.llvm.verify.types import Facts, Kind
from lowering.support.diagnostics import fail
from lowering.targets import Target

RULES: dict[type[Operation], Rule] = {
    **operations.RULES,
    **memory.RULES,
    **control.RULES,
    **intrinsics.RULES,
}
"""A rule for every operation that has a form in LLVM IR."""
note_shipped(RULES)

MAX_GLOBAL_BYTES = (1 << 31) - 1
"""Bytes of all globals: what an instruction of the small code model reaches."""

_TERMINATORS = (llvm.BrOp, llvm.CondBrOp, llvm.ReturnOp, llvm.UnreachableOp)
_LINKAGES = ("external", "internal", "private", "weak", "weak_odr", "linkonce", "linkonce_odr")
_OF_POINTERS = (
    *("llvm.noalias", "llvm.nocapture", "llvm.nonnull", "llvm.align", "llvm.dereferenceable"),
)
_MAX_DEREFERENCEABLE = (1 << 62) - 1


def verify_llvm_module(module: ModuleOp, target: Target) -> None:
    """Verify that LLVM compiles a module for a target.

    Raises:
        OpFailedException: it does not; the message says over which operation, and why.
    """
    symbols = verify_symbols(module)
    state = State(target, symbols)
    trials: list[tuple[Operation, trial.Trial]] = []
    bytes_left = MAX_GLOBAL_BYTES
    for op in symbols.values():
        if op.linkage.linkage.data not in _LINKAGES:
            fail(op, f"linkages are {', '.join(_LINKAGES)}; got {op.linkage.linkage.data}")
        if isinstance(op, llvm.GlobalOp):
            bytes_left -= _verify_global(state, op, bytes_left)
        else:
            state.function = op
            trials += _verify_function(state, op)
    if trials:
        trial.check(trials)


def _verify_global(state: State, op: llvm.GlobalOp, bytes_left: int) -> int:
    """Verify an array of elements of whole bytes, with a value for each or one for all; its bytes.

    `bytes_left` is how many it may have beside the globals before it.
    """
    if op.alignment is not None:
        state.check_alignment(op, op.alignment.value.data)
    if op.addr_space.value.data:
        fail(op, f"globals are in address space 0, got {op.addr_space.value.data}")
    size, element = 1, op.global_type
    while isinstance(element, llvm.LLVMArrayType):
        size, element = size * element.size.data, element.type
    facts = state.sized(op, element)
    if facts.kind not in (Kind.INTEGER, Kind.FLOAT) or facts.lanes or facts.bits % 8:
        fail(op, f"a global is an array of integers or floats of whole bytes, got {element}")
    size *= facts.bits // 8
    if not 0 <= size <= bytes_left:
        fail(op, f"{size} bytes are too many: globals have {MAX_GLOBAL_BYTES} bytes together")
    value = op.value
    if value is None:
        return size
    if not isinstance(value, DenseIntOrFPElementsAttr):
        fail(op, f"the global has the value {value}: expected dense elements")
    given = len(value.data.data)
    stored = state.types.look_up(value.get_element_type())
    fits = isinstance(stored, Facts) and (stored.kind, stored.bits) == (facts.kind, facts.bits)
    if not fits or given not in (size, facts.bits // 8):
        fail(op, f"{given} bytes of {value.get_element_type()} are no value of {op.global_type}")
    return size


def _check_arguments(state: State, op: llvm.FuncOp, types: list[Facts]) -> None:
    attributes = list(op.arg_attrs or ())
    if attributes and len(attributes) != len(types):
        fail(op, f"expected attributes of {len(types)} arguments, got {len(attributes)}")
    for facts, words in zip(types, attributes, strict=False):
        for name, value in words.data.items():
            if name in _OF_POINTERS and facts.kind is not Kind.POINTER:
                fail(op, f"{name} is for pointers, not for {facts.type}")
            number = value.value.data if isinstance(value, IntegerAttr) else 0
            if name == "llvm.align":
                state.check_alignment(op, number)
            if name == "llvm.dereferenceable" and not 1 <= number <= _MAX_DEREFERENCEABLE:
                fail(op, f"{name} is 1 to {_MAX_DEREFERENCEABLE}, got {number}")


def _verify_function(state: State, op: llvm.FuncOp) -> list[tuple[Operation, trial.Trial]]:
    """Verify a function; what has to be tried of it."""
    type = op.function_type
    if op.CConv.cconv_name != "ccc":
        fail(op, f"expected the calling convention ccc, got {op.CConv.cconv_name}")
    inputs = [state.sized(op, input) for input in type.inputs]
    _check_arguments(state, op, inputs)
    output = state.facts(op, type.output)
    blocks = op.body.blocks
    if not blocks:
        return []
    if type.is_variadic:
        fail(op, "only a declaration takes any number of arguments")
    if list(blocks[0].arg_types) != list(type.inputs):
        fail(op, "the arguments of the entry block are not those of the function")
    trials: list[tuple[Operation, trial.Trial]] = []
    unknown: list[Attribute] = [f.type for f in inputs if not f.known]
    if output.kind is not Kind.VOID and not output.known:
        unknown.insert(0, output.type)
    if unknown:
        trials.append((op, trial.trial_of_types(unknown, state.target)))
    seen: set[SSAValue] = set()
    for block in blocks:
        for value in block.args:
            state.sized(op, value.type)
        trials += _verify_block(state, block, seen)
    return trials


def _verify_block(
    state: State, block: Block, seen: set[SSAValue]
) -> list[tuple[Operation, trial.Trial]]:
    """Verify a block; `seen` holds the values of the blocks before it and gets its own."""
    trials: list[tuple[Operation, trial.Trial]] = []
    seen.update(block.args)
    last = block.last_op
    if not isinstance(last, _TERMINATORS):
        assert state.function is not None
        fail(last or state.function, "a block ends in a branch, a return or llvm.unreachable")
    for op in block.ops:
        rule = RULES.get(type(op))
        if rule is None:
            fail(op, "it has no form in LLVM IR")
        for operand in op.operands:
            if operand not in seen:
                _check_operand(op, operand, block)
        if op is not last and isinstance(op, _TERMINATORS):
            fail(op, "it stands before the end of its block")
        if not rule(state, op):
            callee = state.symbols.get(_callee(op))
            function = callee if isinstance(callee, llvm.FuncOp) else None
            trials.append((op, trial.trial_of(op, function, state.target)))
        seen.update(op.results)
    return trials


def _callee(op: Operation) -> str:
    """The name of the function that an operation calls, or nothing."""
    return op.callee.root_reference.data if isinstance(op, llvm.CallOp) and op.callee else ""


def _check_operand(op: Operation, operand: SSAValue, block: Block) -> None:
    """Refuse an operand that no block before this one, nor this one so far, defines."""
    owner = operand.owner
    where = owner if isinstance(owner, Block) else owner.parent
    if where is block:
        fail(op, "an operand does not dominate this use: it is defined behind it")
    if where is None or where.parent is not block.parent:
        fail(op, "an operand is defined in another function")
