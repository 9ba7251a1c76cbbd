"""The main job on real hosts: the clean lab is GO, each planted fault is named by what it touches and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import lxml.etree
import pytest
import yaml
from junitparser import JUnitXml

from readiness.probes import READER
from readiness.probes.reader import rule_for
from tests.lab import faults
from tests.lab.lab import Lab
from tests.lab.reader import USER
from tests.main_job.job import ROOT, Job, command, environment, run


def test_the_clean_lab_is_go(lab: Lab, tmp_path: Path) -> None:
    job = run(lab.estate, tmp_path / "run")
    assert job.wrong() == {}, job.stdout
    assert (job.code, job.verdict["judgement"]["verdict"]) == (0, "GO")
    assert job.last_line.startswith("GO ")


def test_judging_the_saved_run_again_gives_the_same_bytes(lab: Lab, tmp_path: Path) -> None:
    first = run(lab.estate, tmp_path / "run")
    again = tmp_path / "again"
    ended = subprocess.run(
        ["unshare", "--net", *command("judge", tmp_path / "run", "--out", again)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == first.code == 0, ended.stdout + ended.stderr
    assert (again / "results.jsonl").read_bytes() == (tmp_path / "run" / "results.jsonl").read_bytes()
    assert Job(0, "", "", again).verdict["judgement"] == first.verdict["judgement"]


@dataclass(frozen=True)
class Planted:
    """A fault, the outcomes that must name it, a word their messages must hold, and the exit code."""

    plant: Callable[[Lab], AbstractContextManager[None]]
    named_by: dict[str, str]
    word: str
    code: int


FAULTS = {
    "another version of a package": Planted(
        lambda lab: faults.other_package_version(lab, "client01"),
        {"VER-002 client01/bacula.client": "FAIL", "VER-007 clients": "FAIL"},
        "9.6.6",
        1,
    ),
    "a client newer than its director": Planted(
        lambda lab: faults.client_newer_than_director(lab, "client01"),
        {
            "VER-002 client01/bacula.client": "FAIL",
            "VER-004 client01/bacula.client~director": "FAIL",
            "VER-007 clients": "FAIL",
        },
        "11.0.6",
        1,
    ),
    "a daemon stopped": Planted(
        lambda lab: faults.daemon_stopped(lab, "client02"), {"SVC-002 client02/bacula.client": "FAIL"}, "inactive", 1
    ),
    "a daemon disabled": Planted(
        lambda lab: faults.daemon_disabled(lab, "sd01"), {"SVC-001 sd01/bacula.storage": "FAIL"}, "disabled", 1
    ),
    "a daemon upgraded and not restarted": Planted(
        lambda lab: faults.daemon_not_restarted(lab, "client01"),
        {"SVC-003 client01/bacula.client": "FAIL"},
        "replaced",
        1,
    ),
    "a wrong host key": Planted(
        lambda lab: faults.wrong_host_key(lab, "client03"), {"CON-002 client03": "FAIL"}, "SHA256:", 1
    ),
    "sshd stopped": Planted(
        lambda lab: faults.sshd_stopped(lab, "client03"), {"CON-001 client03": "UNKNOWN"}, "refused", 2
    ),
    "port 22 dropped": Planted(
        lambda lab: faults.ssh_dropped(lab, "client03"), {"CON-001 client03": "UNKNOWN"}, "filtered", 2
    ),
    "the login refused": Planted(
        lambda lab: faults.login_refused(lab, "sd01"), {"CON-003 sd01": "UNKNOWN"}, "login refused", 2
    ),
    "a sudo rule missing": Planted(
        lambda lab: faults.sudo_rule_missing(lab, "client02"), {"CON-004 client02": "FAIL"}, "password is required", 1
    ),
    "two hosts with one machine id": Planted(
        lambda lab: faults.same_machine_id(lab, "client02", "client01"),
        {"IDN-002 client01": "FAIL", "IDN-002 client02": "FAIL"},
        "machine id",
        1,
    ),
    "an own name on a loopback address": Planted(
        lambda lab: faults.own_name_on_loopback(lab, "client01"), {"NAM-001 client01": "FAIL"}, "127.0.1.1", 1
    ),
    "a peer without a name": Planted(
        lambda lab: faults.peer_has_no_name(lab, "client02", "sd01"),
        {"NAM-002 client02": "FAIL"},
        "sd01.lab.example does not resolve",
        1,
    ),
    "a daemon on a loopback address only": Planted(
        lambda lab: faults.daemon_on_loopback_only(lab, "client02"),
        {"LSN-003 client02/bacula.client": "FAIL"},
        "127.0.0.1:9102",
        1,
    ),
    "a port that another program holds": Planted(
        lambda lab: faults.port_of_another_program(lab, "client02"),
        {"LSN-002 client02/bacula.client": "FAIL", "LSN-004 client02": "FAIL"},
        "bacula-fd",
        1,
    ),
    "a program that nobody declared": Planted(
        lambda lab: faults.listener(lab, "sd01", 8080), {"LSN-004 sd01": "FAIL"}, ":8080 busybox", 0
    ),
    "a file daemon that nobody declared, beside a director": Planted(
        lambda lab: faults.undeclared_daemon(lab, "dir01"),
        {"ROL-001 dir01/bacula.client": "FAIL"},
        "bacula-fd",
        1,
    ),
    "two peers taken for each other": Planted(
        lambda lab: faults.peers_swapped(lab, "client02", "dir01", "sd01"),
        {"NAM-002 client02": "FAIL"},
        "which that machine does not have",
        1,
    ),
    "a full filesystem": Planted(
        lambda lab: faults.space_used_up(lab, "sd01"), {"SPC-002 sd01/srv/spool": "FAIL"}, "found 0.0 %", 1
    ),
    "no inodes left": Planted(
        lambda lab: faults.inodes_used_up(lab, "sd01"), {"SPC-003 sd01/srv/spool": "FAIL"}, "free of 400", 1
    ),
    "a filesystem that became read-only": Planted(
        lambda lab: faults.read_only(lab, "sd01"), {"SPC-001 sd01/srv/spool": "FAIL"}, "read-only", 1
    ),
    "a mount that is missing": Planted(
        lambda lab: faults.not_mounted(lab, "sd01"), {"SPC-001 sd01/srv/spool": "FAIL"}, "found overlay mounted on /", 1
    ),
    "a dead mount": Planted(
        lambda lab: faults.mount_dead(lab, "sd01"),
        {"SPC-001 sd01/srv/spool": "UNKNOWN"},
        "/srv/spool gives no answer",
        2,
    ),
    "a daemon with few open files": Planted(
        lambda lab: faults.few_open_files(lab, "client02"), {"HST-003 client02/bacula.client": "FAIL"}, "512", 1
    ),
    "another time zone": Planted(
        lambda lab: faults.other_time_zone(lab, "dir01"), {"HST-004 dir01": "FAIL"}, "Europe/Berlin", 1
    ),
    "a reboot that is due": Planted(
        lambda lab: faults.reboot_due(lab, "client02"), {"HST-006 client02": "FAIL"}, "for libc6", 1
    ),
    "a C library installed since the last reboot": Planted(
        lambda lab: faults.core_package_installed_since_boot(lab, "client02"), {"HST-006 client02": "FAIL"}, "libc6:", 1
    ),
    "a unit that failed": Planted(
        lambda lab: faults.unit_failed(lab, "sd01"), {"HST-008 sd01": "FAIL"}, "nightly-report.service", 1
    ),
    "root may log in by password": Planted(
        lambda lab: faults.root_may_log_in(lab, "dir01"), {"SSH-001 dir01": "FAIL"}, "PermitRootLogin yes", 1
    ),
    "another password on a client": Planted(
        lambda lab: faults.configured(lab, "client01", 'Password = "', 'Password = "x'),
        {"CFG-004 client01/bacula.client~director": "FAIL"},
        "another Password in /etc/bacula/bacula-fd.conf:",
        1,
    ),
    "a client that the director does not know": Planted(
        lambda lab: faults.configured(lab, "dir01", "Address = client02.lab.example", "Address = sd01.lab.example"),
        {"CFG-003 client02/bacula.client~director": "FAIL", "CFG-005 dir01/bacula.director": "FAIL"},
        "Client",
        1,
    ),
    "an address that does not resolve": Planted(
        lambda lab: faults.configured(lab, "dir01", "Address = sd01.lab.example", "Address = sd99.lab.example"),
        {
            "CFG-002 dir01/bacula.director": "FAIL",
            "CFG-003 sd01/bacula.storage~director": "FAIL",
            "CFG-005 dir01/bacula.director": "FAIL",
        },
        "Storage",
        1,
    ),
    "a client that does not demand TLS": Planted(
        lambda lab: faults.configured(lab, "client03", "TLS Require = yes", "TLS Require = no"),
        {"CFG-006 client03/bacula.client": "FAIL"},
        "TLS Require no",
        1,
    ),
    "a part of the configuration that a command writes": Planted(
        lambda lab: faults.configured(lab, "sd01", "Device {", '@|"cat /etc/bacula/devices"\nDevice {'),
        {"CFG-001 sd01/bacula.storage": "UNKNOWN"},
        "a command is never run",
        2,
    ),
    "a certificate that has expired": Planted(
        lambda lab: faults.certificate(lab, "client01", days=-0.5),
        {"CRT-003 client01/bacula.client": "FAIL"},
        "host.pem expires 20",
        1,
    ),
    "a certificate that expires during the cutover": Planted(
        lambda lab: faults.certificate(lab, "sd01", days=0.3),
        {"CRT-003 sd01/bacula.storage": "FAIL"},
        "host.pem expires 20",
        1,
    ),
    "a certificate that expires soon": Planted(
        lambda lab: faults.certificate(lab, "client01", days=15),
        {"CRT-003 client01/bacula.client": "FAIL"},
        "expected valid 30 days after",
        0,
    ),
    "a certificate for another name": Planted(
        lambda lab: faults.certificate(lab, "client02", name="client99.lab.example"),
        {"CRT-002 client02/bacula.client~director": "FAIL"},
        "is for client99.lab.example",
        1,
    ),
    "a certificate of another authority": Planted(
        lambda lab: faults.broken_chain(lab, "dir01"), {"CRT-004 dir01/bacula.director": "FAIL"}, "CN=Lab CA", 1
    ),
    "a certificate with a weak key": Planted(
        lambda lab: faults.certificate(lab, "client03", rsa_bits=1024),
        {"CRT-005 client03/bacula.client": "FAIL"},
        "RSA key of 1024 bits",
        1,
    ),
    "a key of another certificate": Planted(
        lambda lab: faults.certificate(lab, "sd01", other_key=True),
        {"CRT-006 sd01/bacula.storage": "FAIL"},
        "host.key and",
        1,
    ),
    "a key that others may read": Planted(
        lambda lab: faults.mode(lab, "client02", "etc/bacula/tls/host.key", 0o644),
        {"CRT-007 client02/bacula.client": "FAIL"},
        "root:bacula 644",
        1,
    ),
    "a configuration that everybody may read": Planted(
        lambda lab: faults.mode(lab, "client01", "etc/bacula/bacula-fd.conf", 0o644),
        {"RGT-001 client01/bacula.client": "FAIL"},
        "/etc/bacula/bacula-fd.conf is root:bacula 644",
        1,
    ),
    "a configuration of another user": Planted(
        lambda lab: faults.owner(lab, "sd01", "etc/bacula/bacula-sd.conf", "daemon"),
        {"RGT-001 sd01/bacula.storage": "FAIL"},
        "is daemon:bacula 640",
        1,
    ),
    "an account with a login shell": Planted(
        lambda lab: faults.login_shell(lab, "dir01", "bacula"),
        {"RGT-002 dir01/bacula.director": "FAIL"},
        "bacula with /bin/bash",
        1,
    ),
    "a configuration that names no certificate file": Planted(
        lambda lab: faults.configured(
            lab, "client01", "TLS Certificate = /etc/bacula/tls/host.pem", "TLS Certificate = /etc/bacula/tls/none.pem"
        ),
        {"CRT-001 client01/bacula.client": "FAIL"},
        "no certificate in /etc/bacula/tls/none.pem",
        1,
    ),
    "a clock ten minutes off": Planted(
        lambda lab: faults.clock_off(lab, "client01"), {"CLK-001 client01": "FAIL"}, "s (uncertain by", 1
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_and_nothing_else_is(lab: Lab, tmp_path: Path, name: str) -> None:
    planted = FAULTS[name]
    with planted.plant(lab):
        job = run(lab.estate, tmp_path / "run")
    assert job.wrong() == planted.named_by, job.stdout
    assert job.blockers() <= planted.named_by.keys()
    assert all(planted.word in job.message(pair) for pair in planted.named_by), job.stdout
    assert job.code == planted.code


def test_a_client_whose_products_were_forgotten_is_found_at_both_ends(lab: Lab, tmp_path: Path) -> None:
    with faults.products_forgotten(lab, "client02"):
        job = run(lab.estate, tmp_path / "run")
    assert job.code == 1
    for pair, words in (
        ("ROL-001 client02/bacula.client", ("package bacula-fd 9.6.7-7", "products: {bacula: [client]}")),
        ("CFG-005 dir01/bacula.director", ("is client02, which does not declare the role client",)),
    ):
        assert job.wrong()[pair] == "FAIL", job.stdout
        assert all(word in job.message(pair) for word in words)


def test_a_login_without_sudo_passes_nothing_that_it_could_not_read(lab: Lab, tmp_path: Path) -> None:
    """What only root may read is UNKNOWN, with the line that would mend it; all else is judged as ever."""
    clean = run(lab.estate, tmp_path / "clean")
    with faults.sudo_rule_missing(lab, "client02"):
        job = run(lab.estate, tmp_path / "run")
    was = {(one["check"], one["target"]): one["outcome"] for one in clean.results}
    changed = {
        (one["check"], one["target"]): one for one in job.results if one["outcome"] != was[one["check"], one["target"]]
    }
    refused = changed.pop(("CON-004", "client02"))
    assert rule_for(USER) in refused["found"]
    assert changed.pop(("CON-005", "client02"))["outcome"] == "UNKNOWN"
    assert changed.keys() == {
        *((f"CFG-00{number}", "client02/bacula.client") for number in (1, 6)),
        *((f"CRT-00{number}", "client02/bacula.client") for number in (1, 3, 4, 5, 6, 7)),
        *((check, "client02/bacula.client~director") for check in ("CFG-004", "CRT-002")),
        ("RGT-001", "client02/bacula.client"),
        *((f"LSN-00{number}", "client02/bacula.client") for number in (1, 2, 3)),
        ("LSN-004", "client02"),
        *(("ROL-001", f"client02/bacula.{role}") for role in ("director", "storage")),
        ("SSH-001", "client02"),
        ("SVC-003", "client02/bacula.client"),
    }
    for one in changed.values():
        assert (one["outcome"], one["blocked_by"]) == ("UNKNOWN", ["CON-004 client02"])
        assert "not permitted" in one["message"]
        assert rule_for(USER) in one["remedy"]


@contextmanager
def _unplugged_on_the_way(lab: Lab, host: str) -> Iterator[None]:
    """Pull the host's cable as soon as a script of it has begun: its own process list tells."""
    pulled = threading.Event()

    def pull() -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and not pulled.is_set():
            if "sh -s" in lab.exec(host, "ps", "-eo", "args", check=False).stdout:
                lab.plug(host, connected=False)
                pulled.set()

    thread = threading.Thread(target=pull)
    thread.start()
    try:
        yield
    finally:
        pulled.set()
        thread.join()
        lab.plug(host, connected=True)


