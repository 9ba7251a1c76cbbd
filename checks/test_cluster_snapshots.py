"""Can the snapshot of a virtual machine bring its failover cluster down, and has it.

The story: a node of a two-node cluster was backed up by a snapshot; the day after, the group was on the other node, and
the log spoke of lost writes, failed resources and lost quorum. Quiescing and capturing memory had stopped the machine
for longer than the cluster waits.
"""

from datetime import datetime, timedelta
from itertools import combinations

from readiness.checking import (
    APPLICATION,
    MARGIN_S,
    OPERATIONAL,
    SYSTEM,
    WINDOWS,
    Backup,
    BackupWindow,
    Bounds,
    Cluster,
    ClusterNode,
    Facts,
    FailoverCluster,
    Inputs,
    SnapshotEvents,
    TargetOf,
    VirtualMachine,
    check,
    each_cluster,
    each_cluster_node,
    expect_that,
    failed,
    has_service,
    not_applicable,
    roles,
    snapshots,
    unknown,
    windows_of,
)
from readiness.checking.clusters import seen, seen_by_a_node

NODE_REMOVED = 1135
LEAST_MS, SLOW_MS = 10_000, 20_000
LOOKED_DAYS = 7


def _backup(target: TargetOf[ClusterNode]) -> Backup:
    """How the node is backed up; UNKNOWN where nobody said."""
    host = target.subject.host
    if host.backup is None:
        unknown(f"never declared: hosts.{host.name}.backup says by which method the node is backed up")
    return host.backup


def _snapshot(target: TargetOf[ClusterNode]) -> Backup:
    """The backup where it is by snapshot; anything else does no harm of this kind."""
    backup = _backup(target)
    if backup.method != "vm_snapshot":
        not_applicable(f"estate.yaml declares the backup method {backup.method}")
    return backup


def _windows(cluster: FailoverCluster, inputs: Inputs) -> Bounds:
    """The last windows of all nodes: what happens to one is logged by the others."""
    backups = {node: inputs.estate.hosts[node].backup for node in cluster.nodes}
    for node, backup in backups.items():
        if backup is None:
            unknown(f"never declared: hosts.{node}.backup says how and when the node is backed up")
        if backup.method != "none" and backup.window is None:
            unknown(f"never declared: hosts.{node}.backup.window says when the node is backed up")
    windows = windows_of(backups.values(), WINDOWS, inputs.as_of)
    return windows or not_applicable("estate.yaml declares the backup method none for all nodes")


@check(
    "CLU-008",
    severity="blocker",
    targets=each_cluster_node,
    needs=(Cluster, VirtualMachine, SnapshotEvents),
    remedy="Back the node up with an agent in the guest, and exclude its virtual machine from snapshots.",
    source="VMware vSphere 7.0, vSphere Virtual Machine Administration, Snapshot Limitations: machines with bus "
    "sharing are not supported",
)
def test_a_node_with_shared_disks_is_not_snapshotted(
    target: TargetOf[ClusterNode], facts: Facts, inputs: Inputs
) -> None:
    """A node whose cluster has shared disks is backed up in the guest, not by snapshot.

    Where no snapshot is declared, the node's log must not tell of one either.
    """
    backup = _backup(target)
    if backup.method != "vm_snapshot":
        _not_by_snapshot(target.subject, backup, facts, inputs)
        return
    machine = facts.need(VirtualMachine)
    if not machine.hypervisor:
        failed(expected="a virtual machine", found=f"{machine.manufacturer} {machine.model}, which has no snapshots")
    cluster = seen(facts)
    kinds = snapshots.SHARED_DISKS
    shared = [name for name, resource in cluster.resources.items() if resource.kind in kinds]
    shared += [f"{name} (CSV)" for name in cluster.shared_volumes]
    expect_that(
        not shared,
        expected="no shared disk under a snapshot",
        found=f"{machine.hypervisor}, shared disks: {', '.join(shared) or 'none'}",
    )


def _not_by_snapshot(node: ClusterNode, backup: Backup, facts: Facts, inputs: Inputs) -> None:
    """Expect no trace of a snapshot in the log, where only VMware's leave one; UNKNOWN where the log has a gap."""
    windows, read = _windows(node.cluster, inputs), facts.need(SnapshotEvents)
    taken = snapshots.of_the_hypervisor(read.events)
    if not taken and (gap := snapshots.not_covered(read, windows, (SYSTEM,))):
        unknown(gap)
    expect_that(
        not taken,
        expected=f"no snapshot, since the backup method {backup.method} is declared",
        found=f"VMware's snapshot service ran: {snapshots.time_line(taken)}" if taken else "no trace of VMware's",
    )
    if backup.method == "agent":
        own = [role for role in roles(inputs) if role.host.name == node.host.name]
        names = ", ".join(f"{role.product.product} {role.role.name}" for role in own)
        expect_that(
            any(map(has_service, own)), expected="an agent on the node", found=names or "the estate declares none"
        )


