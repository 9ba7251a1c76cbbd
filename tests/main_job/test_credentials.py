"""Where credentials go: nothing of the environment that an estate picks, and none to a host that proves nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.main_job.job import ROOT, Job, command, environment, run

EXAMPLE = ROOT / "inventories" / "example"
PASSWORD, WORD = "READINESS_WINRM_PASSWORD", "READINESS_NTLM_OVER_HTTP"
SECRETS = {
    PASSWORD: "cAnArY-password",
    "GITHUB_TOKEN": "cAnArY-token",
    "READINESS_OTHER": "cAnArY-other",
    "SSH_AUTH_SOCK": "/nowhere/cAnArY-agent",
    "AWS_SECRET_ACCESS_KEY": "cAnArY-key",
}
QUICK = "limits: {connect_s: 1, login_s: 1, probe_s: 1, host_s: 2, run_s: 20}\n"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """The example's, whose fd02 logs on by NTLM over HTTP; its hosts are addresses where nobody is."""
    folder = tmp_path / "estate"
    folder.mkdir()
    text = (EXAMPLE / "estate.yaml").read_text()
    for number, name in enumerate(("dir01", "sd01", "web01", "fd01", "fd02"), start=1):
        text = text.replace(
            f"    fqdn: {name}.example.com\n", f"    fqdn: {name}.example.com\n    address: 127.9.9.{number}\n"
        )
    (folder / "estate.yaml").write_text(text + QUICK)
    (folder / "baseline.yaml").write_text((EXAMPLE / "baseline.yaml").read_text())
    return folder


def changed(estate: Path, old: str, new: str) -> Path:
    file = estate / "estate.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return estate


def planned(estate: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("plan", estate.name),
        env={**environment(estate.parent), **variables},
        cwd=estate.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def mistakes(job: Job) -> list[str]:
    return [line for line in job.stderr.splitlines() if "estate.yaml:" in line]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("password_env: READINESS_WINRM_PASSWORD", "password_env: GITHUB_TOKEN", "5:47"),
        ("{scheme: http, auth: ntlm}", "{auth: basic, ca: ca.pem, password_env: GITHUB_TOKEN}", "38:52"),
    ],
)
def test_an_estate_cannot_send_any_variable(estate: Path, tmp_path: Path, old: str, new: str, place: str) -> None:
    (estate / "ca.pem").touch()
    changed(estate, old, new)
    if "ca:" not in new:
        (estate / "ca.pem").unlink()
    job = run(estate, tmp_path / "run", variables={**SECRETS, WORD: "1"})
    assert job.code == 4, job.stdout + job.stderr
    message = "environment variable 'GITHUB_TOKEN' does not begin with READINESS_"
    hint = "only such a one is sent to a host: READINESS_GITHUB_TOKEN"
    assert job.stderr.splitlines() == [f"{estate}/estate.yaml:{place}: {message} ({hint})"]
    assert planned(estate, SECRETS).returncode == 4


def test_ntlm_over_http_needs_a_word_from_outside_the_estate(estate: Path, tmp_path: Path) -> None:
    job = run(estate, tmp_path / "run", variables=SECRETS)
    assert (job.code, job.verdict["judgement"]["verdict"]) == (4, "ERROR"), job.stdout
    (mistake,) = mistakes(job)
    assert mistake.startswith(f"{estate}/estate.yaml:33:3: fd02: NTLM over http proves nothing about the host")
    assert mistake.endswith(f"(scheme: https, or set the environment variable {WORD}=1)")
    assert not (job.folder / "transcript.jsonl").read_bytes()


@pytest.mark.parametrize("word", ["", "0", "no", "true "])
def test_anything_else_is_no_word(estate: Path, tmp_path: Path, word: str) -> None:
    assert run(estate, tmp_path / "run", variables={**SECRETS, WORD: word}).code == 4


def test_the_word_cannot_stand_in_the_estate(estate: Path, tmp_path: Path) -> None:
    (estate / ".env").write_text(f"{WORD}=1\n")
    changed(estate, "{scheme: http, auth: ntlm}", f"{{scheme: http, auth: ntlm, password_env: {WORD}}}")
    job = run(estate, tmp_path / "run", variables=SECRETS)
    assert job.code == 4
    assert "NTLM over http" in job.stderr


