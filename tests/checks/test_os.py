"""The operating system."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.estate.machines import OperatingSystem
from readiness.probes.system import OsRelease

from .changes import (
    of,
    with_baseline,
)
from .harness import Case, Clean, fact

CASES = {
    "OS-001": Case({"OS-001 sd01": "FAIL"}, fact("sd01", OsRelease, lambda one: replace(one, version_id="11"))),
    "OS-001 agreed for other groups only": Case(
        {f"OS-001 {host}": "UNKNOWN" for host in ("dir01", "sd01", "fd01", "fd02")},
        inputs=with_baseline(operating_systems=(OperatingSystem(id="debian", version="12", groups=("clients",)),)),
    ),
    "OS-001 Windows: another release": Case({"OS-001 fd01": "FAIL"}, fact("fd01", OsRelease, of("win2019", OsRelease))),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
