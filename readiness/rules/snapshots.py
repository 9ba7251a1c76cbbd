"""What snapshots do to a failover cluster: which events tell of harm, and which of them a backup window had to do with.

Which events tell of harm stands in `policies/cluster_events.yaml`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from readiness.core.text import first_few
from readiness.estate import Bounds
from readiness.estate.backups import MARGIN_S
from readiness.policies import Harm, cluster_events
from readiness.probes.windows.events import SYSTEM, Channel, Event, SnapshotEvents

_SHOWN = 16
_CLUSTERING = "Microsoft-Windows-FailoverClustering"
_SERVICES = "Service Control Manager"
_SHADOW_COPY = "HarddiskVolumeShadowCopy"
# Moving, failing over and failing back.
_MOVES = {1153, 1154, 1641}
# Kinds of resources that are disks of all nodes.
SHARED_DISKS = frozenset({"Physical Disk", "Storage Pool", "Volume Manager Disk Group"})

# What event 98 says in its third value: 0 is healthy, 1 wants a scan that can be made online.
_HEALTHY, _ONLINE_SCAN = "0", "1"
# Services that start and stop for a snapshot, by their own names and by those shown in English and German.
_MARKS = ("VSS", "vmvss", "swprv", "Volume Shadow Copy", "VMware Snapshot Provider", "Volumeschattenkopie")


@functools.cache
def _known() -> Mapping[tuple[str, int], Harm]:
    """What is known of an event, by its provider and number."""
    harm = cluster_events().harm
    return {(name.lower(), number): entry for entry in harm for name in entry.providers for number in entry.ids}


def meaning(event: Event) -> str | None:
    """The harm that an event tells of, in words; None for one that tells of none."""
    reset = cluster_events().disk_reset
    if event.id in reset.ids and event.provider.lower() not in map(str.lower, reset.other_than):
        return reset.meaning
    harm = _known().get((event.provider.lower(), event.id))
    return None if harm is None or (event.id == 98 and _value(event, 2) == _HEALTHY) else harm.meaning


def is_grave(event: Event) -> bool:
    """Whether one such event is enough; what befell a shadow copy's own volume is not."""
    if any(_SHADOW_COPY in value for value in event.data) or (event.id == 98 and _value(event, 2) == _ONLINE_SCAN):
        return False
    if event.provider == _SERVICES:
        return "cluster" in _value(event, 0).lower()
    harm = _known().get((event.provider.lower(), event.id))
    return harm is not None and harm.grave


def is_mark(event: Event) -> bool:
    """Whether a service that makes snapshots started or stopped here."""
    return event.id == 7036 and any(value.split("/")[0] in _MARKS for value in event.data)


def of_the_hypervisor(events: Iterable[Event]) -> list[Event]:
    """Marks of a snapshot that VMware took; VSS alone is no proof, since agents use it, too."""
    own = {"vmvss", "VMware Snapshot Provider"}
    return [event for event in events if is_mark(event) and own & {value.split("/")[0] for value in event.data}]


def _value(event: Event, at: int) -> str:
    return event.data[at] if at < len(event.data) else ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Harm by what it was near to, a window or a snapshot outside of them; and harm near to neither."""

    near: dict[str, tuple[Event, ...]]
    apart: tuple[Event, ...]

    @property
    def grave(self) -> bool:
        """Whether what was near is grave, or came again in another window."""
        return len(self.near) > 1 or any(is_grave(event) for events in self.near.values() for event in events)


def findings(events: Iterable[Event], windows: Bounds) -> Findings:
    """Tie harm to windows and to snapshots, with ten minutes to either side."""
    every = tuple(events)
    marks = [event.at_s for event in every if is_mark(event)]
    near: dict[str, list[Event]] = {}
    apart: list[Event] = []
    for event in every:
        if meaning(event) is None:
            continue
        occasion = _window(event.at_s, windows)
        if occasion is None and any(abs(event.at_s - mark) <= MARGIN_S for mark in marks):
            occasion = f"a snapshot on {_time(event.at_s):%Y-%m-%d}, outside of the windows"
        (apart if occasion is None else near.setdefault(occasion, [])).append(event)
    return Findings({occasion: tuple(events) for occasion, events in near.items()}, tuple(apart))


def _window(at_s: float, windows: Bounds) -> str | None:
    for start, end in windows:
        if start.timestamp() - MARGIN_S <= at_s <= end.timestamp() + MARGIN_S:
            return f"the window of {start:%Y-%m-%d %H:%M}Z"
    return None


def within(events: Iterable[Event], windows: Bounds) -> list[Event]:
    """Those in a window."""
    return [event for event in events if _window(event.at_s, windows) is not None]


def moves(events: Iterable[Event]) -> list[Event]:
    """Groups that moved to another node."""
    return [event for event in events if event.provider == _CLUSTERING and event.id in _MOVES]


def not_covered(read: SnapshotEvents, windows: Bounds, channels: Sequence[str]) -> str:
    """Why the logs do not tell all of the windows; empty when they do."""
    start_s = windows[0][0].timestamp() - MARGIN_S
    if read.since_s > start_s:
        return f"the logs were not asked for what was before {_time(read.since_s):%Y-%m-%d %H:%M}Z"
    return next((gap for name in channels if (gap := _gap(name, read.channels[name], start_s))), "")


def _gap(name: str, channel: Channel | None, start_s: float) -> str:
    if channel is None:
        return f"there is no log {name}"
    if not channel.enabled:
        return f"the log {name} is switched off"
    if channel.oldest_s is None:
        return f"the log {name} is empty: it was cleared, or nothing was ever written"
    if channel.oldest_s > start_s:
        return (
            f"the log {name} begins at {_time(channel.oldest_s):%Y-%m-%d %H:%M}Z and was overwritten or cleared since"
            f" {_time(start_s):%Y-%m-%d %H:%M}Z, when the first of the windows began"
        )
    return f"the log {name} had more events than were read" if channel.cut else ""


def time_line(events: Iterable[Event]) -> str:
    """The events one after another with what they mean; those that only mark a snapshot, too."""
    ordered = sorted(events, key=lambda event: event.at_s)
    return first_few([_line(event) for event in ordered], _SHOWN, separator="; ")


def _line(event: Event) -> str:
    begin = f"{_time(event.at_s):%Y-%m-%d %H:%M:%S}Z {_source(event)} {event.id}: "
    harm = meaning(event)
    if harm is None:
        return begin + " ".join(event.data[:2])
    return f"{begin}{harm} ({', '.join(event.data[:2])})" if event.data else begin + harm


def _source(event: Event) -> str:
    return event.provider.removeprefix("Microsoft-Windows-")


def _time(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def with_marks(harm: Sequence[Event], events: Iterable[Event]) -> list[Event]:
    """The harm, and the starts and stops of services around it that show a snapshot or a cluster going down."""
    times_s = [event.at_s for event in harm]
    around = [
        event
        for event in events
        if event.id == 7036 and event.channel == SYSTEM and any(abs(event.at_s - at_s) <= MARGIN_S for at_s in times_s)
    ]
    return [*harm, *around]
