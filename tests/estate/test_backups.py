"""Backup methods, windows and clusters in estate.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import pytest

from readiness.estate import ESTATE
from readiness.estate.backups import Backup, BackupWindow, Looked, windows_of
from tests.estate.samples import GOOD, loaded, problems

_NODES = """
  n1: {fqdn: n1.example.com, products: {}, os: windows, winrm: {user: me},
      backup: {method: vm_snapshot, quiesce: true, memory: false,
      window: {start: "22:00", hours: 6, zone: Europe/Berlin}, nothing_left_behind: {by: VM team, day: "2026-11-20"}}}
  n2: {fqdn: n2.example.com, products: {}, os: windows, winrm: {user: me}, backup: {method: agent}}
  n3: {fqdn: n3.example.com, products: {}, os: windows, winrm: {user: me}}
"""
_CLUSTERS = """clusters:
  sql: {nodes: [n1, n2], preferred_owners: {SQL Server (MSSQLSERVER): n1}}
"""
_TEXT = GOOD[ESTATE].decode().rstrip() + _NODES + _CLUSTERS


def files(old: str = "", new: str = "") -> Mapping[str, bytes]:
    assert not old or _TEXT.count(old) == 1, old
    return {**GOOD, ESTATE: (_TEXT.replace(old, new) if old else _TEXT).encode()}


def test_what_is_declared_is_kept() -> None:
    estate = loaded(files()).estate
    window = BackupWindow(start=time(22), hours=6.0, zone="Europe/Berlin")
    looked = Looked(by="VM team", day=date(2026, 11, 20))
    expected = Backup(method="vm_snapshot", quiesce=True, memory=False, window=window, nothing_left_behind=looked)
    assert estate.hosts["n1"].backup == expected
    assert estate.hosts["n2"].backup == Backup(method="agent")
    assert estate.hosts["n3"].backup is None
    (cluster,) = estate.clusters.values()
    assert (cluster.name, cluster.nodes) == ("sql", ("n1", "n2"))
    assert cluster.preferred_owners == {"SQL Server (MSSQLSERVER)": "n1"}
    assert str(window) == "22:00 for 6 h, Europe/Berlin"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("quiesce: true, ", "", "a snapshot without quiesce and memory"),
        (
            "{method: agent}",
            "{method: agent, memory: false}",
            "memory with the method agent (it is of vm_snapshot only)",
        ),
        (
            "{method: agent}",
            '{method: none, window: {start: "22:00", hours: 6, zone: Etc/UTC}}',
            "a window with the method none",
        ),
        ("{method: agent}", "{method: tape}", "'method' must be vm_snapshot, agent or none"),
        ("Europe/Berlin", "Europe/Berln", "there is no time zone 'Europe/Berln'"),
        ('"22:00"', '"24:00"', "start '24:00' is malformed (hours and minutes, like"),
        ('"22:00"', "22:00", "'22:00' is a number to base 60 to some YAML readers"),
        ('"2026-11-20"', '"2026-11-31"', "'2026-11-31' is not a day (write it like"),
        ('"2026-11-20"', "yesterday", "'yesterday' is not a day"),
        ("hours: 6", "hours: 25", "'hours' must be at most 24"),
        ("[n1, n2]", "[n1, n4]", "unknown host 'n4'"),
        ("[n1, n2]", "[n1, n2, jump]", "'jump' is no Windows host"),
        ("[n1, n2]", "[n1, n2, n2]", "'n2' stands in the list twice"),
        ("  sql: {", "  old: {nodes: [n2]}\n  sql: {", "'n2' is also a node of old"),
        ("  sql:", "  jump:", "the cluster 'jump' has the name of a host or group"),
        ("  sql:", "  clients:", "the cluster 'clients' has the name of a host or group"),
        ("  sql:", "  gate:", "host name 'gate' is a word of the reports"),
        ("MSSQLSERVER): n1", "MSSQLSERVER): n3", "'n3' is no node of this cluster"),
        (_CLUSTERS, "clusters: {}\n", "the mapping is empty and states nothing"),
    ],
)
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    (problem,) = problems(files(old, new))
    assert said in str(problem)
    assert problem.line > 50


def test_an_unknown_node_hides_no_owner_that_is_no_node() -> None:
    text = files("[n1, n2]", "[n1, n4]")[ESTATE].decode().replace("MSSQLSERVER): n1", "MSSQLSERVER): n3")
    unknown, owner = problems({**GOOD, ESTATE: text.encode()})
    assert "unknown host 'n4'" in str(unknown)
    assert "'n3' is no node of this cluster" in str(owner)


def test_the_last_windows_are_those_that_have_ended_and_one_that_has_begun() -> None:
    window = BackupWindow(start=time(22), hours=6.0, zone="Europe/Berlin")
    last = window.last(7, datetime(2026, 11, 25, 2, 59, tzinfo=UTC))
    assert last[-2] == (datetime(2026, 11, 23, 21, tzinfo=UTC), datetime(2026, 11, 24, 3, tzinfo=UTC))
    assert last[-1][0] == datetime(2026, 11, 24, 21, tzinfo=UTC)  # the one that has begun
    ended = window.last(7, datetime(2026, 11, 25, 3, tzinfo=UTC))
    assert ended[-1] == last[-1]
    assert (len(last), len(ended)) == (8, 7)
    assert list(last) == sorted(last)


def test_windows_of_several_are_one_after_another() -> None:
    first, second = (BackupWindow(start=time(hour), hours=2.0, zone="Etc/UTC") for hour in (20, 23))
    backups = (None, Backup(method="none"), Backup(method="agent", window=second), Backup(method="agent", window=first))
    assert [start.hour for start, _ in windows_of(backups, 2, datetime(2026, 11, 25, 12, tzinfo=UTC))] == [20, 23] * 2


def test_a_window_keeps_to_the_clocks_of_its_zone() -> None:
    window = BackupWindow(start=time(22), hours=8.0, zone="Europe/Berlin")
    starts = [start for start, _ in window.last(2, datetime(2026, 10, 26, 12, tzinfo=UTC))]
    assert starts == [datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 21, tzinfo=UTC)]