def test_a_host_removed_half_way_costs_only_itself(lab: Lab, tmp_path: Path) -> None:
    with _unplugged_on_the_way(lab, "client02"), _slowed(lab, "client02"):
        job = run(lab.estate, tmp_path / "run")
    assert job.wrong() == {"CON-001 client02": "UNKNOWN"}, job.stdout
    assert job.blockers() == {"CON-001 client02"}
    assert "CON-003 client02" not in job.wrong()
    assert job.code == 2


@contextmanager
def _slowed(lab: Lab, host: str) -> Iterator[None]:
    """A tool that takes its time, so that half way is long enough to pull a cable."""
    tool = lab.root(host) / "usr/local/bin/systemctl"
    tool.parent.mkdir(parents=True, exist_ok=True)
    tool.write_text('#!/bin/sh\nsleep 3\nexec /usr/bin/systemctl "$@"\n')
    tool.chmod(0o755)
    try:
        yield
    finally:
        tool.unlink()


def test_a_red_hat_client_is_read_through_rpm(lab: Lab, tmp_path: Path) -> None:
    with Lab.up(tmp_path / "state", clients=1, redhat=True) as mixed:
        job = run(mixed.estate, tmp_path / "run")
    assert job.wrong() == {}, job.stdout
    assert job.code == 0
    assert "9.6.7-1.el9" not in job.message("VER-007 clients")
    assert "9.6.7" in job.message("VER-002 client-rh/bacula.client")
    assert lab.hosts.keys() != mixed.hosts.keys()


