from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .sudo_host import SudoHost, sudo_host


@pytest.fixture(scope="module")
def one_host() -> Iterator[SudoHost]:
    with tempfile.TemporaryDirectory() as folder, sudo_host(Path(folder)) as host:
        yield host


@pytest.fixture
def host(one_host: SudoHost) -> SudoHost:
    one_host.reset()
    return one_host
