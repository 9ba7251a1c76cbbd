"""A folder for files that scripts read as root: they read none where others could put something else in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import real


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Below folders that only root may change, which /tmp is not; pytest's own for who is not root."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    with real.roots_folder() as folder:
        yield folder
