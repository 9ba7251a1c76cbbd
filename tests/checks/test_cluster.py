"""The checks of failover clusters and of snapshots: the recorded facts of two nodes, changed one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from readiness.configs import SYSTEMS
from readiness.configs.model import ConfigurationFile, Directive, Resource
from readiness.core.facts import Fact, HostFacts, Missing, Why
from readiness.core.outcomes import Result
from readiness.estate import load_bytes
from readiness.planning.inputs import Inputs, names_of
from readiness.planning.plan import Narrowing, make_plan
from readiness.probes.configuration import Configuration
from readiness.probes.packages import Packages
from readiness.probes.windows import cluster as reading
from readiness.probes.windows.cluster import Cluster, ClusterMembership, VirtualMachine
from readiness.probes.windows.events import OPERATIONAL, SYSTEM, Channel, Event, SnapshotEvents
from readiness.products import load
from tests.bench import record
from tests.probes.windows.facts import PROBE

from .harness import Case, Change, Clean, Store, both, fact, judged, nothing, shipped, wrong

CONF = r"C:\Program Files\Bacula\bacula-fd.conf"
AS_OF = datetime(2026, 11, 25, 12, tzinfo=UTC)
_BACKUP = """{method: vm_snapshot, quiesce: false, memory: false, nothing_left_behind: {by: VM team, day: "2026-11-24"},
      window: {start: "START", hours: 3, zone: Europe/Berlin}}"""
FIRST, SECOND = _BACKUP.replace("START", "22:00"), _BACKUP.replace("START", "02:00")
ESTATE = f"""
service: backup
change: CHG1
cutover: {{start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}}
winrm: {{user: me}}
clusters: {{sqlclu: {{nodes: [clu01, clu02], preferred_owners: {{SQL AG: clu01}}}}}}
hosts:
  srv01: {{fqdn: srv01.lab.example, os: windows, products: {{}}}}
  clu01: {{fqdn: clu01.lab.example, os: windows, products: {{bacula: [client]}}, backup: {FIRST}}}
  clu02: {{fqdn: clu02.lab.example, os: windows, products: {{bacula: [client]}}, backup: {SECOND}}}
"""
CHECKS = tuple(f"CLU-{number:03}" for number in range(1, 16))


def inputs(*changes: tuple[str, str]) -> Inputs:
    text = ESTATE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    catalogue = load(SYSTEMS)
    files = {"estate.yaml": text.encode(), "baseline.yaml": b"clock: {max_offset_s: 1.0}\n"}
    loaded = load_bytes(files, names_of(catalogue), AS_OF)
    return Inputs(loaded.estate, loaded.baseline, catalogue, AS_OF, {})


def recorded(machine: str) -> HostFacts:
    """Its facts, and of events as if they were asked for since ever: the recording is of two windows."""
    values = {name: PROBE[name].parse(output) for name, output in record.saved(machine).items()}
    events = values["snapshot_events"]
    assert isinstance(events, SnapshotEvents)
    lines = {name: f"{machine}#{number}" for number, name in enumerate(values)}
    return HostFacts(machine, {**values, "snapshot_events": replace(events, since_s=0.0)}, lines)


def configured(machine: str, require: str | None = "yes") -> HostFacts:
    """The recorded facts of a node, and a configuration that it has."""
    directive = Directive("tlsrequire", require, None, "" if require else "stands in another file", f"{CONF}:3")
    file = ConfigurationFile(CONF, (Resource("filedaemon", f"{CONF}:1", (directive,)),), (), is_absent=False)
    known = recorded(machine)
    values = {**known.values, "configuration": Configuration({CONF: file}, {})}
    return replace(known, values=values, evidence={**known.evidence, "configuration": f"{machine}#99"})


@pytest.fixture(scope="module")
def clean() -> Clean:
    """The cluster, and not the demo's hosts."""
    return clean_cluster()


