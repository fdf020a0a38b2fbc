"""Printing and parsing: constants, codes, layouts and numbers come back as they were."""

import io
import re

import numpy as np
import pytest
from dialect_strategies import affine_codes, codebooks, packings, values_of
from hypothesis import example, given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects import test as test_dialect
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, ModuleOp, StringAttr, TensorType, f32
from xdsl.dialects.func import Func
from xdsl.ir import Attribute, Operation
from xdsl.parser import Parser
from xdsl.printer import Printer

from lowbit_dialect.codes import Code, SignedType, UnipolarType
from lowbit_dialect.lowbit import Lowbit
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.elementwise import QuantizeOp
from lowbit_dialect.ops.pack import INLINE_ELEMENTS, ConstantOp
from lowbit_dialect.schedule import ORDERS, SKIPS, ScheduleAttr

XDSL_CANNOT_READ = re.compile(r"array<f32: [^>]*0x")
"""xDSL prints a float such as 1000001.0 as its bits, which its parser of arrays refuses."""


def context() -> Context:
    ctx = Context()
    for dialect in (Builtin, Func, Arith, test_dialect.Test, Lowbit):
        ctx.load_dialect(dialect)
    return ctx


def check_round_trip(*ops: Operation) -> None:
    """Both syntaxes parse to the same module, which verifies and prints the same."""
    module = ModuleOp(list(ops))
    module.verify()
    for generic in (False, True):
        stream = io.StringIO()
        Printer(stream, print_generic_format=generic).print_op(module)
        if generic and XDSL_CANNOT_READ.search(stream.getvalue()):
            continue
        again = Parser(context(), stream.getvalue()).parse_module()
        again.verify()
        assert again.is_structurally_equivalent(module), stream.getvalue()
        assert str(again) == str(module)


def check_attribute(attribute: Attribute) -> None:
    stream = io.StringIO()
    Printer(stream).print_attribute(attribute)
    assert Parser(context(), stream.getvalue()).parse_attribute() == attribute


any_code = st.one_of(affine_codes(8), codebooks())


@given(st.data(), any_code, st.integers(1, INLINE_ELEMENTS + 1))
def test_unpacked_constants(data: st.DataObject, code: Code, extent: int):
    values = data.draw(values_of(code, (extent,)))
    op = ConstantOp.from_values(values, TensorType(code, [extent]))
    assert op.values.tolist() == values.tolist()
    assert ("[" in str(op).partition(" : ")[0]) == (extent <= INLINE_ELEMENTS)
    check_round_trip(op)


@given(packings(), st.data())
def test_packed_constants(packing, data: st.DataObject):
    code = UnipolarType(packing.bits)
    values = data.draw(values_of(code, packing.shape))
    op = ConstantOp.from_values(values, TensorType(code, packing.shape, packing.layout))
    np.testing.assert_array_equal(op.values, values)
    np.testing.assert_array_equal(op.patterns, values)
    check_round_trip(op)
    check_attribute(packing.layout)


def test_a_constant_of_one_number():
    op = ConstantOp.from_values(np.array(-2), TensorType(SignedType(2), []))
    assert op.image_bytes == b"\xfe"
    check_round_trip(op)


def test_constants_refuse_other_values():
    with pytest.raises(ValueError, match=r"constant: 4 at index \[1\] is not a value"):
        ConstantOp.from_values(np.array([0, 4]), TensorType(UnipolarType(2), [2]))


@given(any_code)
def test_codes(code: Code):
    check_attribute(code)


@given(
    st.integers(1, 16),
    st.integers(1, 16),
    st.integers(0, 3),
    st.sampled_from(ORDERS),
    st.sampled_from(SKIPS),
    st.dictionaries(
        st.sampled_from(["chunk", "places", "table", "x_run"]),
        st.integers(0, 1 << 40) | st.sampled_from(["memory", "registers"]),
    ),
)
def test_schedules(
    pixels: int, vectors: int, unroll: int, order: str, skip: str, knobs: dict[str, int | str]
):
    check_attribute(ScheduleAttr.get(pixels, vectors, unroll, order, skip, **knobs))


scales = st.floats(0, width=32, exclude_min=True, allow_infinity=False)


def test_scales_written_as_bits():
    text = "%a = lowbit.quantize %x scale [0x49742410, 0x3F800000, 1] : (tensor<3xf32>)"
    parser = Parser(
        context(), f'%x = "test.op"() : () -> tensor<3xf32>\n{text} -> tensor<3x!lowbit.signed<4>>'
    )
    op = parser.parse_module().body.block.last_op
    assert isinstance(op, QuantizeOp)
    assert op.scale.get_values() == (1000001.0, 1.0, 1.0)


@example([1000001.0], "half_up")
@given(st.lists(scales, min_size=1, max_size=4), st.sampled_from(["half_up", "half_away"]))
def test_scales_keep_every_bit(scale: list[float], rounding: str):
    shape = [2, len(scale)]
    x = test_dialect.TestOp(result_types=[TensorType(f32, shape)])
    op = QuantizeOp.build_op(
        [x],
        [TensorType(SignedType(4), shape)],
        (),
        scale=floats(scale),
        axis=int_(1),
        round=StringAttr(rounding),
    )
    check_round_trip(x, op)