def test_junit_of_a_real_run_is_what_its_readers_expect(lab: Lab, tmp_path: Path) -> None:
    with faults.sshd_stopped(lab, "client03"), faults.daemon_disabled(lab, "sd01"):
        job = run(lab.estate, tmp_path / "run")
    path = job.folder / "junit.xml"
    schema = shared("corpus/dev/junit/xunitplugin__junit-10.xsd")
    lxml.etree.XMLSchema(file=str(schema)).assertValid(lxml.etree.parse(str(path)))
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(path))}
    assert suites.keys() == {*lab.hosts, "estate", "gate"}
    cases = [(suite, case) for suite in suites.values() for case in suite]
    assert len(cases) == len(job.results) + 1
    assert len({(case.classname, case.name) for _, case in cases}) == len(cases)
    assert all(suite.hostname == name for name, suite in suites.items() if name in lab.hosts)
    assert all(case.classname.endswith(f".{suite.name}") for suite, case in cases if suite.name in lab.hosts)
    kinds = Counter(type(case.result[0]).__name__ if case.result else "passed" for _, case in cases)
    gating = Counter(row["outcome"] for row in job.results if row["disposition"] != "advisory")
    assert kinds["Failure"] == gating["FAIL"] + 1  # the gate's own case
    assert (kinds["Error"], kinds["Skipped"]) == (gating["UNKNOWN"], gating["NOT_APPLICABLE"])
    advice = [case for _, case in cases if (case.system_out or "").startswith("ADVICE ")]
    assert len(advice) == sum(row["disposition"] == "advisory" for row in job.results) > 0
    assert [case.name for case in suites["gate"]] == ["verdict"]


