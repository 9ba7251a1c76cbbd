"""SSH against a real OpenSSH server: the contract, the pins, the login, the way through a bastion."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Output, Script
from readiness.transports import TRANSPORTS, Stop
from readiness.transports.ssh.transport import SshTransport
from tests.transports.contract import Spoken, TransportContract, visit
from tests.transports.sshd import Sshd, new_key, sshd

HELLO = Script("hello", "echo hello")
POSIX = Spoken(
    hello="echo hello",
    both_streams="echo out; echo err >&2",
    status_3="exit 3",
    forever="trap '' TERM; sleep 600",
    flood="yes",
    arguments="printf '%s\\n' \"$@\"",
    raw_bytes="printf 'a\\000\\377\\n\\nb'",
    no_tool="no-such-tool",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


class TestContract(TransportContract):
    kind = TRANSPORTS["ssh"]

    @pytest.fixture
    def transport(self, server: Sshd) -> SshTransport:
        return SshTransport(server.target(), Stop())

    @pytest.fixture
    def spoken(self) -> Spoken:
        return POSIX


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/bash --norc", "/bin/busybox sh"])
def test_the_batch_runs_under_any_posix_shell(tmp_path: Path, shell: str) -> None:
    if not Path(shell.split(maxsplit=1)[0]).exists():
        if os.environ.get("READINESS_REQUIRE") == "all":
            pytest.fail(f"{shell} is missing")
        pytest.skip(f"{shell} is missing")
    with sshd(tmp_path / "sshd", forced=f"exec {shell} -s") as server:
        _, outputs = visit(SshTransport(server.target(), Stop()), HELLO, Script("both", POSIX.both_streams))
        assert outputs["hello"].stdout == b"hello\n"
        assert (outputs["both"].stdout, outputs["both"].stderr) == (b"out\n", b"err\n")


def test_noise_of_the_login_is_no_data(tmp_path: Path) -> None:
    noisy = "echo '@0 ready 0 0'; echo Welcome; echo oops >&2; sleep 0.3; exec sh -s"
    with sshd(tmp_path / "sshd", forced=noisy) as server:
        _, outputs = visit(SshTransport(server.target(), Stop()), HELLO)
        assert (outputs["hello"].stdout, outputs["hello"].stderr) == (b"hello\n", b"")


def test_an_account_without_a_shell_is_told_as_such(tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd", forced="echo This account is currently not available.") as server:
        seen, outputs = visit(SshTransport(server.target(), Stop()), HELLO)
        assert outputs["hello"].missing is not None
        assert "not available" in outputs["hello"].missing.detail
        assert isinstance(seen.reached, Reached)


def test_an_unknown_host_key_ends_it_before_any_login(server: Sshd) -> None:
    before = server.log.count("publickey")
    seen = SshTransport(server.target(pinned=()), Stop()).visit((HELLO,), Limits(), lambda _: None)
    assert isinstance(seen.host_key, Missing)
    assert seen.host_key.why is Why.HOST_KEY_UNKNOWN
    assert server.public_host_key in seen.host_key.remedy
    assert isinstance(seen.reached, Reached)
    assert seen.outputs == ()
    assert server.log.count("publickey") == before


def test_another_host_key_ends_it_before_any_login(server: Sshd, tmp_path: Path) -> None:
    new_key(tmp_path / "other")
    other = " ".join((tmp_path / "other.pub").read_text().split()[:2])
    before = server.log.count("publickey")
    seen = SshTransport(server.target(pinned=(other,)), Stop()).visit((HELLO,), Limits(), lambda _: None)
    assert isinstance(seen.host_key, HostKey)
    assert (seen.host_key.offered, seen.host_key.pinned) == (server.public_host_key, (other,))
    assert isinstance(seen.login, Missing)
    assert seen.login.why is Why.HOST_KEY_DIFFERS
    assert server.log.count("publickey") == before


def test_a_refused_login_is_tried_once(server: Sshd, tmp_path: Path) -> None:
    stranger = new_key(tmp_path / "stranger")
    before = server.log.count("Failed publickey")
    seen = SshTransport(server.target(identity_files=(stranger,)), Stop()).visit((HELLO,), Limits(), lambda _: None)
    assert isinstance(seen.login, Missing)
    assert seen.login.why is Why.LOGIN_REFUSED
    assert isinstance(seen.host_key, HostKey)
    assert server.log.count("Failed publickey") == before + 1


@pytest.mark.parametrize(
    ("mode", "options", "word"),
    [
        (0o644, ("-t", "ed25519", "-N", ""), "chmod 600"),
        (0o600, ("-t", "ed25519", "-N", "secret phrase"), "passphrase"),
    ],
)
def test_a_key_that_cannot_be_used_says_why(
    server: Sshd, tmp_path: Path, mode: int, options: tuple[str, ...], word: str
) -> None:
    key = new_key(tmp_path / "key", *options)
    key.chmod(mode)
    seen = SshTransport(server.target(identity_files=(key,)), Stop()).visit((HELLO,), Limits(), lambda _: None)
    assert isinstance(seen.login, Missing)
    assert word in seen.login.detail


def test_an_rsa_key_and_an_rsa_host_key_work_with_sha2(tmp_path: Path) -> None:
    rsa = new_key(tmp_path / "rsa", "-t", "rsa", "-b", "3072", "-N", "")
    with sshd(tmp_path / "sshd", f"HostKey {rsa}") as server:
        pin = " ".join(rsa.with_suffix(".pub").read_text().split()[:2])
        seen, _ = visit(SshTransport(server.target(pinned=(pin,)), Stop()), HELLO)
        assert isinstance(seen.host_key, HostKey)
        assert seen.host_key.offered == pin


def test_the_agent_s_keys_are_offered_when_asked_for(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    told = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True, timeout=10).stdout
    values = dict(part.split("=", 1) for part in told.replace("\n", "").split(";") if part.startswith("SSH_"))
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    try:
        subprocess.run(["ssh-add", "-q", server.identity], check=True, timeout=10)
        seen, _ = visit(SshTransport(server.target(identity_files=(), use_agent=True), Stop()), HELLO)
        assert seen.login == Login(server.target().user, "agent")
    finally:
        subprocess.run(["ssh-agent", "-k"], check=False, timeout=10, capture_output=True)


def test_through_a_bastion_with_both_keys_pinned(server: Sshd, tmp_path: Path) -> None:
    with sshd(tmp_path / "bastion") as bastion:
        jump = bastion.target(name="bastion")
        seen, outputs = visit(SshTransport(server.target(jump=jump), Stop()), HELLO)
        assert outputs["hello"].stdout == b"hello\n"
        assert isinstance(seen.host_key, HostKey)
        refused = SshTransport(server.target(jump=bastion.target(name="bastion", pinned=())), Stop())
        through = refused.visit((HELLO,), Limits(), lambda _: None)
        assert isinstance(through.reached, Missing)
        assert "through bastion: host key unknown" in through.reached.detail


def test_a_connection_that_breaks_once_is_taken_up_again(server: Sshd) -> None:
    parent = "kill -9 $(ps -o ppid= -p $(ps -o ppid= -p $(ps -o ppid= -p $$)))"
    scripts = (
        HELLO,
        Script("once", f"test -e {server.folder}/broken || {{ touch {server.folder}/broken; {parent}; }}"),
    )
    seen, outputs = visit(SshTransport(server.target(), Stop()), *scripts, Script("after", "echo after"))
    assert outputs["after"].stdout == b"after\n"
    assert isinstance(seen.reached, Reached)
    assert len(seen.attempts) == 3


def test_stopping_ends_a_visit_soon(server: Sshd) -> None:
    stop, stopped_at = Stop(), list[float]()

    def interrupt() -> None:
        stopped_at.append(time.monotonic())
        stop.set(Why.INTERRUPTED)

    def done(output: Output) -> None:
        if output.name == HELLO.name:  # so that the visit is in the middle, however slow the machine is
            threading.Timer(0.2, interrupt).start()

    scripts = (HELLO, Script("long", "sleep 60", timeout_s=60), Script("never", "echo never"))
    seen = SshTransport(server.target(), stop).visit(scripts, Limits(), done)
    assert time.monotonic() - stopped_at[0] < 4
    outputs = {output.name: output for output in seen.outputs}
    assert outputs["hello"].missing is None
    assert {outputs[name].missing.why for name in ("long", "never")} == {Why.INTERRUPTED}  # type: ignore[union-attr]
    assert isinstance(seen.reached, Missing)
