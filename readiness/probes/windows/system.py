"""Clock, release, identity and rights of a Windows host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.host import Machine
from readiness.probes.probe import Probe
from readiness.probes.reading import script, shown
from readiness.probes.system import Identity, OsRelease
from readiness.probes.windows.reading import (
    ADMINISTRATOR,
    Row,
    flag,
    natural,
    nonempty,
    only,
    probe,
    rows,
    text,
    unix_time,
)

# [DateTime]::UtcNow of .NET Framework steps with the system's timer, at most 64 times a second.
_TICK_S = 1 / 64
_DAY_MS = 86_400_000
# By build, learn.microsoft.com, "Windows Server release information".
RELEASES = {"9600": "2012r2", "14393": "2016", "17763": "2019", "20348": "2022", "26100": "2025"}
_FIRST_11 = 22000
_BUILD = re.compile(r"[1-9][0-9]{3,5}")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,10}){1,3}")
# The lines of `w32tm /query /status` in their order, whose labels and remarks are translated.
_LEAP = re.compile(r"[^:]+: ([0-3])\([^()]*\)")
_STRATUM = re.compile(r"[^:]+: ([0-9]{1,2}) \(.*\)")
_REFERENCE = re.compile(r"[^:]+: (0x[0-9A-F]{8}) \(.*\)")
_SOURCE = re.compile(r"[^:]+: (.*?) *")
_ERROR_CODE = re.compile(r"\((0x[0-9A-F]{8})\)")
_LINES = 9
_UNSYNCHRONISED = 3
_NOT_STARTED, _DENIED = "0x80070426", "0x80070005"
_OWN_CLOCK = "0x4C4F434C"  # LOCL


def parse_clock(output: Output) -> Clock | Missing:
    """The host read its clock before the output was complete, give or take a step of its timer.

    It did so after PowerShell was asked for, and later by as long as that had been running by then: starting takes
    seconds. An age that cannot be, as where the clock was set meanwhile, leaves the wider bound.
    """
    received = rows(output)
    if isinstance(received, Missing):
        return received
    row = only(received, "utc", "age_ms")
    host_s, age_ms = unix_time(row["utc"]), row["age_ms"]
    if isinstance(age_ms, bool) or not isinstance(age_ms, int) or abs(age_ms) > _DAY_MS:
        raise ValueError(f"no age: {shown(str(age_ms))}")
    earliest, latest = output.sent_s, output.begun_s + output.duration_s
    if latest < earliest:
        raise ValueError("an output that ended before it was asked for")
    if 0 <= age_ms / 1000 <= latest - earliest:
        earliest += age_ms / 1000
    return Clock(host_s, host_s - (earliest + latest) / 2, (latest - earliest) / 2 + _TICK_S)


def _clock_sync(received: list[Row]) -> ClockSync | Missing:
    """By numbers only: leap indicator, stratum and reference; the source is shown as it is called there."""
    row = only(received, "status", "out", "err")
    printed = text(row["out"], lines=True).strip("\n").split("\n")
    if row["status"] != 0:
        return _no_status(" ".join([*printed, text(row["err"], lines=True)]))
    if len(printed) != _LINES:
        raise ValueError(f"{len(printed)} lines, and not {_LINES}")
    leap, stratum, reference, source = (
        pattern.fullmatch(line)
        for pattern, line in (
            (_LEAP, printed[0]),
            (_STRATUM, printed[1]),
            (_REFERENCE, printed[5]),
            (_SOURCE, printed[7]),
        )
    )
    if not leap or not stratum or not reference or not source:
        raise ValueError(f"no status: {shown(' | '.join(printed))}")
    follows = int(leap[1]) != _UNSYNCHRONISED and 0 < int(stratum[1]) < 16 and reference[1] != _OWN_CLOCK
    return ClockSync(follows, "w32tm", source[1])


def _no_status(printed: str) -> ClockSync | Missing:
    codes = _ERROR_CODE.findall(printed)
    if _NOT_STARTED in codes:
        return ClockSync(synchronised=False, tool="w32tm", source="no time service: W32Time is not started")
    if _DENIED in codes:
        return Missing(Why.NOT_PERMITTED, "w32tm /query /status", ADMINISTRATOR)
    raise ValueError(f"w32tm: {shown(printed)}")


def _os_release(received: list[Row]) -> OsRelease:
    """The release as its users call it (`2022`, `2012r2`, `11`), by build; a build nobody knows stands for itself."""
    row = only(received, "product", "build", "revision", "display", "kind", "architecture")
    build, kind = nonempty(row["build"]), nonempty(row["kind"])
    if not _BUILD.fullmatch(build):
        raise ValueError(f"no build: {shown(build)}")
    server = kind.startswith("Server")
    release = RELEASES.get(build, build) if server else ("11" if int(build) >= _FIRST_11 else "10")
    revision = "" if row["revision"] is None else f".{natural(row['revision'])}"
    version = "6.3" if build == "9600" else "10.0"
    display = "" if row["display"] is None else f" {nonempty(row['display'])}"
    return OsRelease(
        id="windows",
        id_like=(),
        version_id=release,
        pretty_name=f"{nonempty(row['product'])}{display}",
        kernel=f"{version}.{build}{revision}",
        architecture=nonempty(row["architecture"]),
    )


def _identity(received: list[Row]) -> Identity:
    """Host name, and MachineGuid as the machine id: 32 hexadecimal digits that a clone keeps, like machine-id(5)."""
    row = only(received, "host", "domain", "guid")
    host, domain = nonempty(row["host"]), text(row["domain"])
    fqdn = f"{host}.{domain}" if domain else Missing(Why.NO_SUCH_NAME, "the host has no primary DNS suffix")
    if not _HOST_NAME.fullmatch(host) or (isinstance(fqdn, str) and not _HOST_NAME.fullmatch(fqdn)):
        raise ValueError(f"no host name: {shown(host)} or {shown(domain)}")
    machine_id: str | Missing = Missing(Why.UNREADABLE, "there is no MachineGuid")
    if row["guid"] is not None:
        if not _GUID.fullmatch(nonempty(row["guid"])):
            raise ValueError(f"no GUID: {shown(row['guid'])}")
        machine_id = row["guid"].replace("-", "").lower()
    return Identity(host, machine_id, fqdn)


@dataclass(frozen=True, slots=True)
class Elevation(Fact):
    """Who is logged in, whether with the full token of an administrator, and the version of PowerShell."""

    name: ClassVar[str] = "elevation"
    login: str
    administrator: bool
    powershell: str


def _elevation(received: list[Row]) -> Elevation:
    row = only(received, "login", "administrator", "powershell")
    if not _VERSION.fullmatch(nonempty(row["powershell"])):
        raise ValueError(f"no version: {shown(row['powershell'])}")
    return Elevation(nonempty(row["login"]), flag(row["administrator"]), row["powershell"])


_OF_LINUX = Missing(Why.NOT_ASKED, "Windows has none")


def _machine(received: list[Row]) -> Machine:
    """Memory, paging files and time zone; the rest of the fact is about Linux."""
    row = only(received, "memory", "paging", "zone", "no_summer_time")
    memory, paging = natural(row["memory"]), natural(row["paging"])
    if not memory:
        raise ValueError("a host without memory")
    zone = nonempty(row["zone"]) + (" without summer time" if flag(row["no_summer_time"]) else "")
    return Machine(memory * 1024, paging * 1024, zone, _OF_LINUX, _OF_LINUX)


def windows_zone(name: str) -> str | None:
    """What Windows calls an IANA time zone, by Unicode's CLDR; None for one that it has no name for."""
    from tzlocal.windows_tz import tz_win  # noqa: PLC0415 - where there are Windows hosts only

    return tz_win.get(name)


def iana_zone(name: str) -> str | None:
    """The IANA time zone that stands for one of Windows', by the same list; None for one that is not in it."""
    from tzlocal.windows_tz import win_tz  # noqa: PLC0415 - as above

    return win_tz.get(name)


PROBES = (
    Probe(Clock, script("clock", "ps1"), parse_clock, 0, "powershell"),
    probe(OsRelease, _os_release, cost=1),
    probe(Elevation, _elevation, cost=1),
    probe(Machine, _machine, cost=15),
    probe(Identity, _identity, cost=5),
    probe(ClockSync, _clock_sync, cost=20),
)
