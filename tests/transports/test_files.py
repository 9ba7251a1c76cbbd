"""Pins from known_hosts and ways from ssh_config; nothing in either may run a command or weaken a comparison."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.demo.keys import new_key
from readiness.transports.ssh import config as ssh_config
from readiness.transports.ssh.known_hosts import KnownHosts

KEY, OTHER = new_key().public, new_key().public


def known(tmp_path: Path, text: str) -> KnownHosts:
    path = tmp_path / "known_hosts"
    path.write_text(text)
    return KnownHosts.load([path, tmp_path / "absent"])


@pytest.mark.parametrize(
    ("line", "names", "port", "found"),
    [
        ("bk01 {key}", ["bk01"], 22, True),
        ("BK01 {key} a comment", ["bk01"], 22, True),
        ("bk01,192.0.2.1 {key}", ["192.0.2.1"], 22, True),
        ("bk01 {key}", ["bk01"], 2222, False),
        ("[bk01]:2222 {key}", ["bk01"], 2222, True),
        ("[bk01]:2222 {key}", ["bk01"], 22, False),
        ("*.example.com {key}", ["bk01.example.com"], 22, True),
        ("*.example.com,!bk01.example.com {key}", ["bk01.example.com"], 22, False),
        ("[*.example.com]:2222 {key}", ["bk01.example.com"], 2222, True),
        ("@cert-authority * {key}", ["bk01"], 22, False),
        ("# bk01 {key}\n\n", ["bk01"], 22, False),
    ],
)
def test_pins(tmp_path: Path, line: str, names: list[str], port: int, found: bool) -> None:
    pins = known(tmp_path, line.format(key=KEY) + "\n").pins(names, port)
    assert pins == ((KEY,) if found else ())


def test_hashed_names_as_openssh_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"bk01,192.0.2.1 {KEY}\n[bk02]:2222 {OTHER}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, timeout=10, capture_output=True)
    assert "bk01" not in path.read_text()
    hashed = KnownHosts.load([path])
    assert hashed.pins(["bk01"], 22) == hashed.pins(["192.0.2.1"], 22) == (KEY,)
    assert hashed.pins(["bk02"], 2222) == (OTHER,)
    assert hashed.pins(["bk02"], 22) == ()


def test_every_malformed_line_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        known(tmp_path, f"bk01\nbk02 {KEY}\nbk03 ssh-ed25519 !!!\nbk04 ssh-rsa {KEY.split()[1]}\n")
    assert [problem.line for problem in caught.value.problems] == [1, 3, 4]


def test_reading_is_linear(tmp_path: Path) -> None:
    lines = "".join(f"host{number} {KEY}\n" for number in range(20_000))
    begun = time.process_time()
    assert known(tmp_path, lines).pins(["host19999"], 22) == (KEY,)
    assert time.process_time() - begun < 5


def config(tmp_path: Path, text: str) -> ssh_config.SshConfig:
    path = tmp_path / "config"
    path.write_text(text)
    return ssh_config.load(path)


def test_the_first_value_counts_and_identities_add_up(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("Host bk*\n  User second\n  IdentityFile ~/b\n")
    settings = config(
        tmp_path,
        "Host bk01\n  HostName 192.0.2.1\n  Port=2222\n  User first\n  IdentityFile ~/a\n"
        "  ProxyJump ops@bastion:2200,inner\n"
        "Include more\nHost *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\nMatch all\n  Port 1\n",
    )
    found = settings.lookup("bk01")
    assert (found.host_name, found.port, found.user) == ("192.0.2.1", 2222, "first")
    assert found.identity_files == ("~/a", "~/b")
    assert found.proxy_jump == ("ops@bastion:2200", "inner")
    assert settings.lookup("bk02").user is None, "included under Host bk01, as OpenSSH reads it"
    assert settings.lookup("other").user is None


def test_what_would_run_a_command_is_refused_unrun(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        config(
            tmp_path,
            f'Match exec "touch {tmp_path}/ran"\n  User x\nHost a\n  ProxyCommand touch {tmp_path}/ran\n  Port no\n',
        )
    told = [(problem.line, problem.message.split()[0]) for problem in caught.value.problems]
    assert told == [(1, "Match"), (4, "ProxyCommand"), (5, "no")]
    assert not (tmp_path / "ran").exists()


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="includes itself"):
        config(tmp_path, "Include config\n")


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    assert ssh_config.load(tmp_path / "absent").lookup("bk01") == ssh_config.HostSettings()
