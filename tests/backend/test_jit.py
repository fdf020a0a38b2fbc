"""Objects in memory: many at once, from many threads, and those that are none."""

import ctypes
import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from lowering.llvm.object import CompileError, compile_object
from lowering.targets import get_target
from runtime.jit import JitError, LoadedObject
from tests.backend.harness import llvm_ir


def plus(n: int, target: str = "host") -> bytes:
    text = f"""
func.func @f(%x: i64) -> i64 {{
  %n = arith.constant {n} : i64
  %y = arith.addi %x, %n : i64
  func.return %y : i64
}}"""
    return compile_object(llvm_ir(text, target), get_target(target))


def call(loaded: LoadedObject, x: int) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(loaded.address("f"))(x)


def test_objects_with_equal_symbols_live_side_by_side() -> None:
    loaded = [LoadedObject(plus(n), ["f"]) for n in range(5)]
    assert [call(each, 100) for each in loaded] == [100, 101, 102, 103, 104]
    del loaded[::2]
    gc.collect()
    assert [call(each, 100) for each in loaded] == [101, 103]


def test_objects_outlive_the_linkers_of_later_ones():
    """Some objects share a linker, which is freed with the last of them, in any order."""
    loaded = {n: LoadedObject(plus(n), ["f"]) for n in range(40)}
    for n in (*range(0, 40, 2), *range(39, 20, -2)):
        del loaded[n]
        LoadedObject(plus(n), ["f"])
        assert [call(loaded[k], 100) for k in loaded] == [100 + k for k in loaded]


def test_threads_compile_and_load_together() -> None:
    def one(n: int) -> int:
        return call(LoadedObject(plus(n), ["f"]), 1000)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(40))) == [1000 + n for n in range(40)]


def test_only_symbols_asked_for_have_addresses() -> None:
    loaded = LoadedObject(plus(1), ["f"])
    with pytest.raises(JitError, match="no symbol 'g' was looked up: expected one of f"):
        loaded.address("g")
    with pytest.raises(JitError, match="Symbols not found"):
        LoadedObject(plus(1), ["g"])


@pytest.mark.parametrize("keep", [0, 10, 63, 64, 200, -200, -64, -1])
def test_truncated_objects_are_refused(keep: int) -> None:
    data = plus(1)
    with pytest.raises(JitError):
        LoadedObject(data[:keep], ["f"])


def test_objects_of_other_machines_are_refused() -> None:
    foreign = "cortex-a53" if get_target("host").arch == "x86_64" else "x86-64"
    with pytest.raises(JitError, match="is for ELF machine"):
        LoadedObject(plus(1, foreign), ["f"])
    with pytest.raises(JitError, match="not a little-endian ELF file"):
        LoadedObject(b"MZ" + bytes(100), ["f"])


def test_bad_ir_is_an_exception() -> None:
    with pytest.raises(CompileError, match="LLVM rejects the module") as error:
        compile_object("define i32 @f() {\n  ret i64 0\n}", get_target("host"))
    assert "\n" not in str(error.value)
