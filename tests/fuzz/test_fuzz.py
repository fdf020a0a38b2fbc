"""Nothing that a module says ends the process, hangs, or gives a traceback.

    LOWBIT_FUZZ_SEED=5 pytest tests/fuzz -k mutants -s
    python tests/fuzz/child.py 5 113 1 --show

The second line shows one mutant, by the seed and the number that a failure names.
"""

from __future__ import annotations

import os
import time

import pytest
from driver import run_mutants

from tests.sweep import swept

SEED = int(os.environ.get("LOWBIT_FUZZ_SEED", time.time_ns() % 1_000_000))


@pytest.mark.parametrize("count", [200, *swept(2000)])
def test_mutants(count: int) -> None:
    report = run_mutants(SEED + count, count)
    print(report)
    assert report.deaths == []
    assert report.tracebacks == []
    assert report.count == count
    assert report.generated >= 0.3 * count, report


@pytest.mark.parametrize("guard", ["intrinsics", "trial"])
def test_planted_aborts_are_found(guard: str) -> None:
    """Without one of the checks, calls of intrinsics reach LLVM that it ends the process over."""
    report = run_mutants(
        SEED, 300, "--without", guard, "--only", "intrinsic", "--level", "llvm", "--until-death"
    )
    print(report)
    (death,) = report.deaths
    assert "SIGABRT" in death
