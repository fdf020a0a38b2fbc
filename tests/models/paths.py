"""Where the real networks are that the project tests against but does not hold."""

import os
from pathlib import Path

import pytest

ENVIRONMENT = "LOWBIT_MODELS"
REPOSITORY = Path(__file__).parents[2]


def model(name: str) -> Path:
    """The file of this name below the folder of models; skips the test where there is none."""
    folder = Path(os.environ.get(ENVIRONMENT) or REPOSITORY.parent / "shared" / "models")
    path = folder / name
    if not path.exists():
        pytest.skip(
            f"no {name} in {folder}; {ENVIRONMENT} names another folder", allow_module_level=True
        )
    return path
