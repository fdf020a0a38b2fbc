"""The options that the passes of the pipeline share."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass

from xdsl.passes import ModulePass

from lowering.record_sources import SHIPPED_RECORDS


@dataclass(frozen=True)
class Options:
    """What a walk down the levels is for: a target, a strategy, records of measurements."""

    target: str = "host"
    strategy: str = "auto"
    records: str = SHIPPED_RECORDS

    def build(self, kind: type[ModulePass]) -> ModulePass:
        """A pass of a class, its options of these names given."""
        names = {field.name for field in fields(kind)} if is_dataclass(kind) else set()
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name in names}
        return kind(**given)
