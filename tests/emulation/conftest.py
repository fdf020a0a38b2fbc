"""Objects are compiled, not found: the cache would hide what the lowering does now."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_cache() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOWBIT_CACHE", "")
        yield
