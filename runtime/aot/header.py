"""The C header of a library."""

from __future__ import annotations

from textwrap import wrap

from lowering.stages.align_workspace import ALIGNMENT
from runtime.aot.c_types import CBuffer, parameters_of
from runtime.aot.library import VERSION, Library, LibraryFunction
from runtime.aot.names import stage_type, workspace_query
from runtime.aot.templates import fill

_WIDTH = 96


def header_text(library: Library) -> str:
    """The header: types, shapes, sizes and prototypes, with the rules in comments."""
    target, upper = library.target, library.name.upper()
    return fill(
        "header.h.in",
        library=library.name,
        upper=upper,
        version=VERSION,
        source=library.source,
        machine=library.machine,
        triple=target.triple,
        alignment=ALIGNMENT,
        threads=_threads(library),
        functions="\n".join(_function(function, library) for function in library.functions),
    )


def _threads(library: Library) -> str:
    """How threads share a function, by the example of the first one that has stages."""
    functions = (library.main, *library.functions)
    staged = next((f for f in functions if not f.signature.in_place), None)
    if staged is None:
        return ""
    name = staged.name
    return fill("threads.h.in", stage_type=stage_type(name), upper_function=name.upper())


def _function(function: LibraryFunction, library: Library) -> str:
    """Everything about one function."""
    name, signature = function.name, function.signature
    buffers, upper = parameters_of(signature), name.upper()
    parameters = [buffer.parameter for buffer in buffers]
    if signature.takes_workspace:
        parameters.append("void *workspace")
    lines = [
        *_comment([f"{name}: @{function.symbol} of {library.source}.", *_paragraphs(buffers)]),
        _prototype(f"void {name}", parameters),
        "",
        *(line for buffer in buffers for line in _macros(upper, buffer)),
    ]
    if signature.takes_workspace:
        lines += [
            f"#define {upper}_WORKSPACE_BYTES {function.workspace_bytes}",
            "",
            f"/* {upper}_WORKSPACE_BYTES, for programs that load the library while they run. */",
            f"size_t {workspace_query(name)}(void);",
        ]
    if not signature.in_place:
        lines += ["", *_stages(function, parameters)]
    return "\n".join(lines) + "\n"


def _stages(function: LibraryFunction, parameters: list[str]) -> list[str]:
    """The stages of a function, which threads call on pieces."""
    name, upper = function.name, function.name.upper()
    pieces = ["ptrdiff_t low", "ptrdiff_t high"]
    stages = function.signature.stages
    rows = [f"STAGE({stage}, {extent})" for stage, extent in stages]
    return [
        f"/* The stages of {name} in their order, for threads; see above. */",
        _prototype(f"typedef void {stage_type(name)}", [*parameters, *pieces]),
        *(f"{stage_type(name)} {stage};" for stage, _ in stages),
        f"#define {upper}_STAGE_COUNT {len(stages)}",
        " \\\n    ".join([f"#define {upper}_STAGES(STAGE)", *rows]),
    ]


def _prototype(head: str, parameters: list[str]) -> str:
    line = f"{head}({', '.join(parameters)});"
    if len(line) <= _WIDTH:
        return line
    rows = ",\n    ".join(parameters)
    return f"{head}(\n    {rows});"


def _paragraphs(buffers: list[CBuffer]) -> list[str]:
    return [
        f"{buffer.name}: {sentence}" if i == 0 else f"  {sentence}"
        for buffer in buffers
        for i, sentence in enumerate([*buffer.meaning, f"{buffer.spec.text}"])
    ]


def _macros(upper: str, buffer: CBuffer) -> list[str]:
    """The numbers of one array: dimensions, elements and bytes as they lie in memory."""
    prefix, shape = f"{upper}_{buffer.name.upper()}", buffer.spec.storage_shape
    lines = [f"#define {prefix}_RANK {len(shape)}"]
    if shape:
        lines.append(f"#define {prefix}_SHAPE {{{', '.join(map(str, shape))}}}")
    return [
        *lines,
        f"#define {prefix}_ELEMENTS {buffer.elements}",
        f"#define {prefix}_BYTES {buffer.bytes}",
    ]


def _comment(paragraphs: list[str]) -> list[str]:
    """A C comment; a paragraph that begins with spaces is indented by them."""
    lines: list[str] = []
    for paragraph in paragraphs:
        indent = " " * (len(paragraph) - len(paragraph.lstrip()))
        lines += wrap(
            paragraph.lstrip(),
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent or "    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    if len(lines) == 1:
        return [f"/* {lines[0]} */"]
    return [f"/* {lines[0]}", *(f" * {line}" for line in lines[1:]), " */"]
