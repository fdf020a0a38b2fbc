"""Without the programs of MLIR these tests are skipped; where CI declares them, they fail."""

import pytest

from tests.mlir.tools import must_be_there, why_missing


@pytest.fixture(autouse=True, scope="session")
def programs() -> None:
    if reason := why_missing():
        if must_be_there():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