def clean_cluster() -> Clean:
    """Two nodes that were recorded, and a host that is none."""
    store = {"srv01": recorded("win2022"), "clu01": configured("clu01"), "clu02": configured("clu02")}
    return Clean(inputs(), store)


def of(host: str, machine: str, *kinds: type[Fact]) -> Change:
    def put(store: Store) -> None:
        theirs = recorded(machine).values
        values = {kind.name: theirs[kind.name] for kind in kinds}
        store[host] = replace(store[host], values={**store[host].values, **values})

    return put


def event(text: str, provider: str, number: int, *data: str, channel: str = SYSTEM) -> Event:
    known = {"cluster": "Microsoft-Windows-FailoverClustering", "services": "Service Control Manager"}
    at = datetime.fromisoformat(f"2026-11-{text}+00:00").timestamp()
    return Event(at, channel, known.get(provider, provider), number, data)


def logged(*events: Event, host: str = "clu01") -> Change:
    return fact(host, SnapshotEvents, lambda read: replace(read, events=events))


def log(channel: Channel | None, name: str = SYSTEM, host: str = "clu01") -> Change:
    return fact(host, SnapshotEvents, lambda read: replace(read, channels={**read.channels, name: channel}))


def cluster(change: Callable[[Cluster], Cluster]) -> Change:
    return both(fact("clu01", Cluster, change), fact("clu02", Cluster, change))


def heartbeat(threshold: int) -> Change:
    return cluster(lambda one: replace(one, settings={**one.settings, "SameSubnetThreshold": threshold}))


def group(**values: Any) -> Change:
    return cluster(lambda one: replace(one, groups={**one.groups, "SQL AG": replace(one.groups["SQL AG"], **values)}))


def version(text: str) -> Change:
    def change(packages: Packages) -> Packages:
        (one,) = packages.installed["Bacula"]
        return replace(packages, installed={**packages.installed, "Bacula": (replace(one, version=text),)})

    return fact("clu02", Packages, change)


def tools(**settings: str) -> Change:
    settings = {name.replace("__", "."): value for name, value in settings.items()}
    return fact("clu01", VirtualMachine, lambda one: replace(one, settings=settings))


SPARE = "Available Storage"
DISK = {"Cluster Disk 1": reading.Resource("Physical Disk", "Online", "SQL AG")}
WINDOW_HARM = event("24 22:00:00", "cluster", 1069, "Cluster Disk 1", "Data")
MILD = ("Microsoft-Windows-Ntfs", 98, "E:", r"\Device\HarddiskVolume4", "1")
SNAPSHOT_AT_NOON = event("23 12:00:00", "services", 7036, "VMware Snapshot Provider", "running", "vmvss/4")
UNREAD = Missing(Why.NOT_PERMITTED, "Access is denied", "log in with an administrator")
AGENT = '{method: agent, window: {start: "22:00", hours: 3, zone: Europe/Berlin}}'


def case(expected: dict[str, str], facts: Change = nothing, estate: tuple[tuple[str, str], ...] = ()) -> Case:
    """A change of facts or of the estate's text, and all that is named for it."""
    return Case(expected, facts, lambda _: inputs(*estate))


