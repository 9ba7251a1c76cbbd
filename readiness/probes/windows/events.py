"""Events of a Windows host that tell of snapshots and of the harm that they do to a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from readiness.core.facts import Fact
from readiness.probes.asking import Asking
from readiness.probes.reading import shown
from readiness.probes.windows.reading import Row, flag, items, natural, nonempty, probe, shape, text, unix_time

SYSTEM, APPLICATION = "System", "Application"
OPERATIONAL = "Microsoft-Windows-FailoverClustering/Operational"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `at_s` is a Unix time, `provider` the name that is registered, `data` its values in their order."""

    at_s: float
    channel: str
    provider: str
    id: int
    data: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A log: the Unix time of its oldest record, None when it is empty; `cut` where there was more than was taken."""

    enabled: bool
    oldest_s: float | None
    cut: bool


@dataclass(frozen=True, slots=True)
class SnapshotEvents(Fact):
    """The events since the Unix time that was asked for, in order; a channel that is not there is None."""

    name: ClassVar[str] = "snapshot_events"
    since_s: float
    channels: Mapping[str, Channel | None]
    events: tuple[Event, ...]


def _events(received: list[Row]) -> SnapshotEvents:
    channels: dict[str, Channel | None] = {}
    events: list[Event] = []
    *rest, asked = received
    for row in rest:
        if row.get("what") == "event":
            events.append(_event(row))
            continue
        shape(row, "what", "channel", "there", "enabled", "oldest", "cut")
        name = nonempty(row["channel"])
        if row["what"] != "channel" or name in channels:
            raise ValueError(f"no channel, or twice: {shown(name)}")
        oldest = None if row["oldest"] is None else unix_time(row["oldest"])
        channel = Channel(flag(row["enabled"]), oldest, flag(row["cut"]))
        channels[name] = channel if flag(row["there"]) else None
    if channels.keys() != {SYSTEM, APPLICATION, OPERATIONAL}:
        raise ValueError(f"not the channels: {shown(', '.join(channels))}")
    for event in events:
        if channels.get(event.channel) is None:
            raise ValueError(f"an event of a channel that is not there: {shown(event.channel)}")
    if shape(asked, "what", "since")["what"] != "asked":
        raise ValueError(f"not since when: {shown(str(asked))}")
    return SnapshotEvents(
        unix_time(asked["since"]), channels, tuple(sorted(events, key=lambda event: (event.at_s, event.id, event.data)))
    )


def _event(row: Row) -> Event:
    shape(row, "what", "channel", "at", "provider", "id", "data")
    data = tuple(text(value) for value in items(row["data"]))
    return Event(unix_time(row["at"]), nonempty(row["channel"]), nonempty(row["provider"]), natural(row["id"]), data)


def _windows(asking: Asking) -> tuple[str, ...]:
    return tuple(f"{_stamp(start)}/{_stamp(end)}" for start, end in asking.windows)


def _stamp(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


PROBES = (probe(SnapshotEvents, _events, cost=60, needs_s=60.0, arguments=_windows),)
