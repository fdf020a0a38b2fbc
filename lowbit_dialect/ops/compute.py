"""`lowbit.compute` and `lowbit.launch`: operations of tensors on memory, and their stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from typing_extensions import override
from xdsl.dialects.builtin import (
    FunctionType,
    IndexType,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, Pure, SymbolTable, SymbolUserOpInterface
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layouts.packed import memory_bytes, storage_type
from lowbit_dialect.ops.base import INT_PROPERTY, LowbitOp, int_, static_shape
from lowbit_dialect.ops.kernel import YieldOp
from lowbit_dialect.ops.pack import ConstantOp

INDEX = IndexType()


def _parse_typed_operands(parser: Parser, keyword: str) -> Sequence[SSAValue]:
    """Parse `keyword(%a, %b : type, type)`, or nothing."""
    if parser.parse_optional_keyword(keyword) is None:
        return ()
    parser.parse_punctuation("(")
    unresolved = parser.parse_comma_separated_list(
        parser.Delimiter.NONE, parser.parse_unresolved_operand
    )
    parser.parse_punctuation(":")
    types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
    parser.parse_punctuation(")")
    return parser.resolve_operands(unresolved, types, parser.pos)


def _print_typed_operands(printer: Printer, values: Sequence[SSAValue]) -> None:
    """Print `(%a, %b : type, type)`."""
    with printer.in_parens():
        printer.print_list(values, printer.print_operand)
        printer.print_string(" : ")
        printer.print_list([v.type for v in values], printer.print_attribute)


@irdl_op_definition
class ComputeOp(LowbitOp):
    """An operation of tensors in destination style: it reads and writes memory.

        lowbit.compute ins(%x, %w : memref<1x10x2x1x10xi32>, memref<..>) outs(%y : memref<..>)
            from %low to %high {
        ^bb0(%a: tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<..>>, %b: tensor<..>):
          %r = lowbit.bitserial_conv %a, %b .. : (..) -> tensor<..>
          lowbit.yield %r : (tensor<..>) -> ()
        }

    The body holds one operation, and constants for it. Its arguments stand for what lies in the
    memory of `ins`, its yield for what is written to `outs`; each memref is the storage type of its
    tensor. `low` and `high` are a part of the operation's independent parts, of which a
    `lowbit.launch` counts all: what belongs to the others is left as it is.
    """

    name = "lowbit.compute"
    YIELDS: ClassVar = True

    ins = var_operand_def(MemRefType)
    outs = var_operand_def(MemRefType)
    low = operand_def(IndexType)
    high = operand_def(IndexType)
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(IsolatedFromAbove())

    def __init__(
        self,
        ins: Sequence[SSAValue],
        outs: Sequence[SSAValue],
        bounds: tuple[SSAValue, SSAValue],
        body: Region,
    ):
        super().__init__(operands=[ins, outs, [bounds[0]], [bounds[1]]], regions=[body])

    @property
    def block(self) -> Block:
        """The block of the body."""
        return self.body.block

    @property
    def results_of_body(self) -> tuple[SSAValue, ...]:
        """The tensors that are written to `outs`."""
        end = self.block.last_op
        return tuple(end.operands) if end is not None else ()

    @property
    def operation(self) -> Operation:
        """The operation of tensors: the one of the body that is no constant."""
        (result,) = self.results_of_body
        assert isinstance(result.owner, Operation), "the verifier says so"
        return result.owner

    def verify_(self) -> None:
        """Check that memory and tensors agree, and that the body is one operation."""
        if not isinstance(self.block.last_op, YieldOp):
            raise VerifyException("the body must end in lowbit.yield")
        results = self.results_of_body
        inner = [op for op in self.block.ops if not isinstance(op, YieldOp) and not is_constant(op)]
        if len(inner) != 1 or any(v.owner is not inner[0] for v in results):
            raise VerifyException(
                "the body must be one operation besides constants, and yield its result; got"
                f" {', '.join(op.name for op in inner) or 'none'}"
            )
        for kind, memory, tensors in (
            ("ins", self.ins, self.block.args),
            ("outs", self.outs, results),
        ):
            if len(memory) != len(tensors):
                raise VerifyException(f"{kind}: {len(memory)} memrefs for {len(tensors)} tensors")
            for k, (have, tensor) in enumerate(zip(memory, tensors, strict=True)):
                if not isinstance(tensor.type, TensorType):
                    raise VerifyException(f"{kind} {k}: the body has {tensor.type}, not a tensor")
                static_shape(tensor.type, None, f"{kind} {k}")
                want = storage_type(tensor.type)
                if have.type != want:
                    raise VerifyException(
                        f"{kind} {k}: {tensor.type} lies in {want}, got {have.type}"
                    )

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        """Parse the memory, the bounds, attributes and the body."""
        ins = _parse_typed_operands(parser, "ins")
        outs = _parse_typed_operands(parser, "outs")
        parser.parse_keyword("from")
        low = parser.resolve_operand(parser.parse_unresolved_operand(), INDEX)
        parser.parse_keyword("to")
        high = parser.resolve_operand(parser.parse_unresolved_operand(), INDEX)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op = cls(ins, outs, (low, high), parser.parse_region())
        if attributes is not None:
            op.attributes |= attributes.data
        return op

    @override
    def print(self, printer: Printer) -> None:
        """Print the memory, the bounds, attributes and the body."""
        for keyword, values in (("ins", self.ins), ("outs", self.outs)):
            if values:
                printer.print_string(f" {keyword}")
                _print_typed_operands(printer, values)
        for keyword, value in (("from", self.low), ("to", self.high)):
            printer.print_string(f" {keyword} ")
            printer.print_operand(value)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)


def is_constant(op: Operation) -> bool:
    """Whether an operation is a constant tensor."""
    return isinstance(op, ConstantOp) or op.name == "arith.constant"


class _LaunchesStage(SymbolUserOpInterface):
    """The callee takes the operands and two bounds, and returns nothing."""

    def verify(self, op: Operation) -> None:
        assert isinstance(op, LaunchOp)
        try:
            callee = SymbolTable.lookup_symbol(op, op.callee)
        except (AssertionError, ValueError):
            return  # by itself, outside of a module
        if not isinstance(callee, FuncOp):
            if _is_in_module(op):
                raise VerifyException(f"there is no function {op.callee}")
            return
        want = FunctionType.from_lists([*(v.type for v in op.operands), INDEX, INDEX], [])
        if callee.function_type != want:
            raise VerifyException(f"{op.callee} is {callee.function_type}, expected {want}")


def _is_in_module(op: Operation) -> bool:
    above: Operation | None = op
    while above is not None and not isinstance(above, ModuleOp):
        above = above.parent_op()
    return above is not None


@irdl_op_definition
class LaunchOp(LowbitOp):
    """Run all parts 0 .. extent of a stage, one after another or on several threads.

        lowbit.launch @main_2_bitserial_conv(%x, %w, %y : memref<..>, memref<..>, memref<..>)
            extent 8

    The callee takes the operands and two bounds, `(.., %low: index, %high: index)`. Launches follow
    each other: the next one begins when all parts of this one are done.
    """

    name = "lowbit.launch"

    callee = prop_def(SymbolRefAttr)
    extent = prop_def(INT_PROPERTY)
    memory = var_operand_def(MemRefType)
    traits = traits_def(_LaunchesStage())

    def __init__(self, callee: str | SymbolRefAttr, memory: Sequence[SSAValue], extent: int):
        if isinstance(callee, str):
            callee = SymbolRefAttr(callee)
        properties = {"callee": callee, "extent": int_(extent)}
        super().__init__(operands=[memory], properties=properties)

    @property
    def parts(self) -> int:
        """How many independent parts the stage has."""
        return self.extent.value.data

    @property
    def function_name(self) -> str:
        """The symbol of the stage's function."""
        return self.callee.root_reference.data

    def verify_(self) -> None:
        """Check that there is something to run."""
        if self.parts < 1:
            raise VerifyException(f"extent must be positive, got {self.parts}")
        if len(self.callee.nested_references):
            raise VerifyException("the callee must be a function of this module")

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        """Parse callee, operands with their types, and the extent."""
        callee = parser.parse_symbol_name()
        memory: Sequence[SSAValue] = ()
        parser.parse_punctuation("(")
        if parser.parse_optional_punctuation(")") is None:
            unresolved = parser.parse_comma_separated_list(
                parser.Delimiter.NONE, parser.parse_unresolved_operand
            )
            parser.parse_punctuation(":")
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
            parser.parse_punctuation(")")
            memory = parser.resolve_operands(unresolved, types, parser.pos)
        parser.parse_keyword("extent")
        extent = parser.parse_integer(allow_boolean=False)
        attributes = parser.parse_optional_attr_dict()
        op = cls(callee.data if isinstance(callee, StringAttr) else callee, memory, extent)
        op.attributes |= attributes
        return op

    @override
    def print(self, printer: Printer) -> None:
        """Print callee, operands with their types, and the extent."""
        printer.print_string(" ")
        printer.print_symbol_name(self.function_name)
        if self.memory:
            _print_typed_operands(printer, self.memory)
        else:
            printer.print_string("()")
        printer.print_string(f" extent {self.parts}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ViewAsOp(LowbitOp):
    """The bytes of a memref as another type of the same size, with the identity layout.

    It stands in the loops of stages whose operands are typed, and vanishes where their memory
    becomes bytes: `memref.view` of MLIR takes memrefs of bytes only.
    """

    name = "lowbit.view_as"

    source = operand_def(MemRefType)
    result = result_def(MemRefType)
    traits = traits_def(Pure())

    @staticmethod
    def get(source: SSAValue, type_: MemRefType) -> ViewAsOp:
        """Build the op."""
        return ViewAsOp.build_op([source], [type_])

    def verify_(self) -> None:
        """Check that both types have as many bytes."""
        assert isinstance(self.source.type, MemRefType)
        assert isinstance(self.result.type, MemRefType)
        have, want = memory_bytes(self.source.type), memory_bytes(self.result.type)
        if have != want:
            raise VerifyException(f"the source has {have} bytes, the result {want}")
