"""The host beneath."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from readiness.core.facts import Missing, Why
from readiness.estate.machines import Machines
from readiness.planning.inputs import Inputs
from readiness.probes.host import Boot, Machine
from readiness.probes.units import FailedUnits, OpenFiles

from .changes import (
    HOSTS,
    LINUX_HOSTS,
    with_baseline,
)
from .harness import Case, Clean, Store, both, fact


def machine(**values: Any) -> Callable[[Store], None]:
    return fact("client01", Machine, lambda one: replace(one, **values))


def boot(**values: Any) -> Callable[[Store], None]:
    return fact("client01", Boot, lambda one: replace(one, **values))


def open_files(limit: int | None) -> Callable[[Store], None]:
    return fact("client01", OpenFiles, lambda _: OpenFiles({"bacula-fd.service": limit}))


def failed_unit(name: str) -> Callable[[Store], None]:
    return fact("client01", FailedUnits, lambda _: FailedUnits((name,)))


def with_swap(inputs: Inputs) -> Inputs:
    demand = (inputs.baseline.host or Machines()).model_copy(update={"min_swap_bytes": 1 << 40})
    return with_baseline(host=demand)(inputs)


TWO_KERNELS = ("6.1.0-18-amd64", "6.1.0-9-amd64")

CASES = {
    "HST-001": Case({"HST-001 client01": "FAIL"}, machine(memory_bytes=(1 << 30) - 1)),
    "HST-001 at the limit": Case({"HST-001 client01": "PASS"}, machine(memory_bytes=1 << 30)),
    "HST-002": Case({f"HST-002 {host}": "FAIL" for host in HOSTS}, inputs=with_swap),
    "HST-003": Case({"HST-003 client01/bacula.client": "FAIL"}, open_files(1023)),
    "HST-003 unlimited": Case({"HST-003 client01/bacula.client": "PASS"}, open_files(None)),
    "HST-004": Case({"HST-004 client01": "FAIL"}, machine(time_zone="Europe/Berlin")),
    "HST-004 a copy": Case({"HST-004 client01": "UNKNOWN"}, machine(time_zone=Missing(Why.UNREADABLE, "a copy"))),
    "HST-005": Case(
        {"HST-005 client01": "FAIL"}, both(machine(container=""), boot(kernel=TWO_KERNELS[1], installed=TWO_KERNELS))
    ),
    "HST-005 the newest by its number": Case(
        {"HST-005 client01": "PASS"}, both(machine(container=""), boot(kernel=TWO_KERNELS[0], installed=TWO_KERNELS))
    ),
    "HST-005 none installed": Case({"HST-005 client01": "UNKNOWN"}, both(machine(container=""), boot(installed=()))),
    "HST-005 perhaps a container": Case(
        {"HST-005 client01": "UNKNOWN"}, machine(container=Missing(Why.TOOL_ABSENT, "no tool"))
    ),
    "HST-006 by the flag": Case({"HST-006 client01": "FAIL"}, boot(asked_by="")),
    "HST-006 by a package": Case({"HST-006 client01": "FAIL"}, boot(since=("glibc",))),
    "HST-006 nobody tells": Case(
        {"HST-006 client01": "UNKNOWN"}, boot(since=Missing(Why.TOOL_ABSENT, "neither dpkg nor rpm"))
    ),
    "HST-007": Case({"HST-007 client01": "FAIL"}, machine(access_control="permissive")),
    "HST-008": Case({"HST-008 client01": "FAIL"}, failed_unit("nightly.service")),
    "HST-008 a product's own": Case({"HST-008 client01": "PASS"}, failed_unit("bacula-fd.service")),
    "HST never agreed": Case(
        {
            **{f"HST-00{number} {host}": "UNKNOWN" for number in (1, 2, 4) for host in HOSTS},
            **{f"HST-007 {host}": "UNKNOWN" for host in LINUX_HOSTS},
            "HST-003 dir01/bacula.director": "UNKNOWN",
            "HST-003 sd01/bacula.storage": "UNKNOWN",
            **{f"HST-003 client0{number}/bacula.client": "UNKNOWN" for number in (1, 2, 3, 4)},
        },
        inputs=with_baseline(host=None),
    ),
    "HST-004 Windows: another time zone": Case(
        {"HST-004 fd01": "FAIL"}, fact("fd01", Machine, lambda one: replace(one, time_zone="W. Europe Standard Time"))
    ),
    "HST-004 Windows: no summer time": Case(
        {"HST-004 fd01": "FAIL"},
        fact("fd01", Machine, lambda one: replace(one, time_zone="UTC without_windows_file summer time")),
    ),
    "HST-008 Windows: a service that ended": Case(
        {"HST-008 fd01": "FAIL"}, fact("fd01", FailedUnits, lambda _: FailedUnits(("Spooler",)))
    ),
    "HST-001 Windows: no memory": Case(
        {"HST-001 fd01": "FAIL"}, fact("fd01", Machine, lambda one: replace(one, memory_bytes=(1 << 30) - 1))
    ),
    "HST-002 Windows: no paging file": Case(
        {f"HST-002 {host}": "FAIL" for host in HOSTS},
        fact("fd01", Machine, lambda one: replace(one, swap_bytes=0)),
        with_swap,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
