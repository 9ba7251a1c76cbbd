"""The main job, whole, on Windows hosts of the bench: NTLM sealed over HTTP, NTLM and Basic over HTTPS, in one run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bench import machine, stand_in
from tests.bench.fleet import CLIENTS, ENVIRONMENT, VARIABLE, WAYS, WORD, Change, Fleet, fleet
from tests.cutover import END
from tests.lab.keys import Authority
from tests.main_job.job import Job, command, environment
from tests.probes import real

WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
SOFTWARE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"


@pytest.fixture(autouse=True)
def _needs_the_stand_in() -> None:
    stand_in.executable()


def run(hosts: Fleet, folder: Path, word: str = WORD) -> Job:
    ended = subprocess.run(
        command("run", hosts.estate, "--out", folder),
        env={**environment(folder.parent), **ENVIRONMENT, VARIABLE: word},
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
    written = "".join(path.read_text() for path in (tmp_path / "run").rglob("*") if path.is_file())
    key = (machine.MACHINES / "certificates" / "bacula_fd.key").read_text().splitlines()
    assert "dir01-dir" in written
    private = key[10:-1]  # the first lines are the modulus, which is its public half
    assert not [one for one in (WORD, "everybody's", *private) if one in written]


def test_a_wrong_password_is_one_attempt_and_never_green(tmp_path: Path) -> None:
    with fleet(tmp_path / "bench") as hosts:
        job = run(hosts, tmp_path / "run", "wrong")
        assert [len(host.logons) for host in hosts.hosts.values()] == [1] * len(WAYS)
    assert job.code == 2
    nobody_s_clock = {"CLK-003 controller": "UNKNOWN"}  # ours is held against theirs
    assert job.wrong() == {f"CON-003 {name}": "UNKNOWN" for name in WAYS} | nobody_s_clock
    assert job.blockers() == {f"CON-003 {name}" for name in WAYS}


def _stopped(description: dict[str, Any]) -> None:
    cim = description["cim"]
    (service,) = (row for row in cim["Win32_Service"] if row["Name"] == "Bacula-fd")
    service.update(State="Stopped", ProcessId=0)
    cim["Win32_Process"] = [row for row in cim["Win32_Process"] if row["Name"] != "bacula-fd.exe"]
    description["sockets"] = [row for row in description["sockets"] if row["port"] != 9102]


def _disabled(description: dict[str, Any]) -> None:
    (service,) = (row for row in description["cim"]["Win32_Service"] if row["Name"] == "Bacula-fd")
    service["StartMode"] = "Disabled"


def _other_version(description: dict[str, Any]) -> None:
    description["registry"][rf"{SOFTWARE}\Uninstall\Bacula"]["DisplayVersion"] = "9.6.6"


def _as_delivered(release: str, build: str) -> Change:
    """A release whose registry says nothing about TLS."""

    def change(description: dict[str, Any]) -> None:
        entries = description["registry"]
        entries[WINDOWS].update(ProductName=f"Windows Server {release} Standard", CurrentBuild=build)
        for path in [one for one in entries if one.startswith(rf"{SCHANNEL}\Protocols")]:
            del entries[path]

    return change


def _rc4(description: dict[str, Any]) -> None:
    cipher = rf"{SCHANNEL}\Ciphers\RC4 128/128"
    description["registry"][cipher] = {"Enabled": {"type": "DWord", "value": 0xFFFFFFFF}}
    description["cipher_suites"].append("TLS_RSA_WITH_RC4_128_SHA")


def _lifetime(days: float) -> timedelta:
    """To so many days after the end of the cutover."""
    return END - datetime.now(UTC) + timedelta(days=days)


def _name(description: dict[str, Any]) -> str:
    return f"{description['environment']['COMPUTERNAME'].lower()}.lab.example"


def _product_certificate(days: float) -> Change:
    def change(description: dict[str, Any]) -> None:
        authority = Authority()
        own = authority.issue(_name(description), lifetime=_lifetime(days))
        for name, text in (("ca.pem", authority.certificate), ("host.pem", own.certificate), ("host.key", own.key)):
            description["files"][rf"C:\Program Files\Bacula\tls\{name}"] = {"text": text}

    return change


def _machine_certificate(folder: Path) -> Change:
    def change(description: dict[str, Any]) -> None:
        own = Authority().issue(_name(description), lifetime=_lifetime(-0.1))
        place = folder / "expiring.pem"
        place.write_text(own.certificate + own.key)
        description["certificates"]["My"].append(str(place))

    return change


def _ten_minutes_off(description: dict[str, Any]) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        real.need("faketime")
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    # Durations stay true: with its mend for the monotonic clock, waiting for a program sometimes never ends.
    only_the_time = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}
    description["environment"].update(LD_PRELOAD=str(library), FAKETIME="+600s", **only_the_time)


def _no_firewall(description: dict[str, Any]) -> None:
    description["firewall"]["Public"]["enabled"] = False


def _not_excluded(description: dict[str, Any]) -> None:
    description["defender"]["Path"] = [r"C:\Program Files\Bacula"]


def _failed_writer(description: dict[str, Any]) -> None:
    said = description["vssadmin"]
    said["out"] = said["out"].replace("[1] Stable", "[8] Failed", 1)


def _open_configuration(description: dict[str, Any]) -> None:
    description["acls"][r"C:\Program Files\Bacula\bacula-fd.conf"] += "(A;;0x1200a9;;;BU)"


CLIENT = "HOST/bacula.client"


@dataclass(frozen=True)
class Planted:
    """A change of a host, the pairs that are wrong for it, and those among them that others are put down to."""

    change: Callable[[Path], Change]
    named_by: set[str]
    blockers: set[str] = field(default_factory=set)


def planted(change: Change, *named_by: str, blockers: set[str] | None = None) -> Planted:
    return Planted(lambda _: change, set(named_by), blockers or set())


FAULTS = {
    "another version": planted(_other_version, f"VER-002 {CLIENT}", "VER-007 clients"),
    "a service stopped": planted(_stopped, f"SVC-002 {CLIENT}", blockers={f"SVC-002 {CLIENT}"}),
    "a service disabled": planted(_disabled, f"SVC-001 {CLIENT}"),
    "TLS 1.0 on by absent keys of Server 2019": planted(_as_delivered("2019", "17763"), "WIN-002 HOST"),
    "RC4 enabled": planted(_rc4, "WIN-004 HOST"),
    "the product's certificate over in the cutover": planted(_product_certificate(-0.1), f"CRT-003 {CLIENT}"),
    "the machine's certificate over in the cutover": Planted(_machine_certificate, {"CRT-008 HOST"}),
    "a clock ten minutes off": planted(_ten_minutes_off, "CLK-001 HOST"),
    "a firewall profile off": planted(_no_firewall, "WIN-008 HOST"),
    "a folder not excluded": planted(_not_excluded, "WIN-006 HOST"),
    "a VSS writer that failed": planted(_failed_writer, "WIN-007 HOST"),
    "a configuration that everybody reads": planted(_open_configuration, f"RGT-003 {CLIENT}"),
}
# A run on three hosts costs what one on one of them does, so each host has a fault of its own.
TOGETHER = [tuple(FAULTS)[start : start + len(CLIENTS)] for start in range(0, len(FAULTS), len(CLIENTS))]


def _on(host: str, pairs: set[str]) -> set[str]:
    return {pair.replace("HOST", host) for pair in pairs}


@pytest.mark.parametrize("names", TOGETHER, ids=", ".join)
def test_a_planted_fault_is_named_by_what_it_touches_and_nothing_else(names: tuple[str, ...], tmp_path: Path) -> None:
    faults = dict(zip(CLIENTS, (FAULTS[name] for name in names), strict=True))
    with fleet(
        tmp_path / "bench", {host: one.change(tmp_path) for host, one in faults.items()}, names=CLIENTS
    ) as hosts:
        job = run(hosts, tmp_path / "run")
    assert job.wrong() == {pair: "FAIL" for host, one in faults.items() for pair in _on(host, one.named_by)}, job.stdout
    assert job.blockers() == {pair for host, one in faults.items() for pair in _on(host, one.blockers)}
    assert job.code == 1


def test_a_certificate_that_is_over_soon_after_the_cutover_is_advice(tmp_path: Path) -> None:
    with fleet(tmp_path / "bench", {"fd01": _product_certificate(10)}, names=CLIENTS[:1]) as hosts:
        job = run(hosts, tmp_path / "run")
    assert (job.wrong(), job.code) == ({"CRT-003 fd01/bacula.client": "FAIL"}, 0), job.stdout


def test_absent_keys_leave_tls_1_0_off_on_server_2025(tmp_path: Path) -> None:
    with fleet(tmp_path / "bench", {"fd01": _as_delivered("2025", "26100")}, names=CLIENTS[:1]) as hosts:
        job = run(hosts, tmp_path / "run")
    assert (job.wrong(), job.code) == ({}, 0), job.stdout
    assert "TLS 1.0 Server off" in job.message("WIN-002 fd01")