def shared(name: str) -> Path:
    """A file beside the project that tests use where it is."""
    path = Path(os.environ.get("READINESS_SHARED", ROOT.parent / "shared")) / name
    if not path.exists() and os.environ.get("READINESS_REQUIRE") == "all":
        pytest.fail(f"{path} is not there")
    if not path.exists():
        pytest.skip(f"{path} is not there: READINESS_SHARED says where")
    return path


def test_what_a_host_is_sent_is_in_the_transcript_and_the_plan(lab: Lab, tmp_path: Path) -> None:
    job = run(lab.estate, tmp_path / "run")
    plan = json.loads((job.folder / "plan.json").read_text())
    lines = [json.loads(line) for line in (job.folder / "transcript.jsonl").read_text().splitlines()]
    scripts = [line for line in lines if line["what"] == "script"]
    assert {(line["script"], line["sha256"]) for line in scripts} == {
        (one["script"], digest) for digest, one in plan["scripts"].items()
    }
    for host in lab.hosts:
        own = [line for line in scripts if line["host"] == host]
        parts = {part.name for part in READER.parts}  # which come with the reader's script
        sent = [[line["script"], line["arguments"]] for line in own if line["fact"] not in parts]
        assert parts <= {line["fact"] for line in own}
        assert sent == [[one["script"], one["arguments"]] for one in plan["hosts"][host]]
    references = {line["ref"] for line in lines}
    assert all(set(one["evidence"]) <= references for one in job.results)
    assert all(one["evidence"] for one in job.results if one["host"])


