"""What snapshots do to a failover cluster: which events tell of harm, and which of them a backup window had to do with.

Rules and meanings: products.md sections 11 and 12; events by what Microsoft documents of them (System log of failover
clustering), the rest from general knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from readiness.estate import Bounds
from readiness.estate.backups import MARGIN_S
from readiness.probes.windows.events import SYSTEM, Channel, Event, SnapshotEvents

_SHOWN = 16
_NTFS = frozenset({"Ntfs", "Microsoft-Windows-Ntfs"})
_CLUSTERING = frozenset({"Microsoft-Windows-FailoverClustering"})
_SERVICES = frozenset({"Service Control Manager"})
_SHADOW_COPY = "HarddiskVolumeShadowCopy"
# Moving, failing over and failing back.
_MOVES = {1153, 1154, 1641}
_RESET = 129  # of a disk, written by the driver of its adapter, of which there are many
_TIME_SERVICE = "microsoft-windows-time-service"
# Kinds of resources that are disks of all nodes.
SHARED_DISKS = frozenset({"Physical Disk", "Storage Pool", "Volume Manager Disk Group"})

# (providers, id): what it means, and whether one of them is enough.
_HARM: dict[tuple[frozenset[str], int], tuple[str, bool]] = {
    (_NTFS, 50): ("a delayed write was lost", True),
    (_NTFS, 55): ("the file system is damaged", True),
    (_NTFS, 57): ("the transaction log could not be flushed", False),
    (_NTFS, 98): ("the volume needs a check", True),
    (_NTFS, 130): ("the file system was mended", False),
    (_NTFS, 131): ("the file system could not be mended", True),
    (_NTFS, 132): ("too many repairs of the file system", True),
    (_NTFS, 133): ("too many repairs of the file system", True),
    (_NTFS, 137): ("the transaction manager could not start", False),
    (_NTFS, 140): ("data could not be flushed to the transaction log", True),
    (frozenset({"Ftdisk"}), 57): ("the transaction log could not be flushed", False),
    (_CLUSTERING, 1069): ("a resource failed", True),
    (_CLUSTERING, 1127): ("a network interface failed", False),
    (_CLUSTERING, 1129): ("a network was partitioned", False),
    (_CLUSTERING, 1130): ("a network went down", False),
    (_CLUSTERING, 1135): ("a node was removed from the membership", True),
    (_CLUSTERING, 1146): ("the resource host ended", True),
    (_CLUSTERING, 1177): ("quorum was lost", True),
    (_CLUSTERING, 1205): ("a role did not come online whole", True),
    (_CLUSTERING, 1230): ("a resource ran out of time", True),
    (_CLUSTERING, 1254): ("a role reached its limit of failovers", True),
    (_CLUSTERING, 1540): ("the configuration could not be saved, no quorum", True),
    (_CLUSTERING, 1557): ("the witness could not be updated", True),
    (_CLUSTERING, 1561): ("the node lacks the latest configuration", True),
    (_CLUSTERING, 1563): ("the witness could not come online", True),
    (_CLUSTERING, 1564): ("the witness could not arbitrate", True),
    (_CLUSTERING, 1573): ("the cluster could not be formed without its witness", True),
    (_CLUSTERING, 1672): ("a node was quarantined", True),
    (_CLUSTERING, 5120): ("a shared volume paused", True),
    (_CLUSTERING, 5142): ("a shared volume is out of reach", True),
    (_SERVICES, 7024): ("a service ended with an error", False),
    (_SERVICES, 7031): ("a service ended unexpectedly", False),
    (_SERVICES, 7034): ("a service ended unexpectedly", False),
    **{(frozenset({"VSS"}), number): ("a shadow copy failed", False) for number in (8193, 8194, 12289, 12293, 12302)},
    **{(frozenset({"volsnap"}), number): ("shadow copies were lost", False) for number in (25, 27, 36)},
    (frozenset({"disk"}), 153): ("an input or output was tried again", False),
    (frozenset({"disk"}), 157): ("a disk was removed by surprise", False),
}
_MEANING = {(one.lower(), number): told for (providers, number), told in _HARM.items() for one in providers}
# What event 98 says in its third value: 0 is healthy, 1 wants a scan that can be made online.
_HEALTHY, _ONLINE_SCAN = "0", "1"
# Services that start and stop for a snapshot, by their own names and by those shown in English and German.
_MARKS = ("VSS", "vmvss", "swprv", "Volume Shadow Copy", "VMware Snapshot Provider", "Volumeschattenkopie")


def meaning(event: Event) -> str | None:
    """The harm that an event tells of, in words; None for one that tells of none."""
    provider = event.provider.lower()
    if event.id == _RESET and provider != _TIME_SERVICE:
        return "a disk was reset"
    told = _MEANING.get((provider, event.id))
    if told is None or (event.id == 98 and _value(event, 2) == _HEALTHY):
        return None
    return told[0]


def is_grave(event: Event) -> bool:
    """Whether one such event is enough; what befell a shadow copy's own volume is not."""
    if any(_SHADOW_COPY in value for value in event.data) or (event.id == 98 and _value(event, 2) == _ONLINE_SCAN):
        return False
    if event.provider in _SERVICES:
        return "cluster" in _value(event, 0).lower()
    return _MEANING.get((event.provider.lower(), event.id), ("", False))[1]


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
    told = tuple(events)
    marks = [event.at_s for event in told if is_mark(event)]
    near: dict[str, list[Event]] = {}
    apart: list[Event] = []
    for event in told:
        if meaning(event) is None:
            continue
        place = _window(event.at_s, windows)
        if place is None and any(abs(event.at_s - mark) <= MARGIN_S for mark in marks):
            place = f"a snapshot on {_time(event.at_s):%Y-%m-%d}, outside of the windows"
        (apart if place is None else near.setdefault(place, [])).append(event)
    return Findings({place: tuple(found) for place, found in near.items()}, tuple(apart))


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
    return [event for event in events if event.provider in _CLUSTERING and event.id in _MOVES]


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
    told = [
        f"{_time(event.at_s):%Y-%m-%d %H:%M:%S}Z {_source(event)} {event.id}: {meaning(event) or _said(event)}"
        + (f" ({', '.join(event.data[:2])})" if meaning(event) and event.data else "")
        for event in sorted(events, key=lambda one: one.at_s)
    ]
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return "; ".join(told[:_SHOWN]) + more


def _said(event: Event) -> str:
    return " ".join(event.data[:2])


def _source(event: Event) -> str:
    return event.provider.removeprefix("Microsoft-Windows-")


def _time(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def with_marks(harm: Iterable[Event], events: Iterable[Event]) -> list[Event]:
    """The harm, and the starts and stops of services around it that show a snapshot or a cluster going down."""
    found = list(harm)
    around = [
        event
        for event in events
        if event.id == 7036 and event.channel == SYSTEM and any(abs(event.at_s - one.at_s) <= MARGIN_S for one in found)
    ]
    return [*found, *around]
