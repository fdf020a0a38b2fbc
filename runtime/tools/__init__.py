"""Programs that lowbit does not bring, chosen by what they can do.

`tool` says what a tool is and finds one; `c_tools`, `emulators` and `llvm_tools` hold the known
ones. `python -m runtime.tools` lists them.
"""

from runtime.tools.tool import Command, Tool, ToolMissingError, UnfitError, find

__all__ = ["Command", "Tool", "ToolMissingError", "UnfitError", "find"]
