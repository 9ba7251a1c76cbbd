"""Truth at the edges of Windows hosts, through the whole program: each has a reason of its own, or it works.

Two runs of five hosts: what hosts say, and how they are to talk to. Shown elsewhere, over the same wire: a script of
60 kB, an answer of 5 MB, silence at every point, and a wrong password in a whole run.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness.demo.winrm_batch import Batch
from tests.bench import stand_in
from tests.bench.fleet import BASELINE, CLIENTS, ENVIRONMENT, SERVERS, USER, Change, Fleet, fleet
from tests.bench.machine import MACHINES, described
from tests.bench.winrm_server import Host, Troubles
from tests.bench.winrm_shells import Program, Settings, Shell, Step
from tests.main_job.job import Job, command, environment

AREAS = ("connectivity", "identity", "os", "services", "listening", "windows")
FAIL, UNKNOWN = "FAIL", "UNKNOWN"
ONCE = [(USER, True)]


@dataclass(frozen=True)
class Ended:
    """A run, and what the hosts saw of it."""

    job: Job
    hosts: Mapping[str, Host]

    def wrong(self, host: str) -> dict[str, str]:
        """Outcome and message of each check of a host that neither passed nor follows from another one."""
        return {
            one["check"]: f"{one['outcome']} {one['message']}"
            for one in self.job.results
            if one["host"] == host and one["outcome"] in {FAIL, UNKNOWN} and not one["blocked_by"]
        }

    def is_so(self, host: str, expected: Mapping[str, tuple[str, str]]) -> None:
        """Exactly these checks of the host are wrong, each with its outcome and words of its reason."""
        wrong = self.wrong(host)
        assert wrong.keys() == expected.keys(), wrong
        for check, (outcome, words) in expected.items():
            assert wrong[check].startswith(f"{outcome} "), wrong[check]
            assert words in wrong[check]

    def follow(self, host: str) -> set[str]:
        """What a host's other outcomes are put down to."""
        return {name for one in self.job.results if one["host"] == host for name in one["blocked_by"]}


def run(bench: Fleet, folder: Path, *areas: str) -> Ended:
    _state(bench.estate / "estate.yaml", limits={"probe_bytes": 100_000})
    client = {"port": 9102, "process": "bacula-fd.exe"}
    _state(
        bench.estate / "baseline.yaml",
        operating_systems=[{"id": "windows", "version": version} for version in ("2012r2", "2022")],
        clock={"max_offset_s": 60.0},  # a busy machine starts PowerShell slowly, and cannot tell the clock any better
        listening={"also": [*BASELINE["listening"]["also"], client]},  # type: ignore[index]
    )
    ended = subprocess.run(
        command("run", bench.estate, "--out", folder, *(word for area in areas for word in ("--area", area))),
        env={**environment(folder.parent), **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=100,  # less than a host is given: none of these hangs
        check=False,
    )
    return Ended(Job(ended.returncode, ended.stdout, ended.stderr, folder), bench.hosts)


def _state(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**yaml.safe_load(file.read_text()), **values}))


# What hosts say.


def becomes(machine: str) -> Change:
    """The description of another machine, under the name that the host has here."""

    def change(description: dict[str, Any]) -> None:
        name = description["environment"]["COMPUTERNAME"].lower()
        text = json.dumps(described(MACHINES / f"{machine}.yaml"))
        for old in (machine, "win2022"):
            text = text.replace(old.upper(), name.upper()).replace(old, name)
        description.clear()
        description.update(json.loads(text.replace(f"{name}.pem", "win2022.pem")))

    return change


def _one_of_each(description: dict[str, Any]) -> None:
    """Lists of one element, which PowerShell likes to hand on without the list."""
    cim = description["cim"]
    for name, wanted in (("Win32_Service", "Bacula-fd"), ("Win32_Process", "bacula-fd.exe")):
        cim[name] = [row for row in cim[name] if row["Name"] == wanted]
    description["sockets"] = [row for row in description["sockets"] if row["port"] == 9102]
    description["defender"]["Path"] = [r"C:\Program Files\Bacula"]
    description["cipher_suites"] = description["cipher_suites"][:1]


def _none_at_all(description: dict[str, Any]) -> None:
    """Lists without an element; of all but exclusions and networks every real host has some."""
    description["cim"] |= {"Win32_Service": [], "Win32_Process": []}
    description["defender"]["Path"] = []
    description |= {"sockets": [], "cipher_suites": [], "networks": {}}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    stand_in.executable()
    folder = tmp_path_factory.mktemp("told")
    faults: dict[str, Change] = {
        "srv01": becomes("win2022de"),
        "srv02": becomes("win2012r2"),
        "fd01": becomes("win2022user"),
        "fd02": _one_of_each,
        "fd03": _none_at_all,
    }
    with fleet(folder / "bench", faults, names=(*SERVERS, *CLIENTS)) as bench:
        yield run(bench, folder / "run", *AREAS, "clock")


def test_every_host_is_logged_on_to_once_and_no_shell_stays_open(told: Ended) -> None:
    assert told.job.code == 1, told.job.stdout
    assert {name: (host.logons, host.shells.open) for name, host in told.hosts.items()} == dict.fromkeys(
        told.hosts, (ONCE, {})
    )


def test_a_german_windows_is_read_as_any_other(told: Ended) -> None:
    told.is_so("srv01", {})
    assert "ntp1.example.org" in told.job.message("CLK-002 srv01")
    assert "2 writers, all stable" in told.job.message("WIN-007 srv01")


