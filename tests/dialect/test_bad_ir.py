"""Bad IR is a diagnostic: whatever is wrong, nothing but xDSL's own errors comes out.

The messages are asserted in lit_tests/lowbit; here the point is that there is no other exception,
for mutations of good IR and for every operation on operands that it does not expect.
"""

import io
import re
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_assembly import context
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, ParseError, VerifyException

from tests.sweep import some

CONTEXT = context()

GOOD = """
func.func @f(%x: tensor<1x8x8x16x!lowbit.unipolar<2>>, %w: tensor<32x3x3x16x!lowbit.bipolar<1>>,
    %t: tensor<32x3xi32>, %o: tensor<32xi32>, %m: tensor<8x70x!lowbit.signed<4>>,
    %k: tensor<70x9x!lowbit.unipolar<1>>, %y: tensor<3x4xf32>) {
  %c0 = lowbit.constant [1, -1, 1, 1] : tensor<2x2x!lowbit.bipolar<1>>
  %c1 = lowbit.constant "0xff01" : tensor<9x!lowbit.bipolar<1>, #lowbit.packed<axis = 0, word = i16, order = [p, 0]>>
  %c2 = lowbit.constant [9, 4] : tensor<2x!lowbit.codebook<1, [9, 4]>>
  %q = lowbit.quantize %y scale [0.5, 1.0, 2.0] axis 0 round half_up : (tensor<3x4xf32>) -> tensor<3x4x!lowbit.signed<4>>
  %d = lowbit.dequantize %q scale [0.5] : (tensor<3x4x!lowbit.signed<4>>) -> tensor<3x4xf32>
  %s = lowbit.add %q, %q : (tensor<3x4x!lowbit.signed<4>>, tensor<3x4x!lowbit.signed<4>>) -> tensor<3x4xi32>
  %v = lowbit.conv2d %x, %w strides [2, 1] padding [1, 1, 1, 1] dilation [1, 1] groups 1 layout nhwc : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x4x8x32xi32>
  %g0 = lowbit.fused_glue %v, %t form threshold axis 3 : (tensor<1x4x8x32xi32>, tensor<32x3xi32>) -> tensor<1x4x8x32x!lowbit.unipolar<2>>
  %g1 = lowbit.fused_glue %v, %o, %o form shift lo 0 hi 3 : (tensor<1x4x8x32xi32>, tensor<32xi32>, tensor<32xi32>) -> tensor<1x4x8x32x!lowbit.unipolar<2>>
  %p = lowbit.max_pool2d %x kernel [3, 3] strides [2, 2] padding [1, 1, 1, 1] : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  %r = lowbit.matmul %m, %k : (tensor<8x70x!lowbit.signed<4>>, tensor<70x9x!lowbit.unipolar<1>>) -> tensor<8x9xi32>
  %mp = lowbit.bitpack %m : (tensor<8x70x!lowbit.signed<4>>) -> tensor<8x70x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>
  %kp = lowbit.bitpack %k : (tensor<70x9x!lowbit.unipolar<1>>) -> tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>
  %rb = lowbit.bitserial_gemm %mp, %kp : (tensor<8x70x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>, tensor<70x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 4]>>) -> tensor<8x9xi32>
  %u = lowbit.unpack %mp : (tensor<8x70x!lowbit.signed<4>, #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>>) -> tensor<8x70x!lowbit.signed<4>>
  %xp = lowbit.bitpack %x : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
  %wp = lowbit.bitpack %w : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>
  %c = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 8] padding [1, 1, 1, 1] : (tensor<32x3x3x16x!lowbit.bipolar<1>>) -> tensor<1x1x32xi32>
  %vb = lowbit.bitserial_conv %xp, %wp, %c padding [1, 1, 1, 1] schedule #lowbit.schedule<tile = 4x2, unroll = 1, order = rows> : (tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>, tensor<32x3x3x16x!lowbit.bipolar<1>, #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>>, tensor<1x1x32xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>> epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    %g = lowbit.fused_glue %acc, %t form threshold : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
    lowbit.yield %g : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> ()
  }
  func.return
}
"""  # noqa: E501


def outcome(text: str) -> str:
    """`good` for a module that verifies and survives printing, `refused` where that is said."""
    try:
        module = Parser(CONTEXT, text).parse_module()
        module.verify()
    except (ParseError, VerifyException, DiagnosticException):
        return "refused"
    stream = io.StringIO()
    Printer(stream).print_op(module)
    again = Parser(CONTEXT, stream.getvalue()).parse_module()
    again.verify()
    assert again.is_structurally_equivalent(module)
    return "good"


def generic(text: str) -> str:
    stream = io.StringIO()
    Printer(stream, print_generic_format=True).print_op(Parser(CONTEXT, text).parse_module())
    return stream.getvalue()


GENERIC = generic(GOOD)

NUMBERS = ["0", "-1", "3", "7", "2147483647", "9223372036854775807", "1" * 40, "1.5", "true", "x"]
WORDS = ["lowbit.add", "unipolar", "signed", "nchw", "order", "schedule", "padding", "half_even"]
PIECES = ["", "[]", "?", "*", "i8", "f32", "tensor<4xi32>", "!lowbit.codebook<1, [1, 2]>", "#x"]

TOKENS = re.compile(r'-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[A-Za-z_][\w.]*|"[^"]*"|[^\s\w]')


def spans(text: str, kind: str) -> list[tuple[int, int]]:
    """Where the tokens of a kind stand in lines of lowbit operations, in either syntax.

    Other lines are left alone: what xDSL makes of a function without a type is not our concern.
    """
    found = []
    start = 0
    for line in text.splitlines(keepends=True):
        if re.search(r'= "?lowbit\.', line):
            tokens = TOKENS.finditer(text, start, start + len(line))
            found += [m.span() for m in tokens if re.match(kind, m[0])]
        start += len(line)
    return found