def test_a_run_writes_nothing_on_a_host(lab: Lab, tmp_path: Path) -> None:
    """Only what a login leaves: sshd's and sudo's own entries."""
    written = [
        "find",
        "/etc",
        "/usr",
        "/var",
        "/home",
        "/root",
        "/tmp",
        "/opt",
        "-xdev",
        "-newer",
        "/run/before",
        "-type",
        "f",
    ]
    lab.exec("client01", "touch", "/run/before")
    time.sleep(1.1)
    assert run(lab.estate, tmp_path / "run").code == 0
    found = set(lab.exec("client01", *written, check=False).stdout.split())
    logs = {name for name in found if name.startswith(("/var/log/", "/var/lib/sudo/", "/var/lib/chrony/"))}
    assert found - logs == set()
    lab.exec("client01", "touch", "/etc/left-behind")  # and the search does see what is written
    assert "/etc/left-behind" in lab.exec("client01", *written, check=False).stdout
    lab.exec("client01", "rm", "/etc/left-behind")


def _proposed(lab: Lab, place: Path, filled: str) -> tuple[Job, str]:
    """A run on an emptied baseline, what is proposed after it, and the run that is held against that."""
    baseline = lab.estate / "baseline.yaml"
    before = baseline.read_text()
    try:
        baseline.write_text("")
        run(lab.estate, place / "before")
        ended = subprocess.run(
            command("propose", place / "before"),
            env=environment(place),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        text = ended.stdout.replace("agreed: {by: , day: }", 'agreed: {by: the lab, day: "2026-10-30"}')
        for key in ("min_swap_bytes", "mandatory_access_control"):  # what a person decides, of this machine's kernel
            text = text.replace(f"# {key}: ", f"{key}: ", 1)
        baseline.write_text(text + filled)
        return run(lab.estate, place / "after"), ended.stdout
    finally:
        baseline.write_text(before)


def test_what_is_proposed_for_a_lab_without_a_baseline_is_met_and_tls_that_is_off_is_not_proposed(
    lab: Lab, tmp_path: Path
) -> None:
    stated = yaml.safe_load((lab.estate / "baseline.yaml").read_text())
    for name in ("well", "off"):
        (tmp_path / name).mkdir()
    job, text = _proposed(lab, tmp_path / "well", yaml.safe_dump({"space": stated["space"]}))
    assert job.wrong() == {}, job.stdout
    assert (job.code, job.verdict["judgement"]["verdict"]) == (0, "GO")
    assert 'Storage.TLS Require: "yes"' in text
    with ExitStack() as stack:
        for host in lab.hosts:
            for file in sorted((lab.root(host) / "etc/bacula").glob("bacula-*.conf")):
                off = file.read_text().replace("TLS Enable = yes", "TLS Enable = no").replace("TLS Require = yes", "")
                stack.callback(file.write_text, file.read_text())
                file.write_text(off)
        job, text = _proposed(lab, tmp_path / "off", yaml.safe_dump({"space": stated["space"]}))
    assert job.code != 0
    assert "not proposed: FileDaemon: TLS Require no by default: without it the daemon talks in clear" in text
    messages = [one["message"] for one in job.results if one["check"] == "CFG-006"]
    assert all(message.startswith("never agreed, found ") for message in messages)
