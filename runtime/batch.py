"""Batches for functions that are compiled for one image: images spread over threads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runtime.signature import Signature
from runtime.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from runtime.executable import Executable


def run_batch(executable: Executable, inputs: Sequence[Any], num_threads: int) -> Any:
    """See `Executable.batch`."""
    signature = executable.signature
    _check(signature, inputs)
    arrays = [np.asarray(value) for value in inputs]
    count = _image_count(arrays)
    results = [np.empty((count, *spec.storage_shape[1:]), spec.dtype) for spec in signature.results]
    # Each thread takes a run of neighbouring images; run() takes a workspace that is free.
    bounds = np.linspace(0, count, min(num_threads, count) + 1).astype(int).tolist()

    errors: list[BaseException] = []

    def compute(low: int, high: int) -> None:
        try:
            for image in range(low, high):
                given = signature.to_storages([array[image : image + 1] for array in arrays])
                executable.run(given, [result[image : image + 1] for result in results])
        except BaseException as error:
            errors.append(error)

    # `concurrent.futures` has hooks at fork and at exit, which an import while the process forks
    # or ends would break.
    first, *others = pairwise(bounds)
    threads = [Thread(target=compute, args=run) for run in others]
    for thread in threads:
        thread.start()
    compute(*first)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    found = [_values(r, s) for r, s in zip(results, signature.results, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _check(signature: Signature, inputs: Sequence[Any]) -> None:
    """Refuse functions of anything but single images."""
    name = f"@{signature.name}"
    if signature.in_place:
        raise ValueError(f"{name} works on its arguments in place: it takes no batches")
    if len(inputs) != len(signature.arguments):
        raise ValueError(f"expected {len(signature.arguments)} inputs, got {len(inputs)}")
    for spec in (*signature.arguments, *signature.results):
        if not spec.storage_shape or spec.storage_shape[0] != 1 or spec.is_packed:
            raise ValueError(
                f"{name} takes and gives {spec.text}: batches need unpacked tensors whose first"
                " dimension is 1"
            )


def _image_count(arrays: Sequence[NDArray]) -> int:
    """How many images the inputs have, the same number for all."""
    counts = {array.shape[0] if array.ndim else 0 for array in arrays}
    if len(counts) != 1 or 0 in counts:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"a batch needs as many images of each input, at least one; got {shapes}")
    return counts.pop()


def _values(storage: NDArray, spec: TensorSpec) -> NDArray:
    """The values of the results of all images."""
    images = [spec.from_storage(storage[i : i + 1]) for i in range(len(storage))]
    return np.concatenate(images)  # pyright: ignore