def test_a_password_that_is_missing_hides_nothing(estate: Path, tmp_path: Path) -> None:
    job = run(estate, tmp_path / "run")
    assert job.code == 4
    told = [line.split(": ")[1] for line in mistakes(job)]
    assert told == ["fd01 has no password", "fd02 has no password", "fd02"]


def test_a_run_that_does_not_visit_the_host_needs_no_word(estate: Path, tmp_path: Path) -> None:
    assert run(estate, tmp_path / "run", "--hosts", "fd01", variables=SECRETS).code == 2


def test_with_the_word_hosts_are_visited(estate: Path, tmp_path: Path) -> None:
    job = run(estate, tmp_path / "run", "--hosts", "fd02", variables={**SECRETS, WORD: "1"})
    assert job.code == 2, job.stdout + job.stderr
    assert "fd02" in (job.folder / "transcript.jsonl").read_text()
    again = subprocess.run(
        command("judge", job.folder),
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert again.returncode == 2, again.stderr  # judging contacts nobody, and needs neither word nor password


def test_pytest_needs_the_same_word(estate: Path, tmp_path: Path) -> None:
    def of_pytest(variables: Mapping[str, str]) -> Job:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", str(ROOT / "checks" / "test_connectivity.py"), "--estate", str(estate)],
            env={**environment(tmp_path), **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Job(ended.returncode, ended.stdout, ended.stderr, tmp_path)

    without, with_it = of_pytest(SECRETS), of_pytest({**SECRETS, WORD: "1"})
    assert without.code == 4
    assert "NTLM over http" in without.last_line
    assert with_it.code == 2, with_it.stdout


def test_a_plan_says_of_a_pin_that_this_machine_contradicts_that_nothing_would_go_there(estate: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    changed(estate, "products: {bacula: [director]}", f"products: {{bacula: [director]}}\n    ssh: {{host_key: {key}}}")
    known = estate.parent / ".ssh" / "known_hosts"
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text("127.9.9.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAACAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n")
    lines = [line for line in planned(estate, SECRETS).stdout.splitlines() if "    dir01: " in line]
    assert len(lines) == 1, lines
    assert "the estate pins SHA256:ZkAslGjFiUHdGf" in lines[0]
    assert lines[0].endswith(f"({known}:1): a run would not log in")


def test_a_plan_says_where_which_credential_goes(estate: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    changed(estate, "products: {bacula: [director]}", f"products: {{bacula: [director]}}\n    ssh: {{host_key: {key}}}")
    changed(estate, "scheme: http, auth: ntlm", "auth: basic, ca: ca.pem")
    (estate / "ca.pem").touch()
    ended = planned(estate, SECRETS)
    assert ended.returncode == 0, ended.stderr
    fingerprint = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"
    logins = ended.stdout.partition("\nlogins that a run would make:\n")[2].partition("\n\n")[0]
    assert logins.splitlines() == [
        "  readiness over SSH with the key file ~/.ssh/id_ed25519:",
        f"    dir01: 127.9.9.1 port 22, proved by the host key {fingerprint} of the estate",
        "    sd01: 127.9.9.2 port 22, no host key is pinned: a run would not log in",
        "    web01: 127.9.9.3 port 22, no host key is pinned: a run would not log in",
        rf"  CORP\readiness over WinRM by NTLM with the password in {PASSWORD}:",
        "    fd01: https, 127.9.9.4 port 5986, proved by a certificate that the system's authorities vouch for",
        rf"  CORP\readiness over WinRM by Basic, which sends the password in {PASSWORD} as it is:",
        "    fd02: https, 127.9.9.5 port 5986, proved by a certificate that ca.pem vouches for",
    ]


def test_a_plan_shows_what_is_missing_for_a_run_and_does_not_die(estate: Path, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text("no entry\n")
    ended = planned(estate, {})
    assert ended.returncode == 0, ended.stderr
    missing = ended.stdout.partition("\na run would end as wrong input:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split(": ")[0].strip() for line in missing] == [
        f"{tmp_path}/.ssh/known_hosts:1:1",
        "estate/estate.yaml:26:3",
        "estate/estate.yaml:33:3",
        "estate/estate.yaml:33:3",
    ]
    assert f"{WORD}=1" in missing[3]
    assert "    fd02: http, 127.9.9.5 port 5985, nothing proves the host before the logon is sent" in ended.stdout
    assert f"NTLM with the password in {PASSWORD} (not set):" in ended.stdout


def test_a_plan_shows_hops_agent_and_certificates(estate: Path, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(
        "Host sd01\n  ProxyJump gate@bastion:2022\n  IdentityFile ~/.ssh/own\nHost bastion\n  HostName 10.9.9.9\n"
    )
    changed(estate, "identity_file: ~/.ssh/id_ed25519", "agent: true, config: ~/.ssh/config")
    changed(estate, "scheme: http, auth: ntlm", "auth: certificate, certificate: ~/me.pem, key: /etc/me.key")
    logins = planned(estate, {**SECRETS, "HOME": str(tmp_path)}).stdout
    assert "  gate over SSH with the agent's keys:\n    bastion, on the way to sd01: 10.9.9.9 port 2022, no " in logins
    assert "  readiness over SSH with the key file ~/.ssh/own, or the agent's keys:\n    sd01: 127.9.9.2" in logins
    assert "  readiness over SSH with the agent's keys:\n    dir01: " in logins
    assert "  the certificate ~/me.pem with its key /etc/me.key over WinRM:\n    fd02: https, " in logins


@pytest.mark.parametrize("word", ["", "1"])
def test_no_value_of_the_environment_stands_in_a_plan(estate: Path, word: str) -> None:
    variables = {**environment(estate.parent), **SECRETS, WORD: word}
    ended = planned(estate, variables)
    assert ended.returncode == 0
    shown = ended.stdout + ended.stderr
    assert [name for name, value in variables.items() if len(value) > 1 and value in shown] == []


CONFIG = """\
Host *
  SendEnv *
  SetEnv TOKEN=x
  User {user}
  HostName {address}
  {line}
"""


@pytest.mark.parametrize(
    "line",
    [
        "IdentityFile ${AWS_SECRET_ACCESS_KEY}",
        "IdentityFile ~/${GITHUB_TOKEN}",
        "IdentityAgent $GITHUB_TOKEN",
        "IdentityAgent ${SSH_AUTH_SOCK}",
        "UserKnownHostsFile ${GITHUB_TOKEN}",
        "ProxyCommand echo $GITHUB_TOKEN",
        "Match exec env",
    ],
)
def test_an_ssh_config_of_the_estate_picks_nothing_of_the_environment(estate: Path, tmp_path: Path, line: str) -> None:
    (estate / "ssh_config").write_text(CONFIG.format(user="x", address="127.9.9.9", line=line))
    changed(estate, "ssh: {user: readiness,", "ssh: {config: ssh_config,")
    job = run(estate, tmp_path / "run", "--hosts", "dir01", variables=SECRETS)
    assert job.code == 4
    assert "ssh_config:6:3" in job.stderr
    assert "cAnArY" not in job.stdout + job.stderr


def test_what_an_ssh_config_says_of_hosts_is_taken_as_it_is_written(estate: Path, tmp_path: Path) -> None:
    (estate / "ssh_config").write_text(
        CONFIG.format(user="${GITHUB_TOKEN}", address="${GITHUB_TOKEN}.example", line="ProxyJump ${GITHUB_TOKEN}")
    )
    changed(estate, "ssh: {user: readiness,", "ssh: {config: ssh_config,")
    job = run(estate, tmp_path / "run", "--hosts", "dir01", variables=SECRETS)
    assert job.code in {2, 4}
    written = b"".join(path.read_bytes() for path in job.folder.rglob("*") if path.is_file())
    assert b"cAnArY" not in written + (job.stdout + job.stderr).encode()
