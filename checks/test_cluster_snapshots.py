"""Can the snapshot of a virtual machine bring its failover cluster down, and has it.

The story: a node of a two-node cluster was backed up by a snapshot; the day after, the group was on the other node, and
the log told of lost writes, failed resources and lost quorum. Quiescing and capturing memory had stopped the machine
for longer than the cluster waits.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from readiness.clusters import seen
from readiness.estate import Backup, BackupWindow, FailoverCluster
from readiness.plugin import (
    ClusterNode,
    Facts,
    Inputs,
    Target,
    check,
    each_cluster,
    each_cluster_node,
    expect_that,
    failed,
    not_applicable,
    unknown,
)
from readiness.probes.windows.cluster import Cluster, VirtualMachine
from readiness.probes.windows.events import APPLICATION, OPERATIONAL, SYSTEM, SnapshotEvents
from readiness.snapshots import WINDOWS, Findings, findings, moves, not_covered, time_line, with_marks, within

SHARED_DISK = "Physical Disk"
NODE_REMOVED = 1135
LEAST_MS, SLOW_MS = 10_000, 20_000
Bounds = tuple[tuple[datetime, datetime], ...]


def _backup(target: Target) -> Backup:
    """How the node is backed up; UNKNOWN where nobody said."""
    subject: ClusterNode = target.subject
    if subject.host.backup is None:
        unknown(f"never declared: hosts.{subject.host.name}.backup says by which method the node is backed up")
    return subject.host.backup


def _snapshot(target: Target) -> Backup:
    """The backup where it is by snapshot; anything else does no harm of this kind."""
    backup = _backup(target)
    if backup.method != "vm_snapshot":
        not_applicable(f"estate.yaml declares the backup method {backup.method}")
    return backup


def _windows(backup: Backup, name: str, inputs: Inputs) -> Bounds:
    """The last seven windows of a host that is backed up."""
    if backup.method == "none":
        not_applicable("estate.yaml declares the backup method none")
    if backup.window is None:
        unknown(f"never declared: hosts.{name}.backup.window says when the node is backed up")
    return backup.window.last(WINDOWS, inputs.as_of)


@check(
    "CLU-008",
    severity="blocker",
    targets=each_cluster_node,
    needs=(Cluster, VirtualMachine),
    remedy="Back the node up with an agent in the guest, and exclude its virtual machine from snapshots.",
    source="products.md section 12: snapshots of machines with bus sharing are not supported",
)
def test_a_node_with_shared_disks_is_not_snapshotted(target: Target, facts: Facts) -> None:
    """A node whose cluster has shared disks is backed up in the guest, not by snapshot."""
    backup = _backup(target)
    if backup.method == "none":
        not_applicable("estate.yaml declares the backup method none")
    host = target.subject.host
    if backup.method == "agent":
        held = [f"{product} {role}" for product, roles in host.products.items() for role in roles]
        expect_that(bool(held), expected="an agent on the node", found=", ".join(held) or "the estate declares none")
        return
    machine = facts.need(VirtualMachine)
    if not machine.hypervisor:
        failed(expected="a virtual machine", found=f"{machine.manufacturer} {machine.model}, which has no snapshots")
    shared = [name for name, one in seen(facts).resources.items() if one.kind == SHARED_DISK]
    expect_that(
        not shared,
        expected="no shared disk under a snapshot",
        found=f"{machine.hypervisor}, shared disks: {', '.join(shared) or 'none'}",
    )


@check(
    "CLU-009",
    severity="blocker",
    targets=each_cluster_node,
    needs=(VirtualMachine,),
    remedy="Take snapshots of the disks only (memory: false, quiesce: false), with the price that they are crash"
    " consistent, and back the application up with an agent in the guest.",
    source="products.md section 12: memory and quiescing stop it; vSphere's client has memory on by default",
)
def test_snapshots_do_not_stop_the_node(target: Target, facts: Facts) -> None:
    """A snapshot of the node leaves its memory out; quiescing it is a risk, not doing so has a price.

    Writing the memory, and waiting for the guest to quiesce, stop the machine for seconds; the cluster then takes it
    for dead. Without quiescing what is on the disks is crash consistent only: the application needs its own backup.
    """
    backup = _snapshot(target)
    machine, host = facts.need(VirtualMachine), target.subject.host
    told = f"memory {_on(backup.memory)}, quiesce {_on(backup.quiesce)}, declared"
    expect_that(not backup.memory, expected="snapshots without memory", found=told)
    settings = {name.lower(): value.lower() for name, value in machine.settings.items()}
    if backup.quiesce and settings.get("vss.disableappquiescing") == "true":
        failed(
            expected="a guest that quiesces, as declared",
            found="vss.disableAppQuiescing = true in tools.conf: the snapshot is crash consistent, and says nothing",
        )
    expect_that(not backup.quiesce, expected="snapshots without quiescing", found=told, severity="minor")
    expect_that(
        bool(host.products),
        expected="an agent in the guest for the application, since disks alone are crash consistent",
        found=", ".join(host.products) or "no product on the node",
        severity="minor",
    )


def _on(flag: bool) -> str:
    return "on" if flag else "off"


@check(
    "CLU-010",
    severity="major",
    targets=each_cluster,
    remedy="Give the nodes windows that do not meet, with ten minutes between them.",
    source="products.md section 12 rule (d): at most one node of a cluster at a time",
)
def test_nodes_are_backed_up_one_at_a_time(target: Target, inputs: Inputs) -> None:
    """The windows of two nodes that are backed up by snapshot do not meet."""
    cluster: FailoverCluster = target.subject
    declared = {node: inputs.estate.hosts[node].backup for node in cluster.nodes}
    if silent := [node for node, backup in declared.items() if backup is None]:
        unknown(f"never declared: how {', '.join(silent)} is backed up")
    by_snapshot = {node: one for node, one in declared.items() if one is not None and one.method == "vm_snapshot"}
    if len(by_snapshot) < 2:
        not_applicable("estate.yaml declares snapshots of fewer than two nodes")
    if silent := [node for node, backup in by_snapshot.items() if backup.window is None]:
        unknown(f"never declared: the window of {', '.join(silent)}")
    windows = {node: one.window for node, one in by_snapshot.items() if one.window is not None}
    pairs = combinations(windows.items(), 2)
    meeting = [f"{a} and {b}" for (a, first), (b, second) in pairs if _meet(first, second, inputs.as_of)]
    told = ", ".join(f"{node} {window}" for node, window in windows.items())
    expect_that(not meeting, expected="windows that do not meet", found=f"{told}; {', '.join(meeting) or 'none'} meet")


def _meet(first: BackupWindow, second: BackupWindow, as_of: datetime) -> bool:
    """Whether any of the last days' windows overlap; one more of each, since they may begin on different days."""
    return any(
        start < other_end and other_start < end
        for start, end in first.last(WINDOWS, as_of)
        for other_start, other_end in second.last(WINDOWS + 1, as_of)
    )


