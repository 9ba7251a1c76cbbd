"""What cluster nodes tell: the scripts run on the stand-in for described machines, and after changes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.windows.cluster import Cluster, ClusterMembership, Group, Resource, VirtualMachine
from readiness.probes.windows.events import APPLICATION, OPERATIONAL, SYSTEM, Channel, SnapshotEvents
from tests.bench import machine, record, stand_in

from .facts import parsed

F = TypeVar("F", bound=Fact)
KINDS = ("cluster_membership", "cluster", "virtual_machine", "snapshot_events")
Change = Callable[[dict[str, Any]], None]


def answers(folder: Path, name: str, change: Change | None = None) -> dict[str, Output]:
    stand_in.executable()
    one = machine.Machine.load(name, folder / "before")
    if change is not None:
        one = one.changed(change, folder / "after")
    scripts = [script for script in record.scripts() if script.name in KINDS]
    return {output.name: output for output in stand_in.run(*scripts, env=one.environment(), timeout_s=60.0)}


def fact(outputs: dict[str, Output], kind: type[F]) -> F:
    found = parsed(outputs[kind.name])
    assert isinstance(found, kind), (found, outputs[kind.name])
    return found


def test_a_node_tells_its_cluster(tmp_path: Path) -> None:
    outputs = answers(tmp_path, "clu01")
    membership = fact(outputs, ClusterMembership)
    assert (membership.member, membership.running, membership.cluster) == (True, True, "SQLCLU")
    cluster = fact(outputs, Cluster)
    assert (cluster.called, cluster.nodes) == ("SQLCLU", {"CLU01": "Up", "CLU02": "Up"})
    assert cluster.groups["SQL AG"] == Group("Online", "CLU01")
    assert [name for name, one in cluster.groups.items() if one.spare] == ["Available Storage"]
    assert cluster.resources["SQL AG"] == Resource("SQL Server Availability Group", "Online", "SQL AG")
    assert cluster.settings["SameSubnetThreshold"] == 20
    assert cluster.witness == "File Share Witness"
    assert fact(outputs, VirtualMachine).hypervisor == "VMware"
    assert fact(outputs, SnapshotEvents).events == ()


def test_a_node_whose_service_is_down_is_a_member_still(tmp_path: Path) -> None:
    outputs = answers(tmp_path, "clu02down")
    membership = fact(outputs, ClusterMembership)
    assert (membership.member, membership.running, membership.loaded) == (True, False, False)
    assert not fact(outputs, Cluster).running


def test_a_host_with_the_role_alone_is_no_member(tmp_path: Path) -> None:
    def installed(description: dict[str, Any]) -> None:
        row = {
            "Name": "ClusSvc",
            "State": "Stopped",
            "StartMode": "Disabled",
            "StartName": "LocalSystem",
            "ProcessId": 0,
        }
        description["cim"]["Win32_Service"].append(row)

    assert not fact(answers(tmp_path / "1", "win2022"), ClusterMembership).member
    assert not fact(answers(tmp_path / "2", "win2022", installed), ClusterMembership).member


def test_wmi_tells_where_the_module_is_not(tmp_path: Path) -> None:
    cluster = fact(answers(tmp_path, "cluwmi"), Cluster)
    assert cluster.nodes == {"CLU01": "Up", "CLU02": "Down"}
    assert cluster.groups == {"Cluster Group": Group("Online", "CLU01"), "SQL AG": Group("PartialOnline", "CLU01")}
    assert cluster.resources == {"SQL AG": Resource("SQL Server Availability Group", "Failed", "SQL AG")}
    assert cluster.witness is None


def test_shared_volumes_are_told(tmp_path: Path) -> None:
    def shared(description: dict[str, Any]) -> None:
        description["cluster"]["shared_volumes"] = ["Volume 1", "Volume 2"]

    assert fact(answers(tmp_path, "clu01", shared), Cluster).shared_volumes == ("Volume 1", "Volume 2")


def test_a_snapshot_is_seen_around_what_it_did_at_any_time(tmp_path: Path) -> None:
    def at_noon(description: dict[str, Any]) -> None:
        services, clustering = "Service Control Manager", "Microsoft-Windows-FailoverClustering"
        mark = {"provider": services, "id": 7036, "data": ["VMware Snapshot Provider", "running", "utf16:vmvss/4"]}
        description["events"][SYSTEM]["records"] = [
            {**mark, "at": "2026-11-24T08:00:00Z"},
            {**mark, "at": "2026-11-24T12:00:00Z"},
            {"at": "2026-11-24T12:05:00Z", "provider": clustering, "id": 1135, "data": ["CLU02"]},
            {"at": "2026-11-24T12:06:00Z", "provider": "LSI_SAS", "id": 129, "data": []},
            {"at": "2026-11-24T12:07:00Z", "provider": "Microsoft-Windows-Time-Service", "id": 129, "data": []},
        ]

    read = fact(answers(tmp_path, "clu01", at_noon), SnapshotEvents)
    assert [event.id for event in read.events] == [7036, 1135, 129]
    assert read.since_s == 1795467000.0  # where the first window begins


def test_a_cluster_without_a_witness_is_told(tmp_path: Path) -> None:
    def without(description: dict[str, Any]) -> None:
        description["cluster"]["witness"] = None

    assert fact(answers(tmp_path, "clu01", without), Cluster).witness == ""


def test_the_story_is_read_in_order(tmp_path: Path) -> None:
    outputs = answers(tmp_path, "clu01story")
    told = [(event.provider, event.id) for event in fact(outputs, SnapshotEvents).events]
    assert [number for _, number in told] == [7036, 12289, 50, 98, 140, 1069, 1641, 1177, 1564, 7024, 7031, 7036]
    assert ("Microsoft-Windows-Kernel-General", 50) not in told
    assert fact(outputs, VirtualMachine).settings == {"enableSyncDriver": "false", "vss.disableAppQuiescing": "true"}


def _log(name: str, **changes: Any) -> Change:
    return lambda description: description["events"][name].update(changes)


def test_none_is_told_from_missing_young_empty_and_cut(tmp_path: Path) -> None:
    def harm(count: int) -> list[dict[str, Any]]:
        provider = "Microsoft-Windows-FailoverClustering"
        return [{"at": "2026-11-24T22:00:00Z", "provider": provider, "id": 1135, "data": ["CLU02"]}] * count

    channels = fact(answers(tmp_path / "1", "win2022"), SnapshotEvents).channels
    assert channels[OPERATIONAL] is None
    young = fact(answers(tmp_path / "2", "clu01", _log(SYSTEM, oldest="2026-11-25T01:00:00Z")), SnapshotEvents)
    assert young.channels[SYSTEM] == Channel(True, 1795568400.0, cut=False)  # noqa: FBT003 - in the order of the fields
    empty = fact(answers(tmp_path / "3", "clu01", _log(APPLICATION, oldest=None, enabled=False)), SnapshotEvents)
    assert empty.channels[APPLICATION] == Channel(False, None, cut=False)  # noqa: FBT003 - as above
    cut = fact(answers(tmp_path / "4", "clu01", _log(SYSTEM, records=harm(1001))), SnapshotEvents)
    assert cut.channels[SYSTEM] == Channel(True, channels[SYSTEM].oldest_s, cut=True)  # type: ignore[union-attr]  # noqa: FBT003
    assert len(cut.events) == 1000
    one = fact(answers(tmp_path / "5", "clu01", _log(SYSTEM, records=harm(1))), SnapshotEvents)
    assert [event.data for event in one.events] == [("CLU02",)]


def test_a_log_that_may_not_be_read_is_not_permitted(tmp_path: Path) -> None:
    found = parsed(answers(tmp_path, "clu01", _log(SYSTEM, denied=True))["snapshot_events"])
    assert isinstance(found, Missing)
    assert found.why is Why.NOT_PERMITTED


def test_without_rights_nothing_counts_as_absent(tmp_path: Path) -> None:
    outputs = answers(tmp_path, "win2022user")
    for kind in ("cluster_membership", "cluster", "virtual_machine"):
        found = parsed(outputs[kind])
        assert isinstance(found, Missing), kind
        assert found.why is Why.NOT_PERMITTED


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("cluster", '"state":"Up"', '"state":"Upp"'),
        ("cluster", '"what":"witness"', '"what":"quorum"'),
        ("cluster", '"owner":"CLU01"', '"owner":""'),
        ("snapshot_events", '"what":"asked"', '"what":"since"'),
        ("cluster", '"value":1000', '"value":0'),
        ("cluster", '"name":"CLU02"', '"name":"CLU01"'),
        ("cluster_membership", '"loaded":true', '"loaded":false'),
        ("cluster_membership", '"Auto"', '"Automatic"'),
        ("virtual_machine", '"what":"machine"', '"what":"setting"'),
        ("snapshot_events", '"channel":"Application"', '"channel":"System"'),
        ("snapshot_events", '"channel":"System"', '"channel":"Security"'),
    ],
)
def test_what_does_not_fit_is_not_understood(name: str, old: str, new: str) -> None:
    recording = record.saved("clu01")[name]
    assert old.encode() in recording.stdout
    assert parsed(replace(recording, stdout=recording.stdout.replace(old.encode(), new.encode(), 1))) is None
