"""What has no place in LLVM's dialect is named."""

import pytest
from xdsl.utils.exceptions import PassFailedException

from tests.backend.harness import to_llvm

WRONG = {
    "dynamic shape": (
        "func.func @f(%m: memref<?xi32>) {\n  func.return\n}",
        "'func.func': memref<?xi32> has a dynamic shape",
    ),
    "tensor": (
        "func.func @f(%m: tensor<4xi32>) {\n  func.return\n}",
        "no value of type tensor<4xi32> can be lowered",
    ),
    "bits in memory": (
        "func.func @f(%m: memref<8xi1>) {\n  func.return\n}",
        "elements that are not whole bytes",
    ),
    "two results": (
        "func.func @f(%a: i32) -> (i32, i32) {\n  func.return %a, %a : i32, i32\n}",
        "returns 2 values",
    ),
    "compared vectors": (
        "func.func @f(%a: vector<4xi32>) -> i1 {\n"
        "  %x = arith.cmpi eq, %a, %a : vector<4xi32>\n  func.return %x : i1\n}",
        "'arith.cmpi': it makes a single i1 of vectors",
    ),
    "vector of rank 2": (
        "func.func @f(%a: vector<4x4xi32>) {\n  func.return\n}",
        "LLVM has no vector<4x4xi32>",
    ),
    "no conversion": (
        "func.func @f(%a: index) -> index {\n"
        "  %b = arith.floordivsi %a, %a : index\n  func.return %b : index\n}",
        "'arith.floordivsi': nothing lowers it to level llvm",
    ),
    "stride": (
        "func.func @f(%m: memref<4x4xi32, strided<[8, 2]>>, %i: index) {\n"
        "  %v = vector.load %m[%i, %i] : memref<4x4xi32, strided<[8, 2]>>, vector<4xi32>\n"
        "  func.return\n}",
        "an innermost stride of 1",
    ),
    "allocation": (
        "func.func @f() {\n  %m = memref.alloc() : memref<4xi32>\n  func.return\n}",
        "'memref.alloc': nothing lowers it to level llvm",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_converted_is_named(what: str) -> None:
    text, message = WRONG[what]
    with pytest.raises(PassFailedException) as raised:
        to_llvm(text, "host")
    assert message in str(raised.value)
