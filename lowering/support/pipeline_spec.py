"""Pass pipelines as text: `a,b{x=1}`, bare or inside `builtin.module(...)` as MLIR writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import ArgSpec, ParameterType, parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError

from lowering.support.composite import flattened

_ANCHORED = re.compile(r"\s*builtin\.module\s*\((.*)\)\s*", re.DOTALL)
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t"})


class PipelineError(ValueError):
    """A pipeline text that does not parse, or names a pass or an option that does not exist."""


def parse_passes(
    available: Mapping[str, Callable[[], type[ModulePass]]], text: str
) -> tuple[ModulePass, ...]:
    """The passes that `text` names, in order, composite ones taken apart.

    Raises:
        PipelineError: the text does not parse, or names a pass or an option that does not exist.
    """
    anchored = _ANCHORED.fullmatch(text)
    try:
        specs = tuple(parse_pipeline(anchored[1] if anchored else text))
    except ArgSpecParseError as error:
        raise PipelineError(spec_error(error)) from error
    return tuple(step for spec in specs for step in _build(available, spec))


def print_passes(passes: Sequence[ModulePass]) -> str:
    """The text of a pipeline, which `parse_passes` reads back."""
    return f"builtin.module({','.join(_spec_text(pass_.pipeline_pass_spec()) for pass_ in passes)})"


def _spec_text(spec: ArgSpec) -> str:
    # str(spec) of xDSL 0.74 does not escape quotes inside strings.
    parameters = (
        "=".join([name, *([",".join(map(_value_text, values))] if values else [])])
        for name, values in spec.parameters.items()
    )
    return spec.name + (f"{{{' '.join(parameters)}}}" if spec.parameters else "")


def _value_text(value: ParameterType) -> str:
    if isinstance(value, str):
        escaped = value.translate(_ESCAPES)
        return f'"{escaped}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def spec_error(error: ArgSpecParseError) -> str:
    """xDSL's five-line message (title, place, text, carets, reason) with the reason first."""
    _, place, text, carets, reason = str(error).splitlines()
    return f"{place}: {reason.strip()}\n{text}\n{carets}"


def _build(
    available: Mapping[str, Callable[[], type[ModulePass]]], spec: ArgSpec
) -> Sequence[ModulePass]:
    if spec.name not in available:
        near = get_close_matches(spec.name, available, n=3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise PipelineError(f"unknown pass '{spec.name}'{hint}")
    try:
        return tuple(flattened([available[spec.name]().from_pass_spec(spec)]))
    except (ValueError, TypeError) as error:
        raise PipelineError(f"pass '{spec.name}': {error}") from error
