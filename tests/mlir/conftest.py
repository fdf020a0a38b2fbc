"""Without the programs of MLIR these tests are skipped; in CI, which installs them, they fail."""

import pytest

from tests.mlir.tools import why_missing
from tests.tools import missing


@pytest.fixture(autouse=True, scope="session")
def programs() -> None:
    if reason := why_missing():
        missing(reason)
