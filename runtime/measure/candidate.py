"""What a benchmark compares: candidates, and the sources that make them.

A source is our compiler or another library. For a layer it names its candidates, each with a
function that makes it; making one compiles or loads whatever it needs, running it computes the
layer once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.measure.workloads import Workload

Maker = Callable[[], "Candidate"]


@dataclass
class Candidate:
    """Something that computes a layer, ready to run.

    `verdict` is what a comparison with plain integer arithmetic gave, one of `VERDICTS`;
    `own_seconds` is the time of the last run by the candidate's own counters, where those are
    wanted; `facts` is what else is known of it, as plain data.
    """

    run: Callable[[], object]
    verdict: str = "not checked"
    own_seconds: Callable[[], float] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


VERDICTS = ("right", "wrong", "not checked")


class Source(ABC):
    """Makes candidates. It travels to a child process, so it holds plain data only."""

    name: str
    counts_cycles: bool = False
    """Whether cycles are counted beside the time; loads LLVM into the process."""

    @abstractmethod
    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        """Names and makers of the candidates for a layer, none where it cannot compute that.

        Args:
            workload: the layer.
            check: whether to compare the result of each with the reference.
        """


@dataclass(frozen=True)
class Entry:
    """What is known of a candidate in another process: see `Candidate`.

    `error` is why it could not be made.
    """

    name: str
    verdict: str = "not checked"
    facts: dict[str, Any] = field(default_factory=dict)
    error: str = ""
