"""The passes of lowbit with their options, for `lowbit-opt --help`."""

from __future__ import annotations

from xdsl.passes import get_pass_option_infos

from lowering.universe import LOWBIT_UNIVERSE


def pass_help() -> str:
    """A line for each pass: its name, what it does, its options with their defaults."""
    lines = ["passes of lowbit, their options and defaults:"]
    for name, load in LOWBIT_UNIVERSE.all_passes.items():
        kind = load()
        summary = (kind.__doc__ or "").partition("\n")[0]
        options = [
            f"{option.name}={option.default_value or '..'}"
            for option in get_pass_option_infos(kind)
        ]
        text = f"{{{' '.join(options)}}}" if options else ""
        lines += [f"  {name}{text}", f"      {summary}"]
    return "\n".join(lines)
