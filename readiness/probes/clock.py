"""The clock, and who keeps it right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.probes.reading import fields, lines, only, script, tag

_TRACKING_FIELDS = 14
_LEAP = {"Normal": True, "Insert second": True, "Delete second": True, "Not synchronised": False}


@dataclass(frozen=True, slots=True)
class Clock(Fact):
    """The host's clock against the one of the machine that runs this, in seconds; true within +- `uncertainty_s`.

    The host read it after `sent_s` and before its answer was complete, which bounds the uncertainty.
    """

    name: ClassVar[str] = "clock"
    host_s: float
    offset_s: float
    uncertainty_s: float


def parse_clock(output: Output) -> Clock:
    """Seconds since 1970 with nanoseconds; a `date` that knows no %N gives whole seconds, half a second more unsure."""
    (line,) = lines(output)
    (stamp,) = fields(line, 1)
    match = re.fullmatch(r"(\d{9,11})\.(\d{9}|%?N)", stamp)
    if not match or tag(line) != "now":
        raise ValueError(f"no time: {line!r}")
    whole = not match[2].isdigit()
    host_s = int(match[1]) + (0.5 if whole else int(match[2]) / 1e9)
    earliest, latest = output.sent_s, output.begun_s + output.duration_s
    uncertainty_s = (latest - earliest) / 2 + (0.5 if whole else 0.0)
    return Clock(host_s, host_s - (earliest + latest) / 2, uncertainty_s)


@dataclass(frozen=True, slots=True)
class ClockSync(Fact):
    """Whether the clock follows a time source; `tool` said so, `source` is the one it follows, empty when not told."""

    name: ClassVar[str] = "clock_sync"
    synchronised: bool
    tool: str
    source: str


def parse_clock_sync(output: Output) -> ClockSync | Missing:
    """Chrony's tracking as CSV, or systemd's yes or no."""
    (line,) = lines(output)
    (said,) = fields(line, 1)
    if tag(line) == "none":
        return Missing(Why.TOOL_ABSENT, said, "install chrony, or enable systemd-timesyncd")
    if tag(line) == "timedatectl":
        return ClockSync({"yes": True, "no": False}[only([said], "of timedatectl")], "timedatectl", "")
    tracking = said.split(",")
    if tag(line) != "chronyc" or len(tracking) != _TRACKING_FIELDS or not re.fullmatch(r"[0-9A-F]{8}", tracking[0]):
        raise ValueError(f"no tracking: {line[:200]!r}")
    return ClockSync(_LEAP[tracking[-1]], "chronyc", tracking[1] or tracking[0])


PROBES = (
    Probe(Clock, script("clock"), parse_clock, cost=0),
    Probe(ClockSync, script("clock_sync"), parse_clock_sync, cost=20),
)