@check(
    "CLU-011",
    severity="major",
    targets=each_cluster_node,
    needs=(Cluster, SnapshotEvents),
    remedy="Raise the tolerance, for example (Get-Cluster).SameSubnetThreshold = 20, on the cluster.",
    source="products.md section 11: Server 2016's 10 s; vendors advise up to 20 s and more",
)
def test_heartbeat_outlasts_a_snapshot(target: Target, facts: Facts) -> None:
    """The cluster waits long enough for a node that a snapshot stops: ten seconds at least."""
    _snapshot(target)
    settings = seen(facts).settings
    waits = {kind: settings[f"{kind}Delay"] * settings[f"{kind}Threshold"] for kind in ("SameSubnet", "CrossSubnet")}
    told = ", ".join(f"{kind} {settings[f'{kind}Delay']} ms x {settings[f'{kind}Threshold']}" for kind in waits)
    note = ", slow to fail over" if max(waits.values()) > SLOW_MS else ""
    expect_that(min(waits.values()) >= LEAST_MS, expected=f"at least {LEAST_MS} ms", found=told + note)
    removed = [event for event in facts.need(SnapshotEvents).events if event.id == NODE_REMOVED]
    expect_that(
        not (removed and waits["SameSubnet"] == LEAST_MS),
        expected=f"more than {LEAST_MS} ms, since a node was removed before",
        found=f"{told}; {time_line(removed)}" if removed else told,
        severity="minor",
    )


def _judged(target: Target, facts: Facts, inputs: Inputs) -> tuple[Findings, SnapshotEvents, Bounds]:
    windows = _windows(_backup(target), target.subject.host.name, inputs)
    read = facts.need(SnapshotEvents)
    return findings(read.events, windows), read, windows


