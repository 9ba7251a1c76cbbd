"""Servers that misbehave: each visit ends by its deadline with a reason of its own, and leaves no thread or socket."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Script, Visit
from readiness.demo.keys import new_key
from readiness.transports import Stop
from readiness.transports.ssh.target import SshTarget
from readiness.transports.ssh.transport import SshTransport
from tests.bench import hostile

LIMITS = Limits(connect_s=1, login_s=1.5, probe_s=1, host_s=6)
SCRIPTS = (Script("one", "echo one", timeout_s=1, max_bytes=10_000), Script("two", "echo two", timeout_s=1))
KEY = hostile.host_key()


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    path = tmp_path / "id"
    path.touch(0o600)
    path.write_bytes(new_key().private)
    return path


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Threads and descriptors are back to what they were."""

    def open_now() -> tuple[int, int]:
        descriptors = Path("/proc/self/fd")
        return threading.active_count(), len(list(descriptors.iterdir())) if descriptors.exists() else 0

    before = open_now()
    yield
    until = time.monotonic() + 3
    while open_now() > before and time.monotonic() < until:
        time.sleep(0.05)
    now = open_now()
    assert now[0] <= before[0], [thread.name for thread in threading.enumerate()]
    assert now[1] <= before[1]


def visited(port: int, identity: Path, limits: Limits = LIMITS, scripts: tuple[Script, ...] = SCRIPTS) -> Visit:
    pin = f"{KEY.get_name()} {KEY.get_base64()}"
    target = SshTarget("bk01", "127.0.0.1", port, "readiness", (identity,), pinned=(pin,))
    begun = time.monotonic()
    seen = SshTransport(target, Stop()).visit(scripts, limits, lambda _: None)
    assert time.monotonic() - begun < limits.host_s + 1
    return seen


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        (hostile.silent, Why.NOT_SSH),
        (hostile.dribbling_banner, Why.NOT_SSH),
        (hostile.endless_lines_before_the_banner, Why.NOT_SSH),
        (hostile.not_ssh, Why.NOT_SSH),
        (hostile.closes_at_once, Why.CONNECTION_LOST),
        (hostile.steering_banner, Why.LOGIN_TIMED_OUT),
        (hostile.banner_then_silence, Why.LOGIN_TIMED_OUT),
        (hostile.legacy_only, Why.LEGACY_ALGORITHMS),
    ],
)
def test_no_session_comes_about(behave: hostile.Behaviour, why: Why, identity: Path) -> None:
    with hostile.listening(behave) as port:
        seen = visited(port, identity)
    assert isinstance(seen.login, Missing)
    assert seen.login.why is why
    assert seen.outputs == ()
    assert isinstance(seen.reached, Reached), "TCP was accepted"


def test_a_port_nobody_listens_on_and_a_name_nobody_has(identity: Path) -> None:
    with hostile.listening(hostile.silent) as port:
        pass
    assert visited(port, identity).login == Missing(Why.REFUSED, f"127.0.0.1 port {port}")
    nowhere = SshTarget("bk01", "no-such-name.invalid", 22, "readiness")
    seen = SshTransport(nowhere, Stop()).visit(SCRIPTS, LIMITS, lambda _: None)
    assert isinstance(seen.reached, Missing)
    assert seen.reached.why is Why.NO_SUCH_NAME


def test_a_login_that_is_never_answered(identity: Path) -> None:
    tries: list[str] = []
    with hostile.listening(hostile.ssh_server(KEY, hostile.never_ready, tries, login_s=30)) as port:
        seen = visited(port, identity)
    assert isinstance(seen.login, Missing)
    assert seen.login.why is Why.LOGIN_TIMED_OUT
    assert isinstance(seen.host_key, HostKey)
    assert tries == ["readiness"]


@pytest.mark.parametrize(
    ("shell", "first", "second"),
    [
        (hostile.never_ready, Why.TIMED_OUT, Why.TIMED_OUT),
        (hostile.never_ends, Why.TIMED_OUT, Why.HOST_TIMED_OUT),
        (hostile.floods, Why.OUTPUT_CUT, Why.OUTPUT_CUT),
        (hostile.floods_errors, Why.OUTPUT_CUT, Why.OUTPUT_CUT),
        (hostile.no_shell, Why.NO_COMMANDS, Why.NO_COMMANDS),
    ],
)
def test_a_shell_that_misbehaves(shell: hostile.Shell, first: Why, second: Why, identity: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with hostile.listening(hostile.ssh_server(KEY, shell)) as port:
        seen = visited(port, identity, Limits(connect_s=1, login_s=1.5, probe_s=1, host_s=8, host_bytes=1 << 22))
    whys = [one.missing.why for one in seen.outputs if one.missing]
    assert whys == [first, second]
    runs_none = shell in {hostile.never_ready, hostile.no_shell}
    assert seen.login == (seen.outputs[0].missing if runs_none else Login("readiness", "publickey"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB


def test_a_host_that_dies_half_way_keeps_what_it_said(identity: Path) -> None:
    with hostile.listening(hostile.ssh_server(KEY, hostile.dies_half_way)) as port:
        seen = visited(port, identity, scripts=(*SCRIPTS, Script("three", "echo three"), Script("four", "echo four")))
    assert [one.stdout for one in seen.outputs[:2]] == [b"fine\n", b"fine\n"]  # one a connection: it is taken up once
    assert {one.missing.why for one in seen.outputs[2:] if one.missing} == {Why.CONNECTION_LOST}
    assert isinstance(seen.reached, Missing)
    assert "after 2 of 4 probes" in seen.reached.detail


def test_a_wrong_host_key_gets_no_login(identity: Path) -> None:
    tries: list[str] = []
    with hostile.listening(hostile.ssh_server(hostile.host_key(), hostile.never_ready, tries)) as port:
        seen = visited(port, identity)
    assert isinstance(seen.login, Missing)
    assert seen.login.why is Why.HOST_KEY_DIFFERS
    assert tries == []


def test_the_bench_is_what_it_says(identity: Path) -> None:
    """Another SSH client is held up in the same way, so that the tests above hold against something."""
    with hostile.listening(hostile.ssh_server(KEY, hostile.floods)) as port:
        client = paramiko.Transport(("127.0.0.1", port))
        try:
            client.connect(None, "anybody", pkey=paramiko.Ed25519Key.from_private_key_file(str(identity)))
            channel = client.open_session()
            channel.exec_command("x")
            channel.sendall(b"@" + b"0" * 32 + b" m ready 0 0\n")
            assert channel.recv(1000)
        finally:
            client.close()
