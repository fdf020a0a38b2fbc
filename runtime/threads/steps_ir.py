"""LLVM IR of programs of steps: a function that runs one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lowering.targets.arch.architecture import Waiting
from runtime.threads import steps
from runtime.threads.protocol import PoolSlot
from runtime.threads.steps import WORD, Cell, Operand, Program, Step

_FUTEX_WAIT, _FUTEX_WAKE = 128, 129
"""Operations of the futex system call, on memory of one process."""


def _block(label: str) -> str:
    """The block of a label; registers and blocks share one space of names in LLVM IR."""
    return f".{label}"


class Function:
    """A function that runs a program.

    Each register is a stack slot, of which LLVM makes registers again.
    """

    def __init__(self, program: Program, waiting: Waiting):
        self._program, self.waiting = program, waiting
        self._lines: list[str] = []
        self.is_open = True
        """Whether the last block has no terminator yet."""
        self._count = 0
        self._addresses = {"pool", "call"} | {
            step.into
            for step in program
            if isinstance(step, steps.Address)
            or (isinstance(step, steps.Load | steps.ReadField) and step.is_address)
        }

    def text(self, head: str, result: str, arguments: tuple[str, ...]) -> str:
        """The function: `define` and `head`, returning `result`, with registers for arguments."""
        for step in self._program:
            _EMIT[type(step)](self, step, result)
        written = {getattr(step, "into", None) for step in self._program}
        registers = sorted({name for name in written if name} | set(arguments))
        entry = [f"%{name} = alloca {self._type(name)}" for name in registers]
        entry += ["%spins = alloca i64", "store i64 0, ptr %spins"]
        entry += [f"store ptr %{name}.0, ptr %{name}" for name in arguments]
        parameters = ", ".join(f"ptr %{name}.0" for name in arguments)
        body = "\n".join(f"  {line}" for line in [*entry, *self._lines])
        return f"define {head}({parameters}) nounwind {{\nentry:\n{body}\n}}\n"

    def _type(self, register: str) -> str:
        return "ptr" if register in self._addresses else "i64"

    def emit(self, line: str) -> None:
        """Append an instruction."""
        self._lines.append(line)

    def define(self, instruction: str) -> str:
        """Append an instruction; the name of its result."""
        self._count += 1
        self.emit(f"%v{self._count} = {instruction}")
        return f"%v{self._count}"

    def new_block(self) -> str:
        """The name of a block that is nowhere yet."""
        self._count += 1
        return f"b{self._count}"

    def begin(self, block: str) -> None:
        """Begin a block."""
        self.emit(f'"{block}":')
        self.is_open = True

    def end(self, terminator: str) -> None:
        """End a block where a label must follow."""
        self.emit(terminator)
        self.is_open = False

    def get(self, operand: Operand) -> str:
        """The value of a register or constant, without its type."""
        if isinstance(operand, int):
            return str(operand)
        return self.define(f"load {self._type(operand)}, ptr %{operand}")

    def set(self, register: str, value: str) -> None:
        """Store to a register."""
        self.emit(f"store {self._type(register)} {value}, ptr %{register}")

    def at(self, cell: Cell) -> str:
        """The address of a cell."""
        return self.define(f"getelementptr i64, ptr {self.get(cell.base)}, i64 {cell.word}")

    def narrow(self, operand: Operand, cell: Cell) -> str:
        """The value of an operand as wide as a cell."""
        value = self.get(operand)
        if cell.bits == 64 or isinstance(operand, int):
            return value
        return self.define(f"trunc i64 {value} to i{cell.bits}")

    def widen(self, value: str, cell: Cell) -> str:
        """A value as wide as a cell, in 64 bits."""
        return value if cell.bits == 64 else self.define(f"zext i{cell.bits} {value} to i64")

    def call_slot(self, slot: PoolSlot, result: str, arguments: str, function: str = "") -> str:
        """A call of the function whose address is in a slot of the pool."""
        callee = self.define(f"load ptr, ptr {self.at(Cell('pool', slot))}")
        return self.define(f"call {result} {function}{callee}({arguments})")

    def futex(self, cell: Cell, operation: int, value: str, rest: str = "") -> None:
        """The futex system call."""
        long = self.waiting.long
        number = self.waiting.futex
        arguments = f"{long} {number}, ptr {self.at(cell)}, i32 {operation}, i32 {value}{rest}"
        self.call_slot(PoolSlot.SYSCALL, long, arguments, f"({long}, ...) ")

    def pause_unless_tired(self, tired: str, target: str) -> None:
        """Pause and go to a block, or go to `tired` after many times in a row."""
        spins, spin = self.get("spins"), self.new_block()
        patient = self.define(f"icmp ult i64 {spins}, {self.waiting.spins}")
        self.emit(f'br i1 {patient}, label %"{spin}", label %"{tired}"')
        self.begin(spin)
        self.emit(self.waiting.pause)
        self.set("spins", self.define(f"add i64 {spins}, 1"))
        self.emit(f'br label %"{target}"')


def _label(f: Function, step: steps.Label, _: str) -> None:
    if f.is_open:
        f.emit(f'br label %"{_block(step.name)}"')
    f.begin(_block(step.name))


def _jump(f: Function, step: steps.Jump, _: str) -> None:
    f.end(f'br label %"{_block(step.target)}"')


def _if(f: Function, step: steps.If, _: str) -> None:
    relation = {"eq": "eq", "ne": "ne", "lt": "slt", "ge": "sge"}[step.relation]
    holds = f.define(f"icmp {relation} i64 {f.get(step.left)}, {f.get(step.right)}")
    otherwise = f.new_block()
    f.emit(f'br i1 {holds}, label %"{_block(step.target)}", label %"{otherwise}"')
    f.begin(otherwise)


def _compute(f: Function, step: steps.Compute, _: str) -> None:
    left, right = f.get(step.left), f.get(step.right)
    if step.op in ("min", "max"):
        value = f.define(f"call i64 @llvm.s{step.op}.i64(i64 {left}, i64 {right})")
    else:
        value = f.define(f"{step.op} i64 {left}, {right}")
    f.set(step.into, value)


def _address(f: Function, step: steps.Address, _: str) -> None:
    words = f.define(f"mul i64 {f.get(step.words)}, {step.scale}")
    f.set(step.into, f.define(f"getelementptr i64, ptr {f.get(step.base)}, i64 {words}"))


def _read_field(f: Function, step: steps.ReadField, _: str) -> None:
    type_ = "ptr" if step.is_address else f"i{step.field.bits}"
    value = f.define(f"load {type_}, ptr {f.at(step.field)}, align {WORD}")
    f.set(step.into, value)


def _load(f: Function, step: steps.Load, _: str) -> None:
    cell = step.cell
    if step.is_address:
        f.set(step.into, f.define(f"load atomic ptr, ptr {f.at(cell)} seq_cst, align {WORD}"))
        return
    bits = cell.bits
    value = f.define(f"load atomic i{bits}, ptr {f.at(cell)} seq_cst, align {bits // 8}")
    f.set(step.into, f.widen(value, cell))


def _store(f: Function, step: steps.Store, _: str) -> None:
    type_ = "ptr" if step.is_address else f"i{step.cell.bits}"
    value = f.narrow(step.value, step.cell)
    at = f.at(step.cell)
    f.emit(f"store atomic {type_} {value}, ptr {at} seq_cst, align {step.cell.bits // 8}")


def _fetch_add(f: Function, step: steps.FetchAdd, _: str) -> None:
    cell = step.cell
    value = f.narrow(step.value, cell)
    added = f"i{cell.bits} {value} seq_cst, align {cell.bits // 8}"
    f.set(step.into, f.widen(f.define(f"atomicrmw add ptr {f.at(cell)}, {added}"), cell))


def _exchange(f: Function, step: steps.Exchange, _: str) -> None:
    bits = step.cell.bits
    expected, value = f.narrow(step.expected, step.cell), f.narrow(step.value, step.cell)
    operands = f"i{bits} {expected}, i{bits} {value} seq_cst seq_cst, align {bits // 8}"
    pair = f.define(f"cmpxchg ptr {f.at(step.cell)}, {operands}")
    f.set(
        step.into,
        f.define(f"zext i1 {f.define(f'extractvalue {{ i{bits}, i1 }} {pair}, 1')} to i64"),
    )


def _spin(f: Function, step: steps.Spin, _: str) -> None:
    tired = f.new_block()
    f.pause_unless_tired(tired, _block(step.target))
    f.begin(tired)


def _relax(f: Function, step: steps.Relax, _: str) -> None:
    tired, after = f.new_block(), f.new_block()
    f.pause_unless_tired(tired, after)
    f.begin(tired)
    f.call_slot(PoolSlot.YIELD, "i32", "")
    f.emit(f'br label %"{after}"')
    f.begin(after)


def _reset_patience(f: Function, step: steps.ResetPatience, _: str) -> None:
    f.set("spins", "0")


def _futex_wait(f: Function, step: steps.FutexWait, _: str) -> None:
    f.futex(step.cell, _FUTEX_WAIT, f.narrow(step.expected, step.cell), ", ptr null")


def _futex_wake(f: Function, step: steps.FutexWake, _: str) -> None:
    f.futex(step.cell, _FUTEX_WAKE, f.narrow(step.count, step.cell))


def _run(f: Function, step: steps.Run, _: str) -> None:
    caller, *rest = (f.get(n) for n in (step.caller, step.function, step.buffers))
    low, high = f.get(step.low), f.get(step.high)
    f.emit(f"call void {caller}(ptr {rest[0]}, ptr {rest[1]}, i64 {low}, i64 {high})")


def _handle(f: Function, index: str) -> str:
    """The address of a worker's handle."""
    first = f.at(Cell("pool", PoolSlot.THREADS))
    return f.define(f"getelementptr i64, ptr {first}, i64 {f.get(index)}")


