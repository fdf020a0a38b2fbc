"""Modules of single operations, for the tests of executables."""

from __future__ import annotations

from runtime import Executable, compile

LAYOUT = "#lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>"


FRAMED = "#lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], frame = [1, 0, 0, 0]>"


def function(
    body: str, inputs: list[str], outputs: list[str], use_cache: bool = True
) -> Executable:
    """A function @main of tensors called %0, %1 .., its results written by `body`."""
    arguments = ", ".join(f"%a{i}: {t}" for i, t in enumerate(inputs))
    return compile(
        f"func.func @main({arguments}) -> ({', '.join(outputs)}) {{\n{body}\n}}",
        use_cache=use_cache,
    )


def identity(type_: str) -> Executable:
    """The function that copies its input."""
    return function(f"return %a0 : {type_}", [type_], [type_])


def matmul(m: int, k: int, n: int, x: str = "unipolar<2>", w: str = "bipolar<1>") -> Executable:
    """A matrix product with weights as an argument."""
    types = [f"tensor<{m}x{k}x!lowbit.{x}>", f"tensor<{k}x{n}x!lowbit.{w}>"]
    y = f"tensor<{m}x{n}xi32>"
    return function(
        f"%y = lowbit.matmul %a0, %a1 : ({', '.join(types)}) -> {y}\nreturn %y : {y}", types, [y]
    )


def packed_function() -> tuple[Executable, str]:
    """A copy of a packed tensor with a frame and a ragged tail."""
    type_ = f"tensor<3x11x!lowbit.signed<3>, {FRAMED}>"
    return identity(type_), type_
