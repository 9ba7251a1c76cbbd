"""A folder for files that scripts read as root, who reads none where others could put something else in its place.

And a host with the reader, its rule and its login.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import real
from .sudo_host import SudoHost, sudo_host


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Below folders that only root may change, which /tmp is not; pytest's own for who is not root."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    with real.roots_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def one_host() -> Iterator[SudoHost]:
    with tempfile.TemporaryDirectory() as folder, sudo_host(Path(folder)) as host:
        yield host


@pytest.fixture
def host(one_host: SudoHost) -> SudoHost:
    one_host.reset()
    return one_host
