"""The trailer of a crash reproducer, as MLIR writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

REPRODUCER_KEY = "mlir_reproducer"


@dataclass(frozen=True)
class ReproducerOptions:
    """The trailer of a reproducer: a pipeline, and whether to verify after each pass."""

    pipeline: str
    verify_each: bool = True

    @classmethod
    def from_entries(cls, entries: Mapping[str, str | bool]) -> Self:
        """Read the parsed entries, leaving out those of MLIR's that mean nothing here.

        Raises ValueError if there is no pipeline or an entry has the wrong type.
        """
        pipeline, verify_each = entries.get("pipeline"), entries.get("verify_each", True)
        if not isinstance(pipeline, str):
            raise ValueError(f"{REPRODUCER_KEY} must have a string 'pipeline'")
        if not isinstance(verify_each, bool):
            raise ValueError(f"'verify_each' of {REPRODUCER_KEY} must be true or false")
        return cls(pipeline, verify_each)

    def __str__(self) -> str:
        # JSON writes quotes, backslashes and newlines as MLIR does.
        return (
            "{-#\n  external_resources: {\n"
            f"    {REPRODUCER_KEY}: {{\n"
            f"      pipeline: {json.dumps(self.pipeline, ensure_ascii=False)},\n"
            f"      verify_each: {json.dumps(self.verify_each)}\n"
            "    }\n  }\n#-}\n"
        )
