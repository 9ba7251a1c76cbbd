"""Services and what runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.probes.processes import Processes
from readiness.probes.services import Services

from .changes import (
    of,
)
from .harness import Case, Clean, Store, changed, fact


def main_pid(services: Services, unit: str) -> int:
    pid = services.units[unit].main_pid
    assert pid is not None
    return pid


def replaced_program(store: Store) -> None:
    services = store["client01"].values[Services.name]
    assert isinstance(services, Services)
    pid = main_pid(services, "bacula-fd.service")
    changed(
        store,
        "client01",
        Processes,
        lambda one: replace(one, executables={**one.executables, pid: replace(one.executables[pid], deleted=True)}),
    )


def unit(host: str, name: str, **states: object) -> Callable[[Store], None]:
    def change(services: Services) -> Services:
        return replace(services, units={**services.units, name: replace(services.units[name], **states)})  # type: ignore[arg-type]

    return fact(host, Services, change)


STOPPED = {"active_state": "failed", "sub_state": "failed", "main_pid": None, "started_at_s": None}


def stopped_service(services: Services) -> Services:
    client = replace(services.units["Bacula-fd"], sub_state="dead", active_state="inactive", main_pid=None)
    return replace(services, units={**services.units, "Bacula-fd": client})


def manual(services: Services) -> Services:
    client = replace(services.units["Bacula-fd"], unit_file_state="manual")
    return replace(services, units={**services.units, "Bacula-fd": client})


def replaced_on_windows(processes: Processes) -> Processes:
    program = replace(processes.executables[2204], deleted=True)
    return replace(processes, executables={**processes.executables, 2204: program})


CASES = {
    "SVC-001": Case(
        {"SVC-001 sd01/bacula.storage": "FAIL"}, unit("sd01", "bacula-sd.service", unit_file_state="disabled")
    ),
    "SVC-002": Case({"SVC-002 sd01/bacula.storage": "FAIL"}, unit("sd01", "bacula-sd.service", **STOPPED)),
    "SVC-003 by its program": Case({"SVC-003 client01/bacula.client": "FAIL"}, replaced_program),
    "SVC-003 by its age": Case(
        {"SVC-003 client01/bacula.client": "FAIL"}, unit("client01", "bacula-fd.service", started_at_s=1)
    ),
    "SVC-001 Windows: a service on demand": Case(
        {"SVC-001 fd01/bacula.client": "FAIL"}, fact("fd01", Services, manual)
    ),
    "SVC-002 Windows: a service that is stopped": Case(
        {"SVC-002 fd01/bacula.client": "FAIL"}, fact("fd01", Services, stopped_service)
    ),
    "SVC-002 Windows: a service that nobody may read": Case(
        {"SVC-002 fd01/bacula.client": "UNKNOWN"}, fact("fd01", Services, of("win2022user", Services))
    ),
    "SVC-003 Windows: a program that was replaced": Case(
        {"SVC-003 fd01/bacula.client": "FAIL"}, fact("fd01", Processes, replaced_on_windows)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
