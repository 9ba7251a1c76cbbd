"""Services and processes of a Windows host, in the terms of the facts that Linux hosts give."""

from __future__ import annotations

import re
from dataclasses import replace

from readiness.probes.processes import Processes, Program
from readiness.probes.reading import chosen, shown
from readiness.probes.services import Service, Services
from readiness.probes.units import FailedUnits
from readiness.probes.windows.reading import Row, natural, nonempty, only, probe, shape, text, texts, unix_time

# Win32_Service's State and StartMode, learn.microsoft.com; by systemd's words for the same.
_STATES = {
    "Running": ("active", "running"),
    "Stopped": ("inactive", "dead"),
    "Start Pending": ("activating", "start"),
    "Stop Pending": ("deactivating", "stop"),
    "Paused": ("active", "paused"),
    "Pause Pending": ("active", "pausing"),
    "Continue Pending": ("active", "continuing"),
    "Unknown": ("unknown", "unknown"),  # of a service that Windows could not query
}
_STARTS = {
    "Auto": "enabled",
    "Boot": "enabled",
    "System": "enabled",
    "Manual": "manual",
    "Disabled": "disabled",
    "Unknown": "unknown",
}
_PATH = re.compile(r"(?:\\\\\?\\)?(?:[A-Za-z]:|\\\\[^\\]+)\\.+")
# System Idle Process and System: the kernel's own.
_KERNEL = (0, 4)


def _services(received: list[Row]) -> Services:
    """Every service by its name; one that runs has a process."""
    units: dict[str, Service] = {}
    names = set()
    for row in received:
        service = _service(row)
        if service.unit.lower() in names:
            raise ValueError(f"{shown(service.unit)} twice")
        names.add(service.unit.lower())
        units[service.unit] = service
    if not units:
        raise ValueError("not one service, and every Windows has some")
    return Services("windows", units)


def _service(row: Row) -> Service:
    shape(row, "name", "state", "start", "account", "process", "started")
    name = nonempty(row["name"])
    active, sub = chosen(_STATES, nonempty(row["state"]))
    start, account, process = chosen(_STARTS, nonempty(row["start"])), text(row["account"]), natural(row["process"])
    if (process == 0) != (sub == "dead") and sub not in {"start", "unknown"}:
        raise ValueError(f"{name}: {row['state']} with the process {process}")
    service = Service(name, "loaded", active, sub, start, None, None, account)
    if not process:
        return service
    started = None if row["started"] is None else int(unix_time(row["started"]))
    return replace(service, main_pid=process, started_at_s=started)


def _processes(received: list[Row]) -> Processes:
    """A program counts as replaced when its file is gone, or came to its place after the process began.

    A file that was renamed keeps its creation time, and so does one that takes the name of another within 15 s.
    """
    executables: dict[int, Program] = {}
    unreadable: list[int] = []
    for row in received:
        shape(row, "process", "name", "path", "begun", "made")
        process, path = natural(row["process"]), text(row["path"])
        nonempty(row["name"])
        if process in executables or process in unreadable:
            raise ValueError(f"process {process} twice")
        if not path:
            unreadable += [] if process in _KERNEL else [process]
            continue
        if not _PATH.fullmatch(path):
            raise ValueError(f"no path: {shown(path)}")
        made = None if row["made"] is None else unix_time(row["made"])
        begun = unix_time(row["begun"])
        executables[process] = Program(path, deleted=made is None or made > begun)
    if not executables:
        raise ValueError("no process that has a program")
    return Processes(executables, tuple(sorted(unreadable)))


def _failed(received: list[Row]) -> FailedUnits:
    row = only(received, "read", "failed")
    if not natural(row["read"]):
        raise ValueError("not one service is listed")
    return FailedUnits(tuple(sorted(texts(row["failed"]))))


PROBES = (
    probe(FailedUnits, _failed, cost=20),
    probe(Services, _services, cost=20),
    probe(Processes, _processes, cost=40),
)