def test_server_2012_r2_is_read_without_the_cmdlets_that_it_lacks(told: Ended) -> None:
    told.is_so(
        "srv02",
        {
            "WIN-002": (FAIL, "TLS 1.0 Server on"),
            "WIN-004": (FAIL, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
            "WIN-005": (FAIL, "Windows Update"),
            "WIN-006": (UNKNOWN, "tool absent: this host has no Microsoft Defender"),
        },
    )


def test_what_a_login_may_not_see_is_not_absent(told: Ended) -> None:
    refused = ("CLK-002", "LSN-001", "LSN-002", "LSN-003", "LSN-004", "SVC-001", "SVC-002", "SVC-003")
    expected = dict.fromkeys((*refused, "WIN-006", "WIN-007", "WIN-008"), (UNKNOWN, ": not permitted: "))
    told.is_so("fd01", {**expected, "WIN-001": (FAIL, "no administrator")})
    remedies = {row["check"]: row["remedy"] for row in told.job.results if row["host"] == "fd01"}
    wanted = "log in with an account of the host's Administrators group"
    assert [check for check in refused if wanted not in remedies[check]] == []


def test_a_list_of_one_is_a_list(told: Ended) -> None:
    told.is_so("fd02", {"WIN-006": (FAIL, r"not excluded: D:\Backup")})
    assert "1 suites, by cmdlet" in told.job.message("WIN-004 fd02")


def test_an_empty_list_is_told_from_one_that_was_not_read(told: Ended) -> None:
    told.is_so(
        "fd03",
        {
            **dict.fromkeys(("LSN-001", "LSN-002", "LSN-003", "LSN-004"), (UNKNOWN, "CmdletizationQuery_NotFound")),
            **dict.fromkeys(
                ("SVC-001", "SVC-002", "SVC-003"), (UNKNOWN, "not one service, and every Windows has some")
            ),
            "WIN-004": (UNKNOWN, "no list of suites"),
            "WIN-006": (FAIL, r"not excluded: C:\Program Files\Bacula, D:\Backup"),
        },
    )


# How hosts are to talk to.


def _five_megabytes(description: dict[str, Any]) -> None:
    description["vssadmin"]["out"] += ("x" * 79 + "\n") * (1 << 16)


def _locks_the_account(host: Host) -> Program:
    """A PowerShell under which the account is locked."""

    def program(stdin: bytes) -> Iterator[Step]:
        batch = Batch.read(stdin)
        yield "stdout", batch.mark("ready", 0)
        yield 0.5
        host.listener.users = {}
        yield 3600.0

    return program


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    stand_in.executable()
    folder = tmp_path_factory.mktemp("talked")
    one = Settings(max_shells_per_user=1)
    listeners: dict[str, dict[str, Any]] = {
        "srv01": {"settings": one, "troubles": Troubles(drop_after={6})},
        "srv02": {"troubles": Troubles(drop_after={5, 12})},
        "fd01": {"settings": one},
    }
    hosts = (*SERVERS, *CLIENTS)
    with fleet(folder / "bench", {"fd02": _five_megabytes}, names=hosts, listeners=listeners) as bench:
        bench.hosts["fd01"].shells.open["another's"] = Shell(USER)
        bench.hosts["fd03"].shells.program = _locks_the_account(bench.hosts["fd03"])
        yield run(bench, folder / "run", *AREAS)


def test_a_connection_that_breaks_once_under_a_quota_of_one_shell_works(talked: Ended) -> None:
    assert talked.job.code == 2, talked.job.stdout
    talked.is_so("srv01", {})
    host = talked.hosts["srv01"]
    assert (host.logons, host.shells.opened, host.shells.open) == (2 * ONCE, 2, {})


def test_a_connection_that_breaks_twice_is_lost(talked: Ended) -> None:
    talked.is_so("srv02", {"CON-001": (UNKNOWN, "reached: connection lost: ")})
    assert talked.follow("srv02") == {"CON-001 srv02"}
    host = talked.hosts["srv02"]
    # The first shell was closed over the second connection; the other one ends when it was idle, and that is told.
    assert (host.logons, host.shells.opened, len(host.shells.open)) == (2 * ONCE, 2, 1)
    assert "a shell may stay open there until it was idle" in (talked.job.folder / "transcript.jsonl").read_text()


def test_a_quota_that_is_used_up_is_named(talked: Ended) -> None:
    talked.is_so("fd01", {"CON-003": (UNKNOWN, "WinRM quota used up: MaxShellsPerUser")})
    assert talked.follow("fd01") == {"CON-003 fd01"}
    assert talked.hosts["fd01"].logons == ONCE
    assert talked.hosts["fd01"].shells.open.keys() == {"another's"}


def test_too_much_costs_itself(talked: Ended) -> None:
    talked.is_so("fd02", {"WIN-007": (UNKNOWN, "output cut: more than 100000 bytes")})
    assert (talked.hosts["fd02"].logons, talked.hosts["fd02"].shells.open) == (ONCE, {})


def test_an_account_that_is_locked_meanwhile_is_not_tried_again(talked: Ended) -> None:
    wrong = talked.wrong("fd03")
    assert all(": login refused: check: let in at first, then " in said for said in wrong.values())
    assert wrong.keys() >= {"IDN-001", "OS-001", "SVC-002", "WIN-001"}
    assert talked.hosts["fd03"].logons == [(USER, True), (USER, False)]
