"""A compiled function, called with numpy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.cached_property import cached_property
from runtime.arrays import share_memory
from runtime.batch import run_batch
from runtime.jit import LoadedObject
from runtime.signature import Signature
from runtime.tensor_spec import TensorSpec
from runtime.threads.pool import SharedStages, thread_pool


def thread_count(value: Any) -> int:
    """The number of threads asked for.

    Raises:
        ValueError: it is no positive integer.
    """
    try:
        count = index(value)
    except TypeError:
        count = 0
    if count < 1:
        raise ValueError(f"num_threads must be an integer of at least 1, got {value!r}")
    return count


class Executable:
    """One function of a compiled module; call it with an array for each input.

    Calls from several threads at once are safe: each gets a workspace of its own. The GIL is
    released while the function runs.
    """

    def __init__(self, signature: Signature, loaded: LoadedObject, target: str):
        self.signature, self.target = signature, target
        self._loaded = loaded
        count = len(signature.arguments) + len(signature.results) + signature.takes_workspace
        self._function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * count)(
            loaded.address(signature.name)
        )
        self._buffer_count = count
        self._workspaces: list[NDArray[np.uint8]] = []

    def __call__(self, *inputs: Any, out: Any = None, num_threads: int = 1) -> Any:
        """Run the function.

        Args:
            inputs: an array for each input: integers for low-bit tensors (values, not bits), or
                for packed ones a `PackedArray` or its words; anything that numpy, DLPack or the
                buffer protocol can read. An array that lies in memory as the function reads it is
                not copied: contiguous, of one byte an element, unipolar or signed.
            out: an array for the output (a sequence where there are several), of the shape and
                dtype that the function gives without it. It may overlap the inputs, though not
                another output, and need not be contiguous. Where an error is raised before the
                function runs, it keeps its values.
            num_threads: how many threads share each stage. The threads serve one call at a time;
                a call that finds them busy runs on its own thread alone.

        A function of memrefs takes contiguous numpy arrays of their shapes and dtypes, which it
        changes in place, and returns None.

        Returns:
            `out` where it is given; otherwise the output, or a tuple where there are several: an
            array of integers or floats, or a `PackedArray` where the tensor is packed.

        Raises:
            ValueError: an argument does not fit; the message names it and says what is allowed.
        """
        threads = thread_count(num_threads)
        if self.signature.in_place:
            self._call_in_place(inputs, out)
            return None
        storages = self.signature.to_storages(inputs)
        if out is not None:
            self._call_into(storages, out, threads)
            return out
        buffers = [spec.new_storage() for spec in self.signature.results]
        self.run(storages, buffers, threads)
        return self.signature.from_storages(buffers)

    def batch(self, *inputs: Any, num_threads: int = 1) -> Any:
        """Run the function once for each image of a batch.

        Args:
            inputs: an array for each input, whose first dimension counts the images; that of the
                function's own inputs and results is 1.
            num_threads: how many images are computed at the same time, each with a workspace of its
                own.

        Returns:
            The results as of a call, those of all images joined along the first dimension.

        Raises:
            ValueError: an argument does not fit, or the function takes or gives no single images.
        """
        return run_batch(self, inputs, thread_count(num_threads))

    def run(
        self,
        inputs: Sequence[NDArray],
        outputs: Sequence[NDArray],
        num_threads: int = 1,
        workspace: NDArray | None = None,
    ) -> None:
        """Run on buffers that lie in memory as `Signature` says, without any check.

        Each array is contiguous, aligned to its elements, of the `storage_shape` and `dtype` of its
        `TensorSpec`, and overlaps no output. Anything else reads or writes foreign memory. A
        workspace given here is zeroed before its first use, stays where it is, at any address, and
        belongs to this call alone while it runs.
        """
        if not self.signature.takes_workspace:
            self._function(*_addresses([*inputs]))
            return
        own = self._take_workspace() if workspace is None else workspace
        try:
            self._run_at(_addresses([*inputs, *outputs, own]), num_threads)
        finally:
            if workspace is None:
                self._workspaces.append(own)

    def bind(
        self, inputs: Sequence[NDArray], outputs: Sequence[NDArray], num_threads: int = 1
    ) -> Callable[[], None]:
        """A call of no arguments that runs on these buffers, as `run` wants them.

        For loops over fixed buffers: nothing is left of the call but the call. The buffers and a
        workspace of its own stay alive with it.
        """
        arrays = [*inputs, *outputs]
        if self.signature.takes_workspace:
            arrays.append(self._take_workspace())
        pointers = _addresses(arrays)
        if num_threads == 1 or not self.signature.stages:
            call = partial(self._function, *map(ctypes.c_void_p, pointers))
        else:
            call = partial(self._run_at, pointers, num_threads)
        call.__dict__["keep"] = (arrays, self)
        return call

    def entry_points(self) -> list[tuple[str, int, int]]:
        """The stages in the order in which they run: symbol, number of parts, address.

        A stage takes the addresses of all inputs, results and of a workspace, and a range of parts
        as two integers of the size of an address.
        """
        address = self._loaded.address
        return [(name, parts, address(name)) for name, parts in self.signature.stages]

    def _run_at(self, pointers: list[int], num_threads: int) -> None:
        if num_threads > 1 and self.signature.stages:
            pool = thread_pool()
            if pool is not None and pool.run(self._shared_stages, pointers, num_threads):
                return
        self._function(*pointers)

    @cached_property
    def _shared_stages(self) -> SharedStages:
        stages = [(address, parts) for _, parts, address in self.entry_points()]
        return SharedStages(stages, self._buffer_count)

    def _call_in_place(self, arrays: Sequence[Any], out: Any) -> None:
        """Run a function of memrefs on arrays that it may change."""
        specs, name = self.signature.arguments, self.signature.name
        if out is not None:
            raise ValueError(f"out: @{name} works on its arguments in place and returns nothing")
        if len(arrays) != len(specs):
            raise ValueError(f"expected {len(specs)} inputs, got {len(arrays)}")
        targets: list[NDArray] = []
        for i, (spec, value) in enumerate(zip(specs, arrays, strict=True)):
            target = spec.writable(value, f"input {i}")
            if not _can_be_written_to(target, spec):
                raise ValueError(
                    f"input {i}: @{name} works on it in place, so it must be contiguous and aligned"
                )
            for k, other in enumerate(targets):
                if share_memory(target, other):
                    raise ValueError(f"input {i}: shares memory with input {k}; each needs its own")
            targets.append(target)
        self.run(targets, [])

    def _call_into(self, inputs: list[NDArray], out: Any, num_threads: int) -> None:
        """Run and leave the results in the arrays of `out`."""
        specs = self.signature.results
        given = [out]
        if len(specs) != 1:
            if not isinstance(out, list | tuple) or len(out) != len(specs):
                count = len(out) if isinstance(out, list | tuple) else type(out).__name__
                raise ValueError(f"out: expected a list of {len(specs)} arrays, got {count}")
            given = list(out)
        targets = [
            spec.writable(value, f"out {i}")
            for i, (spec, value) in enumerate(zip(specs, given, strict=True))
        ]
        for (i, first), (k, second) in combinations(enumerate(targets), 2):
            if share_memory(first, second):
                raise ValueError(f"out {k}: shares memory with out {i}; each needs its own")
        buffers: list[NDArray] = []
        for target, spec in zip(targets, specs, strict=True):
            direct = _can_be_written_to(target, spec) and not any(
                np.may_share_memory(target, other) for other in (*inputs, *buffers)
            )
            buffers.append(target if direct else spec.new_storage())
        self.run(inputs, buffers, num_threads)
        for target, buffer, spec in zip(targets, buffers, specs, strict=True):
            if target is not buffer:
                value = spec.from_storage(buffer)
                target[...] = value if isinstance(value, np.ndarray) else value.words

    def _take_workspace(self) -> NDArray[np.uint8]:
        try:
            return self._workspaces.pop()
        except IndexError:
            return np.zeros(self.signature.workspace, np.uint8)


def _addresses(arrays: Sequence[NDArray]) -> list[int]:
    return [array.__array_interface__["data"][0] for array in arrays]


def _can_be_written_to(array: NDArray, spec: TensorSpec) -> bool:
    flags = array.flags
    return spec.is_direct and flags.c_contiguous and flags.aligned