def test_the_example_is_good():
    assert outcome(GOOD) == outcome(GENERIC) == "good"


@st.composite
def mutations(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from([GOOD, GENERIC]))
    kind, replacements = draw(
        st.sampled_from([(r"-?\d", NUMBERS), (r"[A-Za-z]", WORDS), (r".", PIECES)])
    )
    start, end = draw(st.sampled_from(spans(text, kind)))
    return text[:start] + draw(st.sampled_from(replacements)) + text[end:]


@given(mutations())
@example(GOOD.replace("order = [p, 0]", "order = []"))
@example(GOOD.replace("1x8x8x16x!lowbit.unipolar<2>>,", "!lowbit.unipolar<2>>,"))
def test_mutations(text: str):
    assert outcome(text) in ("good", "refused")


CONV = {
    "strides": "array<i64: 1, 1>",
    "padding": "array<i64: 0, 0, 0, 0>",
    "dilation": "array<i64: 1, 1>",
    "groups": "1 : i64",
    "layout": '"nhwc"',
}
OPERATIONS = {
    "add": {},
    "bitpack": {},
    "bitserial_conv": CONV,
    "bitserial_gemm": {},
    "constant": {"image": "array<i8: 1, 2, 3>"},
    "conv2d": CONV,
    "correction": {"x_code": "!lowbit.unipolar<2>", "image": "array<i64: 8, 8>", **CONV},
    "dequantize": {"scale": "array<f32: 1.0>", "axis": "-1 : i64"},
    "fused_glue": {"form": '"threshold"', "axis": "-1 : i64"},
    "matmul": {},
    "max_pool2d": {
        "kernel": "array<i64: 2, 2>",
        "strides": "array<i64: 2, 2>",
        "padding": "array<i64: 0, 0, 0, 0>",
        "layout": '"nhwc"',
    },
    "quantize": {"scale": "array<f32: 1.0>", "axis": "-1 : i64", "round": '"half_up"'},
    "unpack": {},
    "yield": {},
}
"""Properties, in the generic form, of each operation."""

TYPES = [
    "tensor<!lowbit.unipolar<2>>",
    "tensor<4x4x!lowbit.unipolar<2>>",
    "tensor<1x4x4x4x!lowbit.bipolar<1>>",
    "tensor<?x4x!lowbit.unipolar<2>>",
    "tensor<0x4x4x4x!lowbit.unipolar<2>>",
    "tensor<*x!lowbit.unipolar<2>>",
    f"tensor<{'9' * 40}x4x4x4x!lowbit.unipolar<2>>",
    "tensor<4x4x!lowbit.unipolar<2>, 3 : i32>",
    "tensor<4x4x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i8, order = [p, 0]>>",
    "tensor<1x4x4x4x!lowbit.codebook<1, [5, 9]>,"
    " #lowbit.packed<axis = 3, word = i8, order = [0, 1, p, 3, 2]>>",
    "tensor<4x4xi32, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>",
    "tensor<4x4xf32>",
    "tensor<1x4x4x4xi32>",
    "memref<4x4x!lowbit.unipolar<2>>",
    "!lowbit.unipolar<2>",
    "i32",
]


def generic_op(name: str, properties: dict[str, str], operands: list[str], results: int) -> str:
    """A module of one operation, all of whose operands and results have these types."""
    arguments = ", ".join(f"%a{i}: {t}" for i, t in enumerate(operands))
    uses = ", ".join(f"%a{i}" for i in range(len(operands)))
    types = ", ".join(operands)
    given_ = ", ".join(f"{key} = {value}" for key, value in properties.items())
    region = " ({})" if name.startswith("bitserial") else ""
    outs = ", ".join(operands[:1] * results or ["tensor<4xi32>"] * results)
    prefix = f"%r:{results} = " if results else ""
    return (
        f"func.func @f({arguments}) {{\n"
        f'  {prefix}"lowbit.{name}"({uses}) <{{{given_}}}>{region} : ({types}) -> ({outs})\n'
        "  func.return\n}"
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_unexpected_operands(name: str):
    for _, (type_, operands, results) in some([*product(TYPES, range(5), range(3))], len(name)):
        outcome(generic_op(name, OPERATIONS[name], [type_] * operands, results))
    for _, (first, second) in some([*product(TYPES, TYPES)], len(name)):
        outcome(generic_op(name, OPERATIONS[name], [first, second], 1))


WRONG = [
    "array<f32: 1.0, 1.0>",
    "array<i8: 1, 1>",
    "array<i64>",
    "array<i64: -1, 9223372036854775807>",
    "dense<1> : tensor<2xi64>",
    "-1 : i64",
    "1 : i8",
    "1.0 : f32",
    '"foo"',
    "unit",
    "[1, 2]",
    "!lowbit.codebook<1, [1, 2]>",
]


@pytest.mark.parametrize("name", [name for name, given_ in OPERATIONS.items() if given_])
def test_unexpected_properties(name: str):
    type_ = "tensor<3x4xf32>" if name == "quantize" else "tensor<4x4x4x4x!lowbit.unipolar<2>>"
    operands = [type_] * (name != "constant") + [type_] * (name in ("conv2d", "bitserial_conv"))
    for key, value in product(OPERATIONS[name], [*WRONG, None]):
        properties = dict(OPERATIONS[name])
        if value is None:
            del properties[key]
        else:
            properties[key] = value
        outcome(generic_op(name, properties, operands, 1))