BOTH_008 = {"CLU-008 clu01": "FAIL", "CLU-008 clu02": "FAIL"}
CASES = {
    "a node that nobody declared": case({"CLU-001 srv01": "FAIL"}, of("srv01", "clu01", ClusterMembership)),
    "another one's node": case(
        {"CLU-001 clu01": "FAIL"}, fact("clu01", ClusterMembership, lambda one: replace(one, cluster="OLDCLU"))
    ),
    "a node of nobody knows which cluster": case(
        {"CLU-001 clu01": "UNKNOWN"},
        fact("clu01", ClusterMembership, lambda one: replace(one, cluster="", loaded=False)),
    ),
    "a service that is down": case({"CLU-002 clu02": "FAIL"}, of("clu02", "clu02down", ClusterMembership, Cluster)),
    "a service that starts by hand": case(
        {"CLU-002 clu01": "FAIL"}, fact("clu01", ClusterMembership, lambda one: replace(one, start="Manual"))
    ),
    "a node that is down": case(
        {"CLU-003 clu01": "FAIL", "CLU-003 clu02": "FAIL"},
        cluster(lambda one: replace(one, nodes={**one.nodes, "CLU02": "Down"})),
    ),
    "a node more": case(
        {"CLU-003 clu01": "FAIL", "CLU-003 clu02": "FAIL"},
        cluster(lambda one: replace(one, nodes={**one.nodes, "CLU03": "Up"})),
    ),
    "a cluster that may not be read": case(
        {"CLU-003 clu01": "UNKNOWN", "CLU-008 clu01": "UNKNOWN"},
        fact("clu01", Cluster, lambda _: UNREAD),
    ),
    "a group that moved": case({"CLU-004 sqlclu": "FAIL"}, group(owner="CLU02")),
    "a group that is half online": case({"CLU-004 sqlclu": "FAIL"}, group(state="PartialOnline")),
    "owners nobody agreed on": case(
        {"CLU-004 sqlclu": "UNKNOWN"}, estate=((", preferred_owners: {SQL AG: clu01}", ""),)
    ),
    "an owner of no group": case({"CLU-004 sqlclu": "UNKNOWN"}, estate=(("SQL AG: clu01", "SQL: clu01"),)),
    "a group that failed in the spare one": case(
        {"CLU-004 sqlclu": "FAIL"},
        cluster(lambda one: replace(one, groups={**one.groups, SPARE: replace(one.groups[SPARE], state="Failed")})),
    ),
    "any owner will do": case({}, group(owner="CLU02"), (("{SQL AG: clu01}", "{}"),)),
    "no witness": case({"CLU-005 sqlclu": "FAIL"}, cluster(lambda one: replace(one, witness=""))),
    "a witness that WMI does not tell": case(
        {"CLU-005 sqlclu": "UNKNOWN"}, cluster(lambda one: replace(one, witness=None))
    ),
    "two versions of the agent": case({"CLU-006 sqlclu": "FAIL"}, version("9.4.4")),
    "an agent on one node only": case(
        {"CLU-006 sqlclu": "FAIL", "CLU-009 clu02": "FAIL minor"},
        estate=(
            (
                "clu02.lab.example, os: windows, products: {bacula: [client]}",
                "clu02.lab.example, os: windows, products: {}",
            ),
        ),
    ),
    "a setting that is hidden": case(
        {"CLU-007 sqlclu": "UNKNOWN"},
        lambda store: store.update({name: configured(name, None) for name in ("clu01", "clu02")}),
    ),
    "two settings": case({"CLU-007 sqlclu": "FAIL"}, lambda store: store.update(clu02=configured("clu02", "no"))),
    "a configuration that may not be read": case(
        {"CLU-007 sqlclu": "UNKNOWN"}, fact("clu02", Configuration, lambda _: UNREAD)
    ),
    "a shared disk": case(BOTH_008, cluster(lambda one: replace(one, resources={**one.resources, **DISK}))),
    "a shared volume": case(BOTH_008, cluster(lambda one: replace(one, shared_volumes=("Volume 1",)))),
    "an agent that is declared, and a snapshot that was seen": case(
        {"CLU-008 clu01": "FAIL"}, logged(SNAPSHOT_AT_NOON), ((FIRST, AGENT), (SECOND, AGENT))
    ),
    "an agent that is declared, and a log that does not tell": case(
        {"CLU-008 clu01": "UNKNOWN", "CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"},
        log(None),
        ((FIRST, AGENT), (SECOND, AGENT)),
    ),
    "an agent that is declared, and a console": case(
        {"CLU-008 clu01": "FAIL", "CLU-008 clu02": "FAIL"},
        estate=((FIRST, AGENT), (SECOND, AGENT), ("bacula: [client]", "bacula: [console]")),
    ),
    "a shared disk, and an agent": case(
        {},
        cluster(lambda one: replace(one, resources={**one.resources, **DISK})),
        ((FIRST, AGENT), (SECOND, AGENT)),
    ),
    "a machine that is none": case(
        {"CLU-008 clu01": "FAIL"},
        fact("clu01", VirtualMachine, lambda one: replace(one, manufacturer="Dell Inc.", model="R740")),
    ),
    "snapshots with memory": case(
        {"CLU-009 clu01": "FAIL"}, estate=((FIRST, FIRST.replace("memory: false", "memory: true")),)
    ),
    "quiesced snapshots": case(
        {"CLU-009 clu01": "FAIL minor"}, estate=((FIRST, FIRST.replace("quiesce: false", "quiesce: true")),)
    ),
    "quiesced as declared, and the guest does not": case(
        {"CLU-009 clu01": "FAIL"},
        tools(vss__disableAppQuiescing="true"),
        ((FIRST, FIRST.replace("quiesce: false", "quiesce: true")),),
    ),
    "a method that nobody declared": case(
        {
            **dict.fromkeys(("CLU-008 clu01", "CLU-009 clu01", "CLU-015 clu01"), "UNKNOWN"),
            **dict.fromkeys(("CLU-012 clu01", "CLU-012 clu02"), "UNKNOWN"),
            **dict.fromkeys(("CLU-010 sqlclu", "CLU-011 sqlclu", "CLU-014 sqlclu"), "UNKNOWN"),
            **dict.fromkeys(("CLU-013 clu01", "CLU-013 clu02"), "UNKNOWN"),
        },
        estate=((f", backup: {FIRST}", ""),),
    ),
    "windows that meet": case({"CLU-010 sqlclu": "FAIL"}, estate=(('"02:00"', '"00:30"'),)),
    "windows with too little between them": case({"CLU-010 sqlclu": "FAIL"}, estate=(('"02:00"', '"01:05"'),)),
    "a heartbeat that is too tight": case({"CLU-011 sqlclu": "FAIL"}, heartbeat(5)),
    "a heartbeat that was too tight before": case(
        {"CLU-011 sqlclu": "FAIL minor", "CLU-013 clu01": "FAIL"},
        both(heartbeat(10), logged(event("20 12:00:00", "cluster", 1135, "CLU02"))),
    ),
    "a heartbeat that is just enough, and a log that does not tell": case(
        {"CLU-011 sqlclu": "UNKNOWN", "CLU-012 clu02": "UNKNOWN", "CLU-013 clu02": "UNKNOWN"},
        both(heartbeat(10), log(Channel(True, AS_OF.timestamp() - 86_400, cut=False), host="clu02")),  # noqa: FBT003
    ),
    "a heartbeat that is just enough, and nobody was removed": case({}, heartbeat(10)),
    "grave harm in a window": case({"CLU-012 clu01": "FAIL"}, logged(WINDOW_HARM)),
    "grave harm in the other node's window": case(
        {"CLU-012 clu02": "FAIL"}, logged(event("24 22:00:00", "cluster", 1135, "CLU01"), host="clu02")
    ),
    "grave harm in a window that has begun": case(
        {"CLU-012 clu01": "FAIL"},
        logged(event("25 11:30:00", "cluster", 1135, "CLU02")),
        ((FIRST, FIRST.replace("22:00", "12:00")),),
    ),
    "a log that was not asked for all of it": case(
        {"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN", "CLU-014 sqlclu": "UNKNOWN"},
        fact("clu01", SnapshotEvents, lambda read: replace(read, since_s=AS_OF.timestamp() - 86_400)),
    ),
    "a disk that was reset in two windows": case(
        {"CLU-012 clu01": "FAIL"},
        logged(event("24 22:00:00", "LSI_SAS", 129, "reset"), event("23 22:00:00", "pvscsi", 129, "reset")),
    ),
    "a provider in another spelling": case(
        {"CLU-012 clu01": "FAIL minor"}, logged(event("24 22:00:00", "Disk", 153, "again"))
    ),
    "the same harm outside of the windows": case(
        {"CLU-013 clu01": "FAIL"}, logged(replace(WINDOW_HARM, at_s=WINDOW_HARM.at_s - 36_000))
    ),
    "harm near a snapshot outside of the windows": case(
        {"CLU-012 clu01": "FAIL"}, logged(SNAPSHOT_AT_NOON, event("23 12:09:00", "Ntfs", 50, "E:"))
    ),
    "harm just before a window": case({"CLU-012 clu01": "FAIL"}, logged(event("24 20:55:00", "Ntfs", 50, "E:"))),
    "lost writes on a shadow copy": case(
        {"CLU-012 clu01": "FAIL minor"},
        logged(event("24 22:00:00", "Ntfs", 50, r"\Device\HarddiskVolumeShadowCopy7")),
    ),
    "mild harm once": case({"CLU-012 clu01": "FAIL minor"}, logged(event("24 22:00:00", *MILD))),
    "mild harm in two windows": case(
        {"CLU-012 clu01": "FAIL"}, logged(event("24 22:00:00", *MILD), event("23 22:00:00", *MILD))
    ),
    "a service that ended": case(
        {"CLU-012 clu01": "FAIL minor"}, logged(event("24 22:00:00", "services", 7031, "Print Spooler", "1"))
    ),
    "the Cluster service ended": case(
        {"CLU-012 clu01": "FAIL"}, logged(event("24 22:00:00", "services", 7031, "Clusterdienst", "1"))
    ),
    "a healthy volume": case({}, logged(event("24 22:00:00", "Microsoft-Windows-Ntfs", 98, "E:", "Volume4", "0"))),
    "a snapshot without harm": case({}, logged(SNAPSHOT_AT_NOON)),
    "a log that is not there": case({"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"}, log(None)),
    "a log that is switched off": case(
        {"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"},
        log(Channel(False, 0.0, cut=False)),  # noqa: FBT003
    ),
    "a log that is empty": case(
        {"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"},
        log(Channel(True, None, cut=False)),  # noqa: FBT003
    ),
    "a log that is younger than the windows": case(
        {"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"},
        log(Channel(True, AS_OF.timestamp() - 86_400, cut=False)),  # noqa: FBT003
    ),
    "a log that was cut": case(
        {"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"},
        log(Channel(True, 0.0, cut=True)),  # noqa: FBT003
    ),
    "mild harm in a young log is not all there was": case(
        {"CLU-012 clu01": "UNKNOWN", "CLU-013 clu01": "UNKNOWN"},
        both(logged(event("24 22:00:00", *MILD)), log(Channel(True, AS_OF.timestamp() - 86_400, cut=False))),  # noqa: FBT003
    ),
    "grave harm in a young log is enough": case(
        {"CLU-012 clu01": "FAIL", "CLU-013 clu01": "UNKNOWN"},
        both(logged(WINDOW_HARM), log(Channel(True, AS_OF.timestamp() - 86_400, cut=False))),  # noqa: FBT003
    ),
    "a group that moved in a window": case(
        {"CLU-014 sqlclu": "FAIL"},
        logged(event("24 22:00:00", "cluster", 1641, "SQL AG", "CLU02", channel=OPERATIONAL), host="clu02"),
    ),
    "a group that moved at noon": case(
        {}, logged(event("24 12:00:00", "cluster", 1641, "SQL AG", "CLU02", channel=OPERATIONAL))
    ),
    "no log of moves": case({"CLU-014 sqlclu": "UNKNOWN"}, log(None, OPERATIONAL)),
    "somebody looked long ago": case(
        {"CLU-015 clu01": "UNKNOWN"}, estate=((FIRST, FIRST.replace('day: "2026-11-24"', 'day: "2026-11-01"')),)
    ),
    "nobody looked for snapshots": case(
        {"CLU-015 clu01": "UNKNOWN"},
        estate=((FIRST, FIRST.replace(' nothing_left_behind: {by: VM team, day: "2026-11-24"},', "")),),
    ),
    "events that may not be read": case(
        {
            "CLU-012 clu01": "UNKNOWN",
            "CLU-013 clu01": "UNKNOWN",
            "CLU-014 sqlclu": "UNKNOWN",
        },
        fact("clu01", SnapshotEvents, lambda _: UNREAD),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    given, store = CASES[name], dict(clean.store)
    given.facts(store)
    outcomes = judged(given.inputs(clean.inputs), store, *CHECKS)
    assert wrong(outcomes) == given.expected, {pair: outcomes[pair].message for pair in wrong(outcomes)}
    blockers = {pair for one in outcomes.values() for pair in one.blocked_by}
    assert blockers <= {*given.expected, *(pair for pair in blockers if pair.startswith("VER-"))}


def test_the_clean_cluster_passes_and_says_what_it_saw(clean: Clean) -> None:
    outcomes = judged(clean.inputs, clean.store, *CHECKS)
    assert wrong(outcomes) == {}
    left = {pair for pair, one in outcomes.items() if one.outcome is Result.NOT_APPLICABLE}
    assert left == {"CLU-015 clu01", "CLU-015 clu02"}
    assert all(one.found or one.blocked_by for pair, one in outcomes.items() if pair not in left), outcomes


def test_the_story_is_told_as_a_time_line(clean: Clean) -> None:
    store = dict(clean.store)
    of("clu01", "clu01story", SnapshotEvents, Cluster, VirtualMachine)(store)
    outcomes = judged(clean.inputs, store, *CHECKS)
    order = [part.split("Z ")[1].split(":")[0] for part in outcomes["CLU-012 clu01"].found.split("; ")]
    assert [words.split()[-1] for words in order] == [
        *("7036", "12289", "50", "98", "140", "1069", "1177", "1564", "7024", "7031", "7036")
    ]
    assert "in the window of 2026-11-24 21:00Z" in outcomes["CLU-012 clu01"].found
    assert wrong(outcomes) == {
        "CLU-004 sqlclu": "FAIL",
        "CLU-008 clu01": "FAIL",
        "CLU-011 sqlclu": "FAIL",
        "CLU-012 clu01": "FAIL",
        "CLU-014 sqlclu": "FAIL",
    }


def _asked(given: Inputs) -> dict[str, tuple[str, ...]]:
    plan = make_plan(given, [one.check for one in shipped().values()], Narrowing())
    scripts = {name: {script.name: script.arguments for script in batch} for name, batch in plan.scripts.items()}
    return {name: batch["snapshot_events"] for name, batch in scripts.items() if "snapshot_events" in batch}


def test_each_node_is_asked_for_the_windows_of_all() -> None:
    asked = _asked(inputs())
    assert asked.keys() == {"clu01", "clu02"}
    assert asked["clu01"] == asked["clu02"]
    assert asked["clu01"][:2] == (
        "2026-11-18T20:50:00Z/2026-11-19T00:10:00Z",
        "2026-11-19T00:50:00Z/2026-11-19T04:10:00Z",
    )
    assert len(asked["clu01"]) == 14


def test_a_node_without_a_window_is_asked_for_the_last_week() -> None:
    asked = _asked(inputs((FIRST, "{method: agent}"), (SECOND, "{method: none}")))
    assert asked["clu01"] == asked["clu02"] == ("2026-11-18T11:50:00Z/2026-11-18T12:10:00Z",)