@check(
    "CLU-009",
    severity="blocker",
    targets=each_cluster_node,
    needs=(VirtualMachine,),
    remedy="Take snapshots of the disks only (memory: false, quiesce: false), with the price that they are crash"
    " consistent, and back the application up with an agent in the guest.",
    source="VMware vSphere 7.0, vSphere Virtual Machine Administration, Taking Snapshots "
    "of a Virtual Machine: memory and quiescing stop it",
)
def test_snapshots_do_not_stop_the_node(target: TargetOf[ClusterNode], facts: Facts) -> None:
    """A snapshot of the node leaves its memory out; quiescing it is a risk, not doing so has a price.

    Writing the memory, and waiting for the guest to quiesce, stop the machine for seconds; the cluster then takes it
    for dead. Without quiescing what is on the disks is crash consistent only: the application needs its own backup.
    """
    backup = _snapshot(target)
    machine, host = facts.need(VirtualMachine), target.subject.host
    declared = f"memory {_on(backup.memory)}, quiesce {_on(backup.quiesce)}, declared"
    expect_that(not backup.memory, expected="snapshots without memory", found=declared)
    settings = {name.lower(): value.lower() for name, value in machine.settings.items()}
    if backup.quiesce and settings.get("vss.disableappquiescing") == "true":
        failed(
            expected="a guest that quiesces, as declared",
            found="vss.disableAppQuiescing = true in tools.conf: the snapshot is crash consistent, and says nothing",
        )
    expect_that(not backup.quiesce, expected="snapshots without quiescing", found=declared, severity="minor")
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
    source="https://learn.microsoft.com/windows-server/failover-clustering/cluster-aware-updating (one node "
    "after another)",
)
def test_nodes_are_backed_up_one_at_a_time(target: TargetOf[FailoverCluster], inputs: Inputs) -> None:
    """The windows of two nodes that are backed up by snapshot do not meet."""
    cluster = target.subject
    declared = {node: inputs.estate.hosts[node].backup for node in cluster.nodes}
    if silent := [node for node, backup in declared.items() if backup is None]:
        unknown(f"never declared: how {', '.join(silent)} is backed up")
    by_snapshot = {node: backup for node, backup in declared.items() if backup and backup.method == "vm_snapshot"}
    if len(by_snapshot) < 2:
        not_applicable("estate.yaml declares snapshots of fewer than two nodes")
    if silent := [node for node, backup in by_snapshot.items() if backup.window is None]:
        unknown(f"never declared: the window of {', '.join(silent)}")
    windows = {node: backup.window for node, backup in by_snapshot.items() if backup.window is not None}
    pairs = combinations(windows.items(), 2)
    meeting = [f"{a} and {b}" for (a, first), (b, second) in pairs if _meet(first, second, inputs.as_of)]
    listed = ", ".join(f"{node} {window}" for node, window in windows.items())
    expect_that(
        not meeting,
        expected="windows that do not meet",
        found=f"{listed}; {', '.join(meeting) or 'none'} meet",
    )


def _meet(first: BackupWindow, second: BackupWindow, as_of: datetime) -> bool:
    """Whether any of the last days' windows come nearer than ten minutes; they may begin on different days."""
    margin = timedelta(seconds=MARGIN_S)
    return any(
        start < other_end + margin and other_start < end + margin
        for start, end in first.last(WINDOWS, as_of)
        for other_start, other_end in second.last(WINDOWS + 1, as_of)
    )


@check(
    "CLU-011",
    severity="major",
    targets=each_cluster,
    needs=(Cluster, SnapshotEvents),
    remedy="Raise the tolerance, for example (Get-Cluster).SameSubnetThreshold = 20, on the cluster.",
    source="Microsoft, Tuning Failover Cluster Network Thresholds (https://techcommunity.microsoft.com, "
    "371834): 10 s since Server 2016",
)
def test_heartbeat_outlasts_a_snapshot(target: TargetOf[FailoverCluster], facts: Facts, inputs: Inputs) -> None:
    """The cluster waits long enough for a node that a snapshot stops: ten seconds at least.

    And longer than that, if a node was removed before, which the other nodes' logs say.
    """
    cluster = target.subject
    backups = [inputs.estate.hosts[node].backup for node in cluster.nodes]
    if None in backups:
        unknown("never declared: how some of its nodes are backed up")
    if not any(backup.method == "vm_snapshot" for backup in backups if backup is not None):
        not_applicable("estate.yaml declares snapshots of none of its nodes")
    settings = seen_by_a_node(cluster, facts).settings
    waits = {kind: settings[f"{kind}Delay"] * settings[f"{kind}Threshold"] for kind in ("SameSubnet", "CrossSubnet")}
    tolerance = ", ".join(f"{kind} {settings[f'{kind}Delay']} ms x {settings[f'{kind}Threshold']}" for kind in waits)
    note = ", slow to fail over" if max(waits.values()) > SLOW_MS else ""
    expect_that(min(waits.values()) >= LEAST_MS, expected=f"at least {LEAST_MS} ms", found=tolerance + note)
    if waits["SameSubnet"] > LEAST_MS:
        return
    windows = _windows(cluster, inputs)
    logs = [facts.of(node).need(SnapshotEvents) for node in cluster.nodes]
    removed = [event for read in logs for event in read.events if event.id == NODE_REMOVED]
    if not removed and (gaps := [gap for read in logs if (gap := snapshots.not_covered(read, windows, (SYSTEM,)))]):
        unknown(f"whether a node was removed before cannot be told: {gaps[0]}")
    expect_that(
        not removed,
        expected=f"more than {LEAST_MS} ms, or no node that was removed before",
        found=f"{tolerance}; {snapshots.time_line(removed)}" if removed else tolerance,
        severity="minor",
    )


