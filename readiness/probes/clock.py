"""The clock, and who keeps it right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, fields, lines, script, shown, tag_of

_STAMP = re.compile(r"([0-9]{9,11})\.([0-9]{9}|%?N)")
# chronyc -c tracking: reference id, its name or address, stratum, seven of offset and frequency, ..., leap status.
_TRACKING = re.compile(r"([0-9A-F]{8}),([A-Za-z0-9.:%_()-]*),[0-9]{1,2},(?:-?[0-9.]+,){10}([A-Z][a-z ]+)")
_LEAP = {"Normal": True, "Insert second": True, "Delete second": True, "Not synchronised": False}
# 127.127.1.1: chrony's `local` directive, by which a host declares itself the time and follows nobody.
_LOCAL = "7F7F0101"
_NTPQ = re.compile(r"(?:[A-Za-z0-9_=,]*,)?leap=([0-3]{1,2}),(?:[a-z]+=[^,=]*,)*?refid=([A-Za-z0-9.:%_()-]+)")
_NTPQ_LEAP = {"00": True, "01": True, "10": True, "11": False, "0": True, "1": True, "2": True, "3": False}


@dataclass(frozen=True, slots=True)
class Clock(Fact):
    """The host's clock against the one of the machine that runs this.

    `offset_s` is positive when the host is ahead, and true within plus or minus `uncertainty_s`.
    """

    name: ClassVar[str] = "clock"
    host_s: float
    offset_s: float
    uncertainty_s: float


def parse_clock(output: Output) -> Clock:
    """Seconds since 1970; a `date` that knows no %N gives whole ones, half a second more uncertain.

    The host read its clock after `sent_s`, since the script had not left before, and before the output was complete
    at `begun_s + duration_s`. The begin mark bounds nothing: `date` may run late after it.
    """
    (line,) = lines(output)
    (stamp,) = fields(line, "now", 1)
    match = _STAMP.fullmatch(stamp)
    earliest, latest = output.sent_s, output.begun_s + output.duration_s
    if match is None or latest < earliest:
        raise ValueError(f"no time: {shown(stamp)}")
    is_whole = not match[2].isdigit()
    host_s = int(match[1]) + (0.5 if is_whole else int(match[2]) / 1e9)
    return Clock(host_s, host_s - (earliest + latest) / 2, (latest - earliest) / 2 + (0.5 if is_whole else 0.0))


@dataclass(frozen=True, slots=True)
class ClockSync(Fact):
    """Whether the clock follows a time source; `tool` said so, `source` is what it follows, empty when not told."""

    name: ClassVar[str] = "clock_sync"
    synchronised: bool
    tool: str
    source: str


def parse_clock_sync(output: Output) -> ClockSync | Missing:
    """The first tool that answered."""
    (line,) = lines(output)
    tool = tag_of(line)
    (answer,) = fields(line, tool, 1)
    if tool == "none" and not answer:
        remedy = "install chrony, or enable systemd-timesyncd"
        return Missing(Why.TOOL_ABSENT, "none of chronyc, timedatectl, ntpq", remedy)
    if tool == "none":
        return Missing(Why.UNREADABLE, f"no time service answers:{answer}".rstrip(";"))
    return chosen({"chronyc": _chrony, "timedatectl": _systemd, "ntpq": _ntpd}, tool)(answer)


def _chrony(answer: str) -> ClockSync:
    """The leap status; `Normal` of a host that follows only itself does not count."""
    match = _TRACKING.fullmatch(answer)
    if match is None:
        raise ValueError(f"no tracking: {shown(answer)}")
    reference, source, leap = match.groups()
    if reference == _LOCAL:
        return ClockSync(synchronised=False, tool="chronyc", source="its own clock (the directive `local`)")
    return ClockSync(chosen(_LEAP, leap), "chronyc", source)


def _systemd(answer: str) -> ClockSync:
    """The kernel's flag, but only with a time service that runs: the flag outlives one that was stopped by hours."""
    flags = {"yes": True, "no": False}
    pairs = [pair.partition("=") for pair in answer.split(",")]
    values = {key: chosen(flags, value) for key, _, value in pairs}
    if len(pairs) != 2 or values.keys() != {"NTPSynchronized", "NTP"}:
        raise ValueError(f"not of timedatectl: {shown(answer)}")
    source = "" if values["NTP"] else "no time service that systemd knows"
    return ClockSync(values["NTPSynchronized"] and values["NTP"], "timedatectl", source)


def _ntpd(answer: str) -> ClockSync:
    match = _NTPQ.fullmatch(answer)
    if match is None:
        raise ValueError(f"not of ntpq: {shown(answer)}")
    return ClockSync(chosen(_NTPQ_LEAP, match[1]), "ntpq", match[2])


PROBES = (
    Probe(Clock, script("clock"), parse_clock, cost=0),
    Probe(ClockSync, script("clock_sync"), parse_clock_sync, cost=20),
)