def _spawn(f: Function, step: steps.Spawn, _: str) -> None:
    """The thread inherits a mask that leaves all signals to the threads of Python."""
    pool, handle = f.get("pool"), _handle(f, step.index)
    error = f.define(f"call i32 @spawn(ptr {pool}, ptr {handle})")
    f.set(step.into, f.define(f"sext i32 {error} to i64"))


def _join(f: Function, step: steps.Join, _: str) -> None:
    long = f.waiting.long
    handle = f.define(f"load {long}, ptr {_handle(f, step.index)}")
    f.call_slot(PoolSlot.JOIN, "i32", f"{long} {handle}, ptr null")


def _return(f: Function, step: steps.Return, result: str) -> None:
    value = f.get(step.value)
    if result == "ptr":
        value = "null"
    elif not isinstance(step.value, int):
        value = f.define(f"trunc i64 {value} to {result}")
    f.end(f"ret {result} {value}")


_EMIT: Mapping[type[Step], Callable[[Function, Any, str], None]] = {
    steps.Label: _label,
    steps.Jump: _jump,
    steps.If: _if,
    steps.Compute: _compute,
    steps.Address: _address,
    steps.ReadField: _read_field,
    steps.Load: _load,
    steps.Store: _store,
    steps.FetchAdd: _fetch_add,
    steps.Exchange: _exchange,
    steps.Spin: _spin,
    steps.Relax: _relax,
    steps.ResetPatience: _reset_patience,
    steps.FutexWait: _futex_wait,
    steps.FutexWake: _futex_wake,
    steps.Run: _run,
    steps.Spawn: _spawn,
    steps.Join: _join,
    steps.Return: _return,
}
