"""Steps of a protocol between threads, as data.

A program is a tuple of steps. `thread_pool_ir` makes LLVM IR of it, and the checker of the tests
explores every interleaving of several programs; neither knows more of a program than its steps.

Registers are named and belong to one thread; they hold integers of 64 bits or addresses. A cell is
a word of shared memory: a register with its base address (`pool` or `call` are set at the start)
and a number of words. Every access of a cell is atomic and sequentially consistent. A field is a
word that no thread writes while others may read it, and is read without any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Operand: TypeAlias = str | int
"""The name of a register, or a constant."""

WORD = 8
"""Bytes from one word to the next; a word holds an i64, an address, or an i32 at its start."""

ALL = (1 << 31) - 1
"""The number of threads that wakes all of them."""


@dataclass(frozen=True)
class Cell:
    """A word of shared memory, `word` words behind the address in the register `base`."""

    base: str
    word: int
    bits: Literal[32, 64] = 64


@dataclass(frozen=True)
class Label:
    """A place that other steps jump to."""

    name: str


@dataclass(frozen=True)
class Jump:
    """Go on at a label."""

    target: str


@dataclass(frozen=True)
class If:
    """Go on at a label where `left` relates to `right`, both signed; otherwise at the next step."""

    left: Operand
    relation: Literal["eq", "ne", "lt", "ge"]
    right: Operand
    target: str


@dataclass(frozen=True)
class Compute:
    """`into = left op right`, in 64 bits."""

    into: str
    left: Operand
    op: Literal["add", "sub", "mul", "lshr", "min", "max"]
    right: Operand


@dataclass(frozen=True)
class Address:
    """`into` is the address `words * scale` words behind the one in `base`."""

    into: str
    base: str
    words: Operand
    scale: int = 1


@dataclass(frozen=True)
class ReadField:
    """Read a field: an integer, or an address."""

    into: str
    field: Cell
    is_address: bool = False


@dataclass(frozen=True)
class Load:
    """Load a cell."""

    into: str
    cell: Cell
    is_address: bool = False


@dataclass(frozen=True)
class Store:
    """Store to a cell."""

    cell: Cell
    value: Operand
    is_address: bool = False


@dataclass(frozen=True)
class FetchAdd:
    """Add to a cell; `into` is what it held before."""

    into: str
    cell: Cell
    value: Operand


@dataclass(frozen=True)
class Exchange:
    """Store `value` where the cell holds `expected`; `into` is 1 where it did, and otherwise 0."""

    into: str
    cell: Cell
    expected: Operand
    value: Operand


@dataclass(frozen=True)
class Spin:
    """Pause and go back to a label, until the thread has paused long enough: then the next step."""

    target: str


@dataclass(frozen=True)
class Relax:
    """Pause; after many times in a row, leave the core to other threads."""


@dataclass(frozen=True)
class ResetPatience:
    """Let `Spin` and `Relax` count their pauses from zero."""


@dataclass(frozen=True)
class FutexWait:
    """Sleep while the cell of 32 bits holds `expected`, until a wake-up or for no reason."""

    cell: Cell
    expected: Operand


@dataclass(frozen=True)
class FutexWake:
    """Wake up to `count` of the threads that sleep on a cell of 32 bits."""

    cell: Cell
    count: Operand


@dataclass(frozen=True)
class Run:
    """Run the elements `low` to `high` of a stage."""

    caller: str
    function: str
    buffers: str
    low: str
    high: str


@dataclass(frozen=True)
class Spawn:
    """Start a thread that works for the pool, and note it as worker number `index`.

    `into` is 0, or the error for which there is no thread.
    """

    into: str
    index: str


@dataclass(frozen=True)
class Join:
    """Wait until worker number `index` has returned."""

    index: str


@dataclass(frozen=True)
class Return:
    """Return from the program."""

    value: Operand = 0


Step: TypeAlias = (
    Label
    | Jump
    | If
    | Compute
    | Address
    | ReadField
    | Load
    | Store
    | FetchAdd
    | Exchange
    | Spin
    | Relax
    | ResetPatience
    | FutexWait
    | FutexWake
    | Run
    | Spawn
    | Join
    | Return
)

Program: TypeAlias = tuple[Step, ...]
