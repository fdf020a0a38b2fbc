"""Run `lowbit-opt` in this process, with a few passes that misbehave."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.passes import ModulePass

from lowering.opt_main import main
from lowering.support.diagnostics import fail
from lowering.support.statistics import record
from lowering.tools.lowbit_opt import LowbitOptMain


@dataclass(frozen=True)
class CrashPass(ModulePass):
    """Raises what no pass should."""

    name = "test-crash"
    text: str = "boom"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise KeyError(self.text)


@dataclass(frozen=True)
class RefusePass(ModulePass):
    """Refuses the first function."""

    name = "test-refuse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fail(next(o for o in op.walk() if isinstance(o, FuncOp)), "no functions\nplease")


@dataclass(frozen=True)
class BreakPass(ModulePass):
    """Leaves a module that does not verify."""

    name = "test-break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.walk():
            if isinstance(inner, ReturnOp):
                inner.operands = []


@dataclass(frozen=True)
class CountPass(ModulePass):
    """Counts to `n`."""

    name = "test-count"
    n: int = 3

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        record(self.name, "counted", self.n)
        record("test-inner", "also counted", 1)


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def first(self) -> str:
        """The first line on stderr."""
        return self.err.splitlines()[0]


@pytest.fixture
def opt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    register = LowbitOptMain.register_all_passes

    def register_all(self: LowbitOptMain) -> None:
        register(self)
        for cls in (CrashPass, RefusePass, BreakPass, CountPass):
            self.register_pass(cls.name, lambda cls=cls: cls)

    monkeypatch.setattr(LowbitOptMain, "register_all_passes", register_all)

    def run(*args: object) -> Result:
        code = main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run
