"""A folder of checks for each test, forgotten at its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def forgotten(tmp_path: Path) -> Iterator[None]:
    """Python knows modules by name: those of one test's folder would be taken for the next one's."""
    yield
    for name, module in list(sys.modules.items()):
        if Path(str(getattr(module, "__file__", None) or "/")).is_relative_to(tmp_path):
            del sys.modules[name]