def _judged(
    target: TargetOf[ClusterNode], facts: Facts, inputs: Inputs
) -> tuple[snapshots.Findings, SnapshotEvents, Bounds]:
    windows = _windows(target.subject.cluster, inputs)
    read = facts.need(SnapshotEvents)
    return snapshots.findings(read.events, windows), read, windows


@check(
    "CLU-012",
    severity="blocker",
    targets=each_cluster_node,
    needs=(SnapshotEvents,),
    remedy="Back the node up in the guest, or by disk-only snapshots one node at a time.",
    source="readiness/policies/cluster_events.yaml",
)
def test_backup_windows_did_no_harm(target: TargetOf[ClusterNode], facts: Facts, inputs: Inputs) -> None:
    """The last seven backup windows left no trace of harm in the node's logs.

    Lost writes, failed resources and lost quorum count at once, lesser ones when they come again in another window.
    Ten minutes around a window or a snapshot count as near; a log without snapshot service events is no proof that no
    snapshot was taken.
    """
    findings, read, windows = _judged(target, facts, inputs)
    harm = [event for events in findings.near.values() for event in events]
    line = snapshots.time_line(snapshots.with_marks(harm, read.events))
    events = f"in {', '.join(findings.near)}: {line}" if harm else "none"
    if not findings.grave and (gap := snapshots.not_covered(read, windows, (SYSTEM, APPLICATION))):
        unknown(f"{gap}; found {events}" if harm else gap)
    expect_that(
        not harm,
        expected=f"no harm near the last {len(windows)} windows of the cluster's nodes",
        found=events,
        severity=None if findings.grave else "minor",
    )


@check(
    "CLU-013",
    severity="minor",
    targets=each_cluster_node,
    needs=(SnapshotEvents,),
    remedy="Read the events; they have another cause than the backup.",
    source="readiness/policies/cluster_events.yaml",
)
def test_no_harm_apart_from_backups(target: TargetOf[ClusterNode], facts: Facts, inputs: Inputs) -> None:
    """The node's logs tell of no harm outside of the backup windows either."""
    findings, read, windows = _judged(target, facts, inputs)
    if not findings.apart and (gap := snapshots.not_covered(read, windows, (SYSTEM, APPLICATION))):
        unknown(gap)
    line = snapshots.time_line(findings.apart)
    expect_that(not findings.apart, expected="no harm outside of the windows", found=line or "none")


@check(
    "CLU-014",
    severity="major",
    targets=each_cluster,
    needs=(SnapshotEvents,),
    remedy="Find out what moved the group; if it was the backup, change its method.",
    source="https://learn.microsoft.com/windows-server/failover-clustering/system-events",
)
def test_no_group_moved_in_a_window(target: TargetOf[FailoverCluster], facts: Facts, inputs: Inputs) -> None:
    """No group moved to another node in the last seven backup windows of any node.

    Every node's log is read: only the node that had the group logs a move.
    """
    cluster = target.subject
    windows = _windows(cluster, inputs)
    logs = [facts.of(node).need(SnapshotEvents) for node in cluster.nodes]
    moved = [event for read in logs for event in snapshots.within(snapshots.moves(read.events), windows)]
    if not moved and (gaps := [gap for read in logs if (gap := snapshots.not_covered(read, windows, (OPERATIONAL,)))]):
        unknown(gaps[0])
    expect_that(not moved, expected="no group that moved in a window", found=snapshots.time_line(moved) or "none")


@check(
    "CLU-015",
    severity="major",
    targets=each_cluster_node,
    remedy="Look at the machine's snapshots in the hypervisor, and state nothing_left_behind: who looked, and when.",
    source="https://knowledge.broadcom.com/external/article/318825 (best practices for snapshots: 72 hours at most)",
)
def test_no_snapshot_was_left_behind(target: TargetOf[ClusterNode], inputs: Inputs) -> None:
    """No old snapshot was left on the machine, as far as somebody looked.

    A snapshot that stays grows, slows the disks down and stops the machine for long when it is removed at last.
    """
    looked = _snapshot(target).nothing_left_behind
    if looked is None:
        unknown("only the hypervisor sees snapshots that were left behind, and nobody declared to have looked")
    days = (inputs.as_of.date() - looked.day).days
    if not 0 <= days <= LOOKED_DAYS:
        unknown(f"{looked.by} looked on {looked.day}, which is not within the {LOOKED_DAYS} days before this run")
    not_applicable(f"estate.yaml declares that {looked.by} looked on {looked.day}")
