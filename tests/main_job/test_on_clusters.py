"""The main job on the two nodes of a failover cluster of the bench, with a client beside them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bench import stand_in
from tests.bench.fleet import NODES, WINDOWS, Change, fleet
from tests.main_job.job import command, environment
from tests.main_job.test_on_windows import run

NAMES = ("fd01", *NODES)
SYSTEM = "System"
OPERATIONAL = "Microsoft-Windows-FailoverClustering/Operational"
CLUSTERING, SERVICES = "Microsoft-Windows-FailoverClustering", "Service Control Manager"
Found = dict[str, str]


@pytest.fixture(autouse=True)
def _needs_the_stand_in() -> None:
    stand_in.executable()


def _logs(*events: tuple[str, int, str], inside: bool = True) -> Change:
    """Events of clu01 half an hour into its last window, or six hours before it."""

    def change(description: dict[str, Any]) -> None:
        (start, _), *_ = WINDOWS["clu01"].last(1, datetime.now(UTC))  # another one may have begun
        when = start + timedelta(minutes=30) if inside else start - timedelta(hours=6)
        at = f"{when:%Y-%m-%dT%H:%M:%S}.0000000Z"
        description["events"][SYSTEM]["records"] = [
            {"at": at, "provider": provider, "id": number, "data": data.split(";")} for provider, number, data in events
        ]

    return change


STORY = (
    (SERVICES, 7036, "VMware Snapshot Provider;running;utf16:vmvss/4"),
    ("Ntfs", 50, r"\Device\HarddiskVolume4"),
    (CLUSTERING, 1069, "SQL AG;SQL AG"),
    (CLUSTERING, 1177, "CLU01"),
    (SERVICES, 7031, "Cluster Service;1"),
)


def _moved(description: dict[str, Any]) -> None:
    description["cluster"]["groups"]["SQL AG"]["owner"] = "CLU02"


def _tight(description: dict[str, Any]) -> None:
    description["cluster"]["settings"]["SameSubnetThreshold"] = 5


def _shared(description: dict[str, Any]) -> None:
    disk = {"type": "Physical Disk", "state": "Online", "group": "SQL AG"}
    description["cluster"]["resources"]["Cluster Disk 1"] = disk


def _agent(description: dict[str, Any]) -> None:
    uninstall = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Bacula"
    description["registry"][uninstall]["DisplayVersion"] = "9.6.6"


def _other_setting(description: dict[str, Any]) -> None:
    file = description["files"][r"C:\Program Files\Bacula\bacula-fd.conf"]
    assert "TLS Require = yes" in file["text"]
    file["text"] = file["text"].replace("FileDaemon {", "FileDaemon {\n  PKI Signatures = yes")


def _down(description: dict[str, Any]) -> None:
    (service,) = (row for row in description["cim"]["Win32_Service"] if row["Name"] == "ClusSvc")
    service.update(State="Stopped", ProcessId=0)
    del description["registry"]["HKLM\\Cluster"]


def _sees_it_down(description: dict[str, Any]) -> None:
    description["cluster"]["nodes"]["CLU02"] = "Down"


def _no_channel(name: str) -> Change:
    def change(description: dict[str, Any]) -> None:
        del description["events"][name]

    return change


def _overwritten(description: dict[str, Any]) -> None:
    description["events"][SYSTEM]["oldest"] = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%S}.0000000Z"


def _refused(description: dict[str, Any]) -> None:
    description["events"][SYSTEM]["denied"] = True


def _nobody_declared(document: dict[str, Any]) -> None:
    del document["clusters"]


def _with_memory(document: dict[str, Any]) -> None:
    document["hosts"]["clu01"]["backup"].update(quiesce=True, memory=True)


@dataclass(frozen=True)
class Planted:
    """What changes on the nodes or in the estate, the pairs that are wrong for it, and who others are put down to."""

    wrong: Found
    on: dict[str, Change] = field(default_factory=dict)
    declared: Change | None = None
    blockers: set[str] = field(default_factory=set)
    code: int = 1


def _both(change: Change) -> dict[str, Change]:
    return dict.fromkeys(NODES, change)


def failed(*pairs: str) -> Found:
    return dict.fromkeys(pairs, "FAIL")


def unknown(*pairs: str) -> Found:
    return dict.fromkeys(pairs, "UNKNOWN")


LOGS = unknown("CLU-012 clu01", "CLU-013 clu01")
FAULTS = {
    "a quiesced snapshot with memory": Planted(failed("CLU-009 clu01"), declared=_with_memory),
    "a shared disk under a snapshot": Planted(failed("CLU-008 clu01", "CLU-008 clu02"), _both(_shared)),
    "the events of the story in the window": Planted(failed("CLU-012 clu01"), {"clu01": _logs(*STORY)}),
    "the same events outside of the window": Planted(
        failed("CLU-013 clu01"), {"clu01": _logs(*STORY[1:], inside=False)}, code=0
    ),
    "a group that moved": Planted(failed("CLU-004 sqlclu"), _both(_moved)),
    "a heartbeat that is too tight": Planted(failed("CLU-011 sqlclu"), _both(_tight)),
    "another agent on one node": Planted(failed("VER-002 clu02/bacula.client", "CLU-006 sqlclu"), {"clu02": _agent}),
    "another setting on one node": Planted(failed("CLU-007 sqlclu"), {"clu02": _other_setting}),
    "a node that is down": Planted(
        failed("CLU-002 clu02", "CLU-003 clu01"),
        {"clu01": _sees_it_down, "clu02": _down},
        blockers={"CLU-002 clu02"},
    ),
    "a cluster that nobody declared": Planted(failed("CLU-001 clu01", "CLU-001 clu02"), declared=_nobody_declared),
    "a log that was overwritten": Planted(LOGS, {"clu01": _overwritten}, code=2),
    "no log of the cluster's moves": Planted(unknown("CLU-014 sqlclu"), {"clu01": _no_channel(OPERATIONAL)}, code=2),
    "a log that may not be read": Planted(LOGS | unknown("CLU-014 sqlclu"), {"clu01": _refused}, code=2),
}


# Each run on the nodes takes seconds, so those that have nothing to do with each other share one.
SHARED = (
    (
        "a quiesced snapshot with memory",
        "a heartbeat that is too tight",
        "another agent on one node",
        "another setting on one node",
        "the events of the story in the window",
        "a group that moved",
    ),
    ("a shared disk under a snapshot", "no log of the cluster's moves"),
)
ALONE = tuple((name,) for name in FAULTS if not any(name in names for names in SHARED))


def _all_of(changes: Iterable[Change | None]) -> Change:
    every = [change for change in changes if change is not None]

    def change(document: dict[str, Any]) -> None:
        for one in every:
            one(document)

    return change


@pytest.mark.parametrize("names", [*SHARED, *ALONE], ids=", ".join)
def test_planted_faults_are_named_by_what_they_touch_and_nothing_else(names: tuple[str, ...], tmp_path: Path) -> None:
    faults = [FAULTS[name] for name in names]
    on = {node: _all_of(fault.on.get(node) for fault in faults) for node in NODES}
    declared = _all_of(fault.declared for fault in faults)
    with fleet(tmp_path / "bench", on, names=NAMES, declared=declared) as hosts:
        job = run(hosts, tmp_path / "run")
        assert not any(host.shells.open for host in hosts.hosts.values())
    assert job.wrong() == {pair: outcome for fault in faults for pair, outcome in fault.wrong.items()}, job.stdout
    assert job.blockers() == set().union(*(fault.blockers for fault in faults))
    assert job.code == min((fault.code for fault in faults), key=(1, 2, 0).index)


def test_a_saved_run_is_judged_again_with_the_same_windows(tmp_path: Path) -> None:
    with fleet(tmp_path / "bench", {"clu01": _logs(*STORY)}, names=NAMES) as hosts:
        job = run(hosts, tmp_path / "run")
    judged = subprocess.run(
        command("judge", job.folder, "--out", tmp_path / "again"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert judged.returncode == job.code, judged.stderr
    for name in ("results.jsonl", "junit.xml"):
        assert (tmp_path / "again" / name).read_bytes() == (job.folder / name).read_bytes()