@check(
    "CLU-012",
    severity="blocker",
    targets=each_cluster_node,
    needs=(SnapshotEvents,),
    remedy="Back the node up in the guest, or by disk-only snapshots one node at a time.",
    source="products.md section 12, events and the rule of correlation",
)
def test_backup_windows_did_no_harm(target: Target, facts: Facts, inputs: Inputs) -> None:
    """The last seven backup windows left no trace of harm in the node's logs.

    Lost writes, failed resources and lost quorum count at once, lesser ones when they come again in another window.
    Ten minutes around a window or a snapshot count as near; that no snapshot service is seen acquits nobody.
    """
    found, read, windows = _judged(target, facts, inputs)
    harm = [event for events in found.near.values() for event in events]
    told = f"in {', '.join(found.near)}: {time_line(with_marks(harm, read.events))}" if harm else "none"
    if not found.grave and (gap := not_covered(read, windows, (SYSTEM, APPLICATION))):
        unknown(f"{gap}; found {told}" if harm else gap)
    expect_that(
        not harm,
        expected=f"no harm near the last {len(windows)} windows ({target.subject.host.backup.window})",
        found=told,
        severity=None if found.grave else "minor",
    )


@check(
    "CLU-013",
    severity="minor",
    targets=each_cluster_node,
    needs=(SnapshotEvents,),
    remedy="Read the events; they have another cause than the backup.",
    source="products.md section 12, events",
)
def test_no_harm_apart_from_backups(target: Target, facts: Facts, inputs: Inputs) -> None:
    """The node's logs tell of no harm outside of the backup windows either."""
    found, read, windows = _judged(target, facts, inputs)
    if not found.apart and (gap := not_covered(read, windows, (SYSTEM, APPLICATION))):
        unknown(gap)
    expect_that(not found.apart, expected="no harm outside of the windows", found=time_line(found.apart) or "none")


def _every_window(cluster: FailoverCluster, inputs: Inputs) -> Iterator[tuple[str, Bounds]]:
    for node in cluster.nodes:
        backup = inputs.estate.hosts[node].backup
        if backup is None:
            unknown(f"never declared: hosts.{node}.backup says how and when the node is backed up")
        if backup.method != "none":
            yield node, _windows(backup, node, inputs)


@check(
    "CLU-014",
    severity="major",
    targets=each_cluster,
    needs=(SnapshotEvents,),
    remedy="Find out what moved the group; if it was the backup, change its method.",
    source="products.md section 12: event 1641 of FailoverClustering/Operational",
)
def test_no_group_moved_in_a_window(target: Target, facts: Facts, inputs: Inputs) -> None:
    """No group moved to another node in the last seven backup windows of any node.

    Every node's log is read, for each window: which node tells of a move depends on which one had the group.
    """
    cluster: FailoverCluster = target.subject
    windows = dict(_every_window(cluster, inputs))
    if not windows:
        not_applicable("estate.yaml declares the backup method none for all nodes")
    logs = {node: facts.of(node).need(SnapshotEvents) for node in cluster.nodes}
    events = [event for read in logs.values() for event in moves(read.events)]
    moved = {event for bounds in windows.values() for event in within(events, bounds)}
    gaps = [
        gap
        for bounds in windows.values()
        for read in logs.values()
        if (gap := not_covered(read, bounds, (OPERATIONAL,)))
    ]
    if not moved and gaps:
        unknown(gaps[0])
    expect_that(not moved, expected="no group that moved in a window", found=time_line(moved) or "none")


@check(
    "CLU-015",
    severity="major",
    targets=each_cluster_node,
    remedy="Look at the machine's snapshots in the hypervisor, and state nothing_left_behind: who looked, and when.",
    source="products.md section 12 rule (e): no old snapshots; only the hypervisor sees them",
)
def test_no_snapshot_was_left_behind(target: Target) -> None:
    """No old snapshot was left on the machine, as far as somebody looked.

    A snapshot that stays grows, slows the disks down and stops the machine for long when it is removed at last.
    """
    backup = _snapshot(target)
    if backup.nothing_left_behind is None:
        unknown("only the hypervisor sees snapshots that were left behind, and nobody declared to have looked")
    not_applicable(f"estate.yaml declares: {backup.nothing_left_behind}")
