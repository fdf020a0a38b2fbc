"""What compile takes for a module, and for its entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xdsl.utils.exceptions import ParseError, VerifyException

from runtime import compile


def test_the_entry():
    body = "(%x: tensor<1xi8>) -> tensor<1xi8> { return %x : tensor<1xi8> }"
    two = f"func.func @a{body} func.func @b{body}"
    assert compile(two, entry="b").signature.name == "b"
    assert compile(two + f" func.func @main{body}").signature.name == "main"
    assert compile(f"func.func @a{body}").signature.name == "a"
    with pytest.raises(ValueError, match="none is @main: choose one of @a, @b"):
        compile(two)
    with pytest.raises(ValueError, match="no function @c: the module has @a, @b"):
        compile(two, entry="c")
    for text in ("builtin.module {}", "func.func private @f(i32) -> i32"):
        with pytest.raises(ValueError, match="the module has no function with a body"):
            compile(text)


def test_modules_that_are_wrong(tmp_path):
    with pytest.raises(ParseError, match=r"Operation foo\.bar is not registered"):
        compile("foo.bar")
    type_ = "tensor<1x!lowbit.unipolar<1>>"
    wrong = f"func.func @f(%x: {type_}) -> {type_} {{\n  return\n}}"
    (tmp_path / "f.mlir").write_text(wrong)
    with pytest.raises(VerifyException, match=r"f\.mlir:2:3: 'func.return'"):
        compile(tmp_path / "f.mlir")
    with pytest.raises(OSError, match="No such file"):
        compile(tmp_path / "none.mlir")
    with pytest.raises(ValueError, match="unknown target 'q'"):
        compile(wrong, "q")
    for target in (None, 5, ["host"]):
        with pytest.raises(ValueError, match="target: expected a name, such as 'host'"):
            compile(wrong, target)  # pyright: ignore
    for module in (None, 5, b"text", ["text"]):
        with pytest.raises(ValueError, match="module: expected a ModuleOp, its text, or the path"):
            compile(module)  # pyright: ignore


def test_a_string_that_ends_in_mlir_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    type_ = "tensor<3xi32>"
    text = f"func.func @main(%x: {type_}) -> {type_} {{ func.return %x : {type_} }}"
    (tmp_path / "net.mlir").write_text(text)
    monkeypatch.chdir(tmp_path)
    x = np.arange(3, dtype=np.int32)
    path = tmp_path / "net.mlir"
    for given in ("net.mlir", str(path), path, Path("net.mlir"), text, f"// net.mlir\n{text}"):
        assert np.array_equal(compile(given)(x), x)
    with pytest.raises(FileNotFoundError, match=r"other\.mlir"):
        compile("other.mlir")
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        compile("model.onnx")
    (tmp_path / "bad.mlir").write_text("func.func @main(")
    with pytest.raises(ParseError, match=r"bad\.mlir:1"):
        compile("bad.mlir")


@pytest.mark.parametrize("given", [None, 3, b"func.func", ["net.mlir"]])
def test_what_is_no_module(given: Any):
    with pytest.raises(ValueError, match=r"module: expected a ModuleOp, .* got (NoneType|int|b|l)"):
        compile(given)
