"""Targets: the processors that lowbit compiles for, described as data.

`get_target("cortex-a53")` gives the description of a name, `target_names()` lists the names.
"""

from lowering.targets import TARGETS, Target, get_target, target_names

__all__ = ["TARGETS", "Target", "get_target", "target_names"]
