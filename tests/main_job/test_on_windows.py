"""The main job, whole, on Windows hosts of the bench: NTLM sealed over HTTP, NTLM and Basic over HTTPS, in one run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.bench import stand_in
from tests.bench.fleet import VARIABLE, WAYS, WORD, Change, Fleet, fleet
from tests.main_job.job import Job, command, environment


@pytest.fixture(autouse=True)
def _needs_the_stand_in() -> None:
    stand_in.executable()


def run(hosts: Fleet, folder: Path, word: str = WORD) -> Job:
    ended = subprocess.run(
        command("run", hosts.estate, "--out", folder),
        env={**environment(folder.parent), VARIABLE: word},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    return Job(ended.returncode, ended.stdout, ended.stderr, folder)


def test_clean_hosts_pass_by_every_way_in_with_one_logon_each(tmp_path: Path) -> None:
    with fleet(tmp_path / "bench") as hosts:
        job = run(hosts, tmp_path / "run")
        assert job.wrong() == {}, job.stdout
        assert job.code == 0, job.stdout
        assert {name: host.logons for name, host in hosts.hosts.items()} == {name: [("check", True)] for name in WAYS}
        assert not any(host.shells.open or host.plain_messages for host in hosts.hosts.values())
    assert WORD not in "".join(path.read_text() for path in (tmp_path / "run").rglob("*") if path.is_file())


def test_a_wrong_password_is_one_attempt_and_never_green(tmp_path: Path) -> None:
    with fleet(tmp_path / "bench") as hosts:
        job = run(hosts, tmp_path / "run", "wrong")
        assert [len(host.logons) for host in hosts.hosts.values()] == [1] * len(WAYS)
    assert job.code == 2
    nobody_s_clock = {"CLK-003 controller": "UNKNOWN"}  # ours is held against theirs
    assert job.wrong() == {f"CON-003 {name}": "UNKNOWN" for name in WAYS} | nobody_s_clock
    assert job.blockers() == {f"CON-003 {name}" for name in WAYS}


def _service(**changes: Any) -> Change:
    def change(description: dict[str, Any]) -> None:
        (one,) = (row for row in description["cim"]["Win32_Service"] if row["Name"] == "Bacula-fd")
        one.update(changes)

    return change


def _protocol(description: dict[str, Any]) -> None:
    path = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.0\\Server"
    description["registry"][path] = {"Enabled": {"type": "DWord", "value": 1}}


def _firewall(description: dict[str, Any]) -> None:
    description["firewall"]["Public"]["enabled"] = False


FAULTS: dict[str, tuple[Change, dict[str, str]]] = {
    "a service stopped": (
        _service(State="Stopped", ProcessId=0),
        {"SVC-002 fd01/bacula.client": "FAIL"},
    ),
    "a service disabled": (_service(StartMode="Disabled"), {"SVC-001 fd01/bacula.client": "FAIL"}),
    "TLS 1.0 switched on": (_protocol, {"WIN-002 fd01": "FAIL"}),
    "a firewall profile off": (_firewall, {"WIN-008 fd01": "FAIL"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_by_what_it_touches_and_nothing_else(name: str, tmp_path: Path) -> None:
    change, named_by = FAULTS[name]
    with fleet(tmp_path / "bench", {"fd01": change}) as hosts:
        job = run(hosts, tmp_path / "run")
    assert job.wrong() == named_by, job.stdout
    assert job.code == 1
    assert job.blockers() <= named_by.keys()
