"""How single operations of `llvm` are written as LLVM IR: one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from xdsl.dialects import llvm
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, UnitAttr
from xdsl.ir import Block, Operation, SSAValue

from lowbit_dialect import llvm_casts, llvm_ops
from lowbit_dialect.extensions import note_shipped
from lowering.llvm.llvm_text import constant_text, mask_text, quoted
from lowering.llvm.module_text import Text
from lowering.llvm.types import intrinsic_suffix
from lowering.support.diagnostics import fail

Emitter = Callable[[Text, Any], None]

_OVERFLOW = ("", "nsw ", "nuw ", "nuw nsw ")


def _flags(op: Operation) -> str:
    """What an instruction says of its operands or result, each word with a space behind."""
    words = ""
    for name, value in op.properties.items():
        if name == "overflowFlags":
            if isinstance(value, IntegerAttr):
                words += _OVERFLOW[value.value.data]
            elif isinstance(value, llvm.OverflowAttr):
                words += _OVERFLOW[value.to_int()]
        elif name == "fastmathFlags" and isinstance(value, llvm.FastMathAttr):
            words += "".join(f"{word} " for word in sorted(flag.value for flag in value.data))
        elif isinstance(value, UnitAttr) and name in _UNIT_FLAGS:
            words += _UNIT_FLAGS[name]
    return words


_UNIT_FLAGS = {"isExact": "exact ", "isDisjoint": "disjoint ", "nonNeg": "nneg "}


def _binary(word: str) -> Emitter:
    def emit(text: Text, op: Operation) -> None:
        a, b = op.operands
        text.write(op, f"{word} {_flags(op)}{text.typed(a)}, {text.names[b]}")

    return emit


def _cast(word: str) -> Emitter:
    def emit(text: Text, op: Operation) -> None:
        result = text.type(op.results[0].type)
        text.write(op, f"{word} {_flags(op)}{text.typed(op.operands[0])} to {result}")

    return emit


def _plain(word: str) -> Emitter:
    """An instruction that takes its operands with their types: `select`, `insertelement`, ..."""

    def emit(text: Text, op: Operation) -> None:
        text.write(op, f"{word} {_flags(op)}{text.typed_list(op.operands)}")

    return emit


def _intrinsic(name: str, overloaded: int = 0) -> Emitter:
    """A call of an intrinsic whose name ends in the type of one operand."""

    def emit(text: Text, op: Operation) -> None:
        if _flags(op):
            fail(op, "fast-math flags of an intrinsic cannot be written")
        suffix = intrinsic_suffix(op.operands[overloaded].type)
        text.call(op, f"llvm.{name}.{suffix}", op.operands)

    return emit


def _fneg(text: Text, op: llvm.FNegOp) -> None:
    text.write(op, f"fneg {_flags(op)}{text.typed(op.arg)}")


def _icmp(text: Text, op: llvm.ICmpOp) -> None:
    predicate = llvm.ICmpPredicateFlag.from_int(op.predicate.value.data).value
    text.write(op, f"icmp {predicate} {text.typed(op.lhs)}, {text.names[op.rhs]}")


def _fcmp(text: Text, op: llvm_ops.FCmpOp | llvm.FCmpOp) -> None:
    # MLIR spells two of the predicates `_false` and `_true`.
    predicate = llvm.FCmpPredicateFlag.from_int(op.predicate.value.data).value.lstrip("_")
    text.write(op, f"fcmp {_flags(op)}{predicate} {text.typed(op.lhs)}, {text.names[op.rhs]}")


def _alignment(op: llvm.LoadOp | llvm.StoreOp | llvm.AllocaOp) -> str:
    return f", align {op.alignment.value.data}" if op.alignment is not None else ""


def _load(text: Text, op: llvm.LoadOp) -> None:
    result = text.type(op.results[0].type)
    text.write(op, f"load {result}, {text.typed(op.ptr)}{_alignment(op)}")


def _store(text: Text, op: llvm.StoreOp) -> None:
    text.write(op, f"store {text.typed(op.value)}, {text.typed(op.ptr)}{_alignment(op)}")


def _alloca(text: Text, op: llvm.AllocaOp) -> None:
    text.write(op, f"alloca {text.type(op.elem_type)}, {text.typed(op.size)}{_alignment(op)}")


_INBOUNDS = 3
_NO_WRAP = {
    0: "",
    2: "nusw ",
    3: "inbounds ",
    4: "nuw ",
    6: "nusw nuw ",
    7: "inbounds nuw ",
}


def _gep(text: Text, op: llvm.GEPOp) -> None:
    dynamic = iter(op.ssa_indices)
    indices = [
        text.typed(next(dynamic)) if index == llvm.GEP_USE_SSA_VAL else f"i32 {index}"
        for index in op.rawConstantIndices.iter_values()
    ]
    # xDSL has a property of its own for one of the flags.
    flags = op.noWrapFlags.value.data | (_INBOUNDS if op.inbounds is not None else 0)
    if flags not in _NO_WRAP:
        fail(op, f"expected noWrapFlags of {', '.join(map(str, _NO_WRAP))}, got {flags}")
    parts = ", ".join((text.type(op.elem_type), text.typed(op.ptr), *indices))
    text.write(op, f"getelementptr {_NO_WRAP[flags]}{parts}")


def _shuffle(text: Text, op: llvm.ShuffleVectorOp) -> None:
    text.write(
        op, f"shufflevector {text.typed_list(op.operands)}, {mask_text(op.mask.get_values())}"
    )


def _member(position: DenseArrayBase[IntegerType]) -> str:
    return "".join(f", {index}" for index in position.iter_values())


def _extract_value(text: Text, op: llvm.ExtractValueOp) -> None:
    text.write(op, f"extractvalue {text.typed(op.container)}{_member(op.position)}")


def _insert_value(text: Text, op: llvm.InsertValueOp) -> None:
    both = f"{text.typed(op.container)}, {text.typed(op.value)}"
    text.write(op, f"insertvalue {both}{_member(op.position)}")


def _call(text: Text, op: llvm.CallOp) -> None:
    if op.op_bundle_operands or op.callee is None:
        fail(op, "expected a call of a function by its name, without operand bundles")
    tail = "tail " if op.TailCallKind.data != "none" else ""
    convention = "" if op.CConv.cconv_name == "ccc" else f"{op.CConv.cconv_name} "
    result = text.type(op.returned.type) if op.returned else "void"
    words = f"{tail}call {_flags(op) if op.returned else ''}{convention}{result}"
    name = quoted(op.callee.string_value())
    text.write(op, f"{words} @{name}({text.typed_list(op.args)})")


def _call_intrinsic(text: Text, op: llvm.CallIntrinsicOp) -> None:
    if op.op_bundle_operands or op.fastmathFlags.data:
        fail(op, "expected a call without operand bundles and fast-math flags")
    text.call(op, op.intrin.data, op.args)


def _inline_assembly(text: Text, op: llvm.InlineAsmOp) -> None:
    result = text.type(op.res.type) if op.res else "void"
    effects = " sideeffect" if op.has_side_effects is not None else ""
    code = f"{quoted(op.asm_string.data)}, {quoted(op.constraints.data)}"
    text.write(op, f"call {result} asm{effects} {code}({text.typed_list(op.operands_)})")


def _masked_load(text: Text, op: llvm_ops.MaskedLoadOp) -> None:
    name = f"llvm.masked.load.{intrinsic_suffix(op.res.type)}.p0"
    text.call(op, name, op.operands, op.alignment.value.data)


def _masked_store(text: Text, op: llvm_ops.MaskedStoreOp | llvm.MaskedStoreOp) -> None:
    name = f"llvm.masked.store.{intrinsic_suffix(op.value.type)}.p0"
    text.call(op, name, op.operands, op.alignment.value.data, 1)


def _leave(text: Text, to: Block, values: Iterable[SSAValue]) -> str:
    """A label to branch to, whose arguments get these values on the way from this block."""
    for argument, value in zip(to.args, values, strict=True):
        text.incoming.setdefault(argument, []).append(f"[{text.names[value]}, {text.block}]")
    return f"label {text.labels[to]}"


def _branch(text: Text, op: llvm.BrOp) -> None:
    text.write(op, f"br {_leave(text, op.successor, op.arguments)}")


def _branch_if(text: Text, op: llvm.CondBrOp) -> None:
    then = _leave(text, op.then_block, op.then_arguments)
    otherwise = _leave(text, op.else_block, op.else_arguments)
    text.write(op, f"br {text.typed(op.cond)}, {then}, {otherwise}")


def _return(text: Text, op: llvm.ReturnOp) -> None:
    text.write(op, f"ret {text.typed(op.operands[0])}" if op.operands else "ret void")


def _unreachable(text: Text, op: llvm.UnreachableOp) -> None:
    text.write(op, "unreachable")


EMITTERS: dict[type[Operation], Emitter] = {
    llvm.AddOp: _binary("add"),
    llvm.SubOp: _binary("sub"),
    llvm.MulOp: _binary("mul"),
    llvm.UDivOp: _binary("udiv"),
    llvm.SDivOp: _binary("sdiv"),
    llvm.URemOp: _binary("urem"),
    llvm.SRemOp: _binary("srem"),
    llvm.ShlOp: _binary("shl"),
    llvm.LShrOp: _binary("lshr"),
    llvm.AShrOp: _binary("ashr"),
    llvm.AndOp: _binary("and"),
    llvm.OrOp: _binary("or"),
    llvm.XOrOp: _binary("xor"),
    llvm.FAddOp: _binary("fadd"),
    llvm.FSubOp: _binary("fsub"),
    llvm.FMulOp: _binary("fmul"),
    llvm.FDivOp: _binary("fdiv"),
    llvm.FRemOp: _binary("frem"),
    llvm.FNegOp: _fneg,
    llvm_casts.TruncOp: _cast("trunc"),
    llvm.ZExtOp: _cast("zext"),
    llvm.SExtOp: _cast("sext"),
    llvm.PtrToIntOp: _cast("ptrtoint"),
    llvm.IntToPtrOp: _cast("inttoptr"),
    llvm.BitcastOp: _cast("bitcast"),
    llvm.FPExtOp: _cast("fpext"),
    llvm.FPTruncOp: _cast("fptrunc"),
    llvm.SIToFPOp: _cast("sitofp"),
    llvm_casts.FPToSIOp: _cast("fptosi"),
    llvm_casts.FPToUIOp: _cast("fptoui"),
    llvm_casts.UIToFPOp: _cast("uitofp"),
    llvm.ICmpOp: _icmp,
    llvm_ops.FCmpOp: _fcmp,
    llvm_ops.SelectOp: _plain("select"),
    llvm_ops.ExtractElementOp: _plain("extractelement"),
    llvm.InsertElementOp: _plain("insertelement"),
    llvm.ShuffleVectorOp: _shuffle,
    llvm.ExtractValueOp: _extract_value,
    llvm.InsertValueOp: _insert_value,
    llvm.LoadOp: _load,
    llvm.StoreOp: _store,
    llvm.AllocaOp: _alloca,
    llvm.GEPOp: _gep,
    llvm_ops.MaskedLoadOp: _masked_load,
    llvm_ops.MaskedStoreOp: _masked_store,
    llvm.CallOp: _call,
    llvm.CallIntrinsicOp: _call_intrinsic,
    llvm.InlineAsmOp: _inline_assembly,
    llvm.FAbsOp: _intrinsic("fabs"),
    llvm.FCeilOp: _intrinsic("ceil"),
    llvm.FFloorOp: _intrinsic("floor"),
    llvm.FSqrtOp: _intrinsic("sqrt"),
    llvm.FExpOp: _intrinsic("exp"),
    llvm.FExp2Op: _intrinsic("exp2"),
    llvm.FLogOp: _intrinsic("log"),
    llvm.FLog2Op: _intrinsic("log2"),
    llvm.FSinOp: _intrinsic("sin"),
    llvm.FCosOp: _intrinsic("cos"),
    llvm.FPowOp: _intrinsic("pow"),
    llvm.FMAOp: _intrinsic("fma"),
    llvm.FCopySignOp: _intrinsic("copysign"),
    llvm.VectorFMaxOp: _intrinsic("maxnum"),
    llvm.VectorFMinOp: _intrinsic("minnum"),
    llvm.VectorReduceFAddOp: _intrinsic("vector.reduce.fadd", 1),
    llvm.VectorReduceFMulOp: _intrinsic("vector.reduce.fmul", 1),
    # As xDSL defines them, which its own tools and passes make.
    llvm.TruncOp: _cast("trunc"),
    llvm.FCmpOp: _fcmp,
    llvm.SelectOp: _plain("select"),
    llvm.MaskedStoreOp: _masked_store,
    llvm.BrOp: _branch,
    llvm.CondBrOp: _branch_if,
    llvm.ReturnOp: _return,
    llvm.UnreachableOp: _unreachable,
}
"""Every operation that is an instruction."""
note_shipped(EMITTERS)

CONSTANTS: dict[type[Operation], Callable[[Any], str]] = {
    llvm.ConstantOp: lambda op: constant_text(op.value, op.result.type),
    llvm.UndefOp: lambda op: "undef",
    llvm.ZeroOp: lambda op: "zeroinitializer",
    llvm.AddressOfOp: lambda op: f"@{quoted(op.global_name.string_value())}",
}
"""Every operation that is no instruction: its result is written where it is used."""
note_shipped(CONSTANTS)
