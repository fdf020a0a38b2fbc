"""The header: strict compilers take it, and its numbers and names are those of the library."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lowering.targets import Target, get_target
from runtime.aot.elf import defined_symbols
from runtime.aot.header import header_text
from runtime.tools import Command
from runtime.tools.c_tools import find_c_compiler, find_cxx_compiler
from tests.aot.conftest import DIGITS, PACKED, TENSORS, copies, library_of
from tests.tools import needed

SEVERAL = """\
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  return %x : tensor<4xi32>
}
func.func @other() -> tensor<2xf32> {
  %0 = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func @nothing(%x: tensor<4xi32>) {
  return
}
func.func private @hidden(%x: tensor<4xi32>) -> tensor<4xi32> {
  return %x : tensor<4xi32>
}
"""
MODULES = {
    "digits": DIGITS.read_text(),
    "kinds": copies(list(TENSORS)),
    "several": SEVERAL,
}
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(
    ("find", "language", "standard"),
    [(find_c_compiler, "c", "c99"), (find_cxx_compiler, "c++", "c++98")],
)
def test_strict_compilers_take_it(
    name: str, find: Callable[[Target], Command], language: str, standard: str, tmp_path: Path
):
    compiler = needed(lambda: find(get_target("host")))
    (tmp_path / f"{name}.h").write_text(header_text(library_of(MODULES[name], name)))
    main = tmp_path / "main.c"
    main.write_text(f'#include "{name}.h"\n#include "{name}.h"\nint main(void) {{ return 0; }}\n')
    # <stdint.h> is younger than C++98, and long long with it.
    options = ["-Wno-long-long"] if language == "c++" else []
    command = [*compiler, f"-std={standard}", *STRICT, *options, "-fsyntax-only", "-x", language]
    subprocess.run([*command, main], check=True)


def test_everything_that_it_declares_is_in_the_library():
    library = library_of(SEVERAL, "several", "cortex-a7")
    text = header_text(library)
    symbols = defined_symbols(library.object)
    assert sorted(symbols) == [
        *("several", "several_0_copy"),
        *("several_nothing", "several_nothing_workspace_bytes"),
        *("several_other", "several_other_0_copy", "several_other_workspace_bytes"),
        "several_workspace_bytes",
    ]
    for symbol in symbols:
        assert f" {symbol}(" in text or f"several_stage {symbol};" in text or "_0_" in symbol
    assert "void several(const int32_t *input0, int32_t *output0, void *workspace);" in text
    assert "void several_other(float *output0, void *workspace);" in text
    assert "several_other_stage several_other_0_copy;" in text
    assert "@other of several.mlir" in text


def test_numbers_of_the_digits_network():
    library = library_of(DIGITS.read_text(), "digits", "cortex-a53")
    text = header_text(library)
    for line in (
        "#define DIGITS_INPUT0_SHAPE {1, 8, 8, 1}",
        "#define DIGITS_INPUT0_ELEMENTS 64",
        "#define DIGITS_OUTPUT0_BYTES 40",
        f"#define DIGITS_WORKSPACE_BYTES {library.main.workspace_bytes}",
        "#define DIGITS_ALIGNMENT 64",
        '#define DIGITS_TARGET "cortex-a53"',
        "void digits(const uint8_t *input0, float *output0, void *workspace);",
        "size_t digits_workspace_bytes(void);",
    ):
        assert f"\n{line}\n" in text, line
    stages = library.main.signature.stages
    assert f"#define DIGITS_STAGE_COUNT {len(stages)}\n" in text
    rows = [f"STAGE({stage}, {extent})" for stage, extent in stages]
    assert f"#define DIGITS_STAGES(STAGE) \\\n    {f' {chr(92)}{chr(10)}    '.join(rows)}\n" in text
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize(
    ("type_", "says"),
    [
        ("tensor<4x!lowbit.unipolar<3>>", "a byte each: the value, 0 .. 7 (unipolar<3>)"),
        ("tensor<4x!lowbit.signed<3>>", "const int8_t *input0"),
        ("tensor<4x!lowbit.bipolar<2>>", "p in 0 .. 3 for the value 2 p - 3, odd numbers -3 .. 3"),
        ("tensor<4x!lowbit.codebook<1, [5, -2]>>", "number p, from 0, of the values 5, -2"),
        (PACKED, "3 x 20 elements of signed<3>, packed in 3 x 3 x 2 words of uint16_t"),
        (PACKED, "slowest first: bit plane, d0, d1 in words"),
        (PACKED, "Bit k of word w is that of element 16 w + k along d1"),
        ("tensor<4xi1>", "4 elements of uint8_t, each 0 or 1."),
        ("tensor<f64>", "a single element of double"),
    ],
)
def test_elements_are_described(type_: str, says: str):
    text = header_text(library_of(copies([type_]), "net"))
    assert says in " ".join(text.replace("\n *", " ").split())
