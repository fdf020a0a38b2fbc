"""A function of a linked program called on an emulated processor, its blocks counted.

Unicorn, which is QEMU's processors as a library, runs the program in memory of its own. Buffers end
at pages that do not exist, so an access beyond them stops the program, and begin behind bytes that
must be the same afterwards.

A *block* is what the emulator translates at once: instructions that follow each other up to a jump.
Counting blocks counts all instructions, since none in a block is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowering.targets import Target, arch
from lowering.targets.arch.architecture import InstructionCounter
from runtime.emulation.extra import require
from runtime.emulation.image import Image

PAGE = 4096
STACK_BYTES = 4 << 20
_BUFFERS, _STACK, _END = 0x1000_0000, 0x6000_0000, 0x7000_0000
"""Addresses, far from those of a linked program: the first buffer, the stack, and where the
function returns to."""
_FILL = 0xA5
"""A byte of memory that nobody wrote."""

BlockCounts = Mapping[tuple[int, int], int]
"""How often each block ran, by its address and its bytes."""


class EmulationError(RuntimeError):
    """The function did what it must not: the message says what and where."""


ARCHITECTURES: Mapping[str, InstructionCounter] = {
    a.name: a.counter for a in arch.ARCHITECTURES.values() if a.counter is not None
}
"""The architectures that can be emulated, by the architecture of a target."""


class Processor:
    """A program in the memory of an emulated processor.

    Raises:
        ToolMissingError: unicorn is not installed.
        ValueError: the target is of no architecture that can be emulated here.
    """

    def __init__(self, image: Image, target: Target):
        if target.arch not in ARCHITECTURES:
            raise ValueError(
                f"target {target.name} cannot be emulated: {' and '.join(ARCHITECTURES)} can"
            )
        require("unicorn")
        self.image, self._architecture = image, ARCHITECTURES[target.arch]
        self._uc, self._names = _machine(self._architecture, target.cpu)
        for segment in image.segments:
            self._map(segment.address, segment.size)
            self._uc.mem_write(segment.address, segment.data)
        self._map(_STACK - STACK_BYTES, STACK_BYTES)
        self._map(_END, PAGE)

    def call(self, function: str, buffers: Sequence[NDArray]) -> BlockCounts:
        """Call a function with the addresses of buffers; what it writes into them is written back.

        Raises:
            EmulationError: it read or wrote outside the buffers, or executed what the processor
                does not know.
        """
        address, places = _BUFFERS, []
        for buffer in buffers:
            pages = buffer.nbytes // PAGE + 1
            start = address + pages * PAGE - buffer.nbytes
            self._map(address, pages * PAGE)
            self._uc.mem_write(address, bytes([_FILL]) * (start - address))
            self._uc.mem_write(start, np.ascontiguousarray(buffer).tobytes())
            places.append((address, start))
            address += (pages + 1) * PAGE
        self._enter([start for _, start in places])
        counts = self._run(function)
        for buffer, (page, start) in zip(buffers, places, strict=True):
            if set(self._uc.mem_read(page, start - page)) - {_FILL}:
                raise EmulationError(f"{function} wrote to memory ahead of a buffer")
            data = np.frombuffer(self._uc.mem_read(start, buffer.nbytes), buffer.dtype)
            buffer[...] = data.reshape(buffer.shape)
            self._uc.mem_unmap(page, buffer.nbytes // PAGE * PAGE + PAGE)
        return counts

    def _map(self, address: int, size: int) -> None:
        """Make the pages around some bytes."""
        first = address // PAGE * PAGE
        self._uc.mem_map(first, -(-(address + size - first) // PAGE) * PAGE)

    def _register(self, name: str) -> int:
        return self._names[self._architecture.prefix + name]

    def _enter(self, arguments: Sequence[int]) -> None:
        """Put arguments where the calling convention wants them."""
        known, write = self._architecture, self._uc.reg_write
        for name, bits in known.setup:
            register = self._register(name)
            write(register, self._uc.reg_read(register) | bits)
        for name, value in zip(known.arguments, arguments, strict=False):
            write(self._register(name), value)
        rest = arguments[len(known.arguments) :]
        stack = _STACK - -(-len(rest) * known.word // known.alignment) * known.alignment
        for n, value in enumerate(rest):
            self._uc.mem_write(stack + n * known.word, value.to_bytes(known.word, "little"))
        write(self._register(known.stack), stack)
        write(self._register(known.link), _END)

    def _run(self, function: str) -> BlockCounts:
        from unicorn import UC_HOOK_BLOCK  # noqa: PLC0415  an extra
        from unicorn.unicorn import UcError  # noqa: PLC0415

        counts: Counter[tuple[int, int]] = Counter()

        def count(_: Any, address: int, size: int, __: Any) -> None:
            counts[address, size] += 1

        hook = self._uc.hook_add(UC_HOOK_BLOCK, count)
        try:
            self._uc.emu_start(self.image.functions[function].address, _END)
        except UcError as error:
            at = self._uc.reg_read(self._register("PC"))
            raise EmulationError(f"{function} stopped at {at:#x}: {error}") from None
        finally:
            self._uc.hook_del(hook)
        counts.pop((_END, 4), None)
        return dict(counts)


def _machine(known: InstructionCounter, cpu: str) -> tuple[Any, Mapping[str, int]]:
    """An emulated processor, and unicorn's numbers of its registers."""
    import unicorn  # noqa: PLC0415  an extra
    from unicorn import arm64_const, arm_const  # noqa: PLC0415
    from unicorn.unicorn import Uc  # noqa: PLC0415

    constants = {"ARM64": arm64_const, "ARM": arm_const}[known.name]
    machine = Uc(getattr(unicorn, f"UC_ARCH_{known.name}"), unicorn.UC_MODE_ARM)
    machine.ctl_set_cpu_model(getattr(constants, known.model(cpu)))
    return machine, vars(constants)
