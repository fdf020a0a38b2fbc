"""A compiled function, called with numpy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.interpreters.values import PackedArray
from lowbit_dialect.layout import byte_count
from runtime.jit import LoadedObject
from runtime.signature import Signature, from_storage, output_storage, to_storage, value_dtype
from runtime.threads import run_in_parallel

ALIGNMENT = 64


class Executable:
    """One function of a compiled module; call it with an array for each input.

    Calls from several threads at once are safe: each gets a workspace of its own. The GIL is
    released while the function runs.
    """

    def __init__(self, signature: Signature, loaded: LoadedObject, target: str):
        self.signature, self.target = signature, target
        self._loaded = loaded
        count = len(signature.inputs) + len(signature.outputs) + 1
        self._function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * count)(
            loaded.address(signature.name)
        )
        stage_type = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * count, *[ctypes.c_ssize_t] * 2)
        self._stages = [
            (stage_type(loaded.address(name)), extent) for name, extent in signature.stages
        ]
        self._workspaces: list[NDArray[np.uint8]] = []

    def __call__(
        self, *inputs: Any, out: Any = None, num_threads: int = 1
    ) -> NDArray | PackedArray | tuple[NDArray | PackedArray, ...]:
        """Run the function.

        Args:
            inputs: an array for each input: integers for low-bit tensors (values, not bits), or
                for packed ones a `PackedArray` or its words; anything that numpy, DLPack or the
                buffer protocol can read.
            out: an array for the output (a sequence where there are several), of the shape and
                dtype that the function gives.
            num_threads: how many threads share each stage.

        Returns:
            The output, or a tuple where there are several.

        Raises:
            ValueError: an argument does not fit; the message names it and says what is allowed.
        """
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, got {num_threads}")
        types = self.signature.inputs
        if len(inputs) != len(types):
            raise ValueError(f"expected {len(types)} inputs, got {len(inputs)}")
        storages = [
            to_storage(value, type_, f"input {i}")
            for i, (value, type_) in enumerate(zip(inputs, types, strict=True))
        ]
        results = self._output_arrays(out)
        self.run(storages, results, num_threads)
        values = tuple(
            from_storage(storage, type_)
            for storage, type_ in zip(results, self.signature.outputs, strict=True)
        )
        if out is not None:
            targets = [out] if len(values) == 1 else list(out)
            for target, value, storage in zip(targets, values, results, strict=True):
                array = target.words if isinstance(target, PackedArray) else target
                if array is not storage:
                    array[...] = value.words if isinstance(value, PackedArray) else value
            return out
        return values[0] if len(values) == 1 else values

    def run(
        self, inputs: Sequence[NDArray], outputs: Sequence[NDArray], num_threads: int = 1
    ) -> None:
        """Run on buffers that lie in memory as `Signature` says, without any check."""
        workspace = self._take_workspace()
        try:
            pointers = [a.ctypes.data for a in (*inputs, *outputs, workspace)]
            if num_threads == 1:
                self._function(*pointers)
            else:
                for stage, extent in self._stages:
                    run_in_parallel(
                        lambda low, high, stage=stage: stage(*pointers, low, high),
                        extent,
                        num_threads,
                    )
        finally:
            self._workspaces.append(workspace)

    def _take_workspace(self) -> NDArray[np.uint8]:
        try:
            return self._workspaces.pop()
        except IndexError:
            raw = np.zeros(self.signature.workspace + ALIGNMENT, np.uint8)
            return raw[-raw.ctypes.data % ALIGNMENT :]

    def _output_arrays(self, out: Any) -> list[NDArray]:
        """The buffers that the function writes: those of `out` where they lie as they should."""
        types = self.signature.outputs
        if out is None:
            return [output_storage(t) for t in types]
        given = [out] if len(types) == 1 else list(out)
        if len(given) != len(types):
            raise ValueError(f"out: expected {len(types)} arrays, got {len(given)}")
        buffers = []
        for i, (array, type_) in enumerate(zip(given, types, strict=True)):
            buffer = output_storage(type_)
            words = array.words if isinstance(array, PackedArray) else array
            is_packed = isinstance(from_storage(buffer, type_), PackedArray)
            dtype = buffer.dtype if is_packed else value_dtype(type_.element_type)
            if not isinstance(words, np.ndarray) or (words.shape, words.dtype) != (
                buffer.shape,
                dtype,
            ):
                found = getattr(words, "dtype", type(words).__name__)
                raise ValueError(
                    f"out {i}: expected {dtype} of shape {list(buffer.shape)},"
                    f" got {found} of shape {list(getattr(words, 'shape', ()))}"
                )
            if not words.flags.writeable:
                raise ValueError(f"out {i}: the array is read-only")
            fits = words.flags.c_contiguous and words.dtype == buffer.dtype
            direct = fits and words.nbytes == byte_count(type_)
            buffers.append(words if direct else buffer)
        return buffers
