"""A C program that runs a function of a library on files of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runtime.aot.c_types import CBuffer, buffers_of, parameters_of
from runtime.aot.library import VERSION, Library
from runtime.aot.names import workspace_query
from runtime.aot.templates import fill


def example_text(library: Library, compiler: str) -> str:
    """The program for the library's main function; `compiler` builds it, for its comments."""
    function = library.main
    inputs, outputs = buffers_of(function.signature)
    buffers = parameters_of(function.signature)
    arguments = _pointers("npy_inputs", inputs)
    if not function.signature.in_place:
        arguments += _pointers("npy_outputs", outputs)
    if function.signature.takes_workspace:
        arguments.append("workspace")
    upper = function.name.upper()
    return fill(
        "example.c.in",
        library=library.name,
        upper=library.name.upper(),
        function=function.name,
        upper_function=upper,
        query=workspace_query(function.name),
        version=VERSION,
        source=library.source,
        machine=library.machine,
        compiler=compiler,
        usage="".join(
            [
                *(f" {buffer.name}.npy" for buffer in inputs),
                " [--repeat N] [--offset N]",
                *(f" [--output {buffer.name}.npy]" for buffer in outputs),
            ]
        ),
        input_count=len(inputs),
        output_count=len(outputs),
        max_rank=max([1, *(len(buffer.spec.storage_shape) for buffer in buffers)]),
        buffers="\n".join(line for buffer in buffers for line in _definitions(upper, buffer)),
        inputs="".join(map(_row, inputs)),
        outputs="".join(map(_row, outputs)),
        arguments=", ".join(arguments),
    )


def _pointers(table: str, buffers: Sequence[CBuffer]) -> list[str]:
    """Where the arrays of a table begin."""
    return [f"{table}[{i}].data" for i in range(len(buffers))]


def _definitions(upper: str, buffer: CBuffer) -> list[str]:
    """The memory of an array, and the values of its bytes where these are no numbers."""
    lines = [f"MEMORY({buffer.name}_memory, {upper}_{buffer.name.upper()}_BYTES);"]
    if _has_values(buffer):
        assert buffer.code is not None, "only codes have values"
        values = ", ".join(map(str, buffer.code.values.tolist()))
        lines.append(f"static const int {buffer.name}_values[] = {{{values}}};")
    return lines


def _has_values(buffer: CBuffer) -> bool:
    return not buffer.spec.is_direct


def _row(buffer: CBuffer) -> str:
    """The initialiser of a `struct npy_array`."""
    spec, shape = buffer.spec, buffer.spec.storage_shape
    fields = {
        "name": f'"{buffer.name}"',
        "data": f"{buffer.name}_memory",
        "element_bytes": str(spec.dtype.itemsize),
        "elements": str(buffer.elements),
        "dtype": f'"{spec.value_dtype.str}"',
        "rank": str(len(shape)),
    }
    if shape:
        fields["shape"] = f"{{{', '.join(map(str, shape))}}}"
    if not spec.is_packed and spec.dtype.kind != "f":
        low, high, allowed = _range(buffer)
        fields |= {
            "any_integers": "1",
            "low": _long_long(low),
            "high": _long_long(high),
            "allowed": f'"{allowed}"',
        }
    if _has_values(buffer):
        fields["values"] = f"{buffer.name}_values"
        fields["value_count"] = f"sizeof {buffer.name}_values / sizeof *{buffer.name}_values"
    initialisers = ",\n     ".join(f".{name} = {value}" for name, value in fields.items())
    return f"    {{{initialisers}}},\n"


def _range(buffer: CBuffer) -> tuple[int, int, str]:
    """The smallest and the largest integer of an array, and the allowed ones in words."""
    if buffer.code is not None:
        return buffer.code.min_value, buffer.code.max_value, buffer.code.describe_values()
    if buffer.spec.dtype == np.bool_:
        return 0, 1, "0 and 1"
    limits = np.iinfo(buffer.spec.dtype)
    return int(limits.min), int(limits.max), f"{limits.min} .. {limits.max}"


def _long_long(number: int) -> str:
    """As C writes it: its smallest one is no literal."""
    return f"({number + 1}LL - 1)" if number == -(2**63) else f"{number}LL"
