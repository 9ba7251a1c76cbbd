"""SSH against a real OpenSSH server: what comes back, whom it trusts, and how it ends."""

from __future__ import annotations

import logging
import os
import re
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Output, Script, Transport, Visit
from readiness.transports import TRANSPORTS, Stop
from readiness.transports.ssh.known_hosts import KnownHosts
from readiness.transports.ssh.target import SshTarget
from readiness.transports.ssh.transport import SshTransport
from tests.transports.conftest import Keys, target_of
from tests.transports.full_contract import QUICK, Dialect, FullContract
from tests.transports.openssh import USER, Sshd, free_port, make_key, public, require

pytestmark = pytest.mark.usefixtures("nothing_left")
ONE = (Script("one", "echo 1"),)


class Posix:
    """The contract's sentences for a POSIX shell."""

    def say(self, stdout: bytes, stderr: bytes = b"", status: int = 0) -> str:
        def printed(data: bytes) -> str:
            pieces = [data[n : n + 5000] for n in range(0, len(data), 5000)]
            return "; ".join("printf '" + "".join(f"\\{byte:03o}" for byte in piece) + "'" for piece in pieces) or ":"

        return f"{printed(stdout)}; {{ {printed(stderr)}; }} >&2; exit {status}"

    def sleep(self, seconds: float) -> str:
        return f"sleep {seconds}"

    def flood(self) -> str:
        return "yes"

    def arguments(self) -> str:
        return "printf '<%s>' \"$@\""


class TestContract(FullContract):
    kind = TRANSPORTS["ssh"]

    @pytest.fixture
    def connect(self, sshd: Sshd, keys: Keys) -> Callable[[Stop], Transport]:
        return lambda stop: SshTransport(target_of(sshd, keys), stop)

    @pytest.fixture
    def dialect(self) -> Dialect:
        return Posix()


def visited(target: SshTarget, *scripts: Script, limits: Limits = QUICK) -> Visit:
    return SshTransport(target, Stop()).visit(scripts or ONE, limits, lambda _: None)


def why_of(value: object) -> Why | None:
    return value.why if isinstance(value, Missing) else None


def whys(visit: Visit) -> list[Why | None]:
    return [why_of(output.missing) for output in visit.outputs]


# --- Whom it trusts


def test_a_key_that_is_not_pinned(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start()
    visit = visited(target_of(server, keys, pinned=()))
    assert isinstance(visit.reached, Reached)
    assert isinstance(visit.host_key, Missing)
    assert visit.host_key.why is Why.HOST_KEY_UNKNOWN
    assert visit.login == visit.host_key
    shown = subprocess.run(
        [require("ssh-keygen"), "-lf", f"{keys.host}.pub"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split()[1] in visit.host_key.detail
    line = visit.host_key.remedy.split("known_hosts: ")[1]
    assert line == f"[127.0.0.1]:{server.port} {public(keys.host)}"
    assert server.logins_tried() == 0


def test_the_remedy_is_a_line_that_works(sshd: Sshd, keys: Keys, tmp_path: Path) -> None:
    unknown = visited(target_of(sshd, keys, pinned=())).host_key
    assert isinstance(unknown, Missing)
    (tmp_path / "known_hosts").write_text(unknown.remedy.split("known_hosts: ")[1] + "\n")
    pins = KnownHosts.load([tmp_path / "known_hosts"]).pins(["127.0.0.1"], sshd.port)
    assert isinstance(visited(target_of(sshd, keys, pinned=pins)).login, Login)


@pytest.mark.parametrize("revoked", [False, True])
def test_a_key_that_differs_or_is_revoked_is_told_nothing(
    start: Callable[..., Sshd], keys: Keys, tmp_path: Path, *, revoked: bool
) -> None:
    server = start()
    pinned = (f"@revoked {public(keys.host)}",) if revoked else (public(keys.good),)
    visit = visited(target_of(server, keys, pinned=pinned))
    assert isinstance(visit.host_key, HostKey)
    assert visit.host_key.offered == public(keys.host)
    assert visit.host_key.offered not in visit.host_key.pinned
    assert why_of(visit.login) is Why.HOST_KEY_DIFFERS
    assert visit.outputs == ()
    assert server.wait_for("Connection closed by")
    assert server.logins_tried() == 0
    assert "userauth" not in server.log().split("KEX done")[-1].replace("ssh-userauth", "")
    assert tmp_path.exists()


def test_the_pinned_type_is_asked_for(sshd: Sshd, keys: Keys) -> None:
    for path in (keys.host, keys.host_rsa):
        visit = visited(target_of(sshd, keys, pinned=(public(path),)))
        assert isinstance(visit.host_key, HostKey)
        assert visit.host_key.offered == public(path)
        assert isinstance(visit.login, Login)


# --- The login


def test_a_refused_login_is_tried_once(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start()
    visit = visited(target_of(server, keys, identity_files=(keys.bad,)))
    assert isinstance(visit.host_key, HostKey)
    assert isinstance(visit.login, Missing)
    assert visit.login.why is Why.LOGIN_REFUSED
    assert "bad not accepted" in visit.login.detail
    assert server.wait_for("Connection closed by")
    assert server.logins_tried() == 1
    assert server.log().count("Connection from 127.0.0.1") == 2, "one of them is the bench's own look"


def test_keys_are_offered_in_order(sshd: Sshd, keys: Keys) -> None:
    visit = visited(target_of(sshd, keys, identity_files=(keys.bad, keys.good)))
    assert visit.login == Login(USER, "publickey")


@pytest.mark.parametrize("beside", ["", "-cert.pub", ".pub"])
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_key_that_becomes_something_else_holds_no_visit_up(
    sshd: Sshd, keys: Keys, tmp_path: Path, make: Callable[[Path], object], beside: str
) -> None:
    """Files may change between being looked at and being used."""
    if beside == "-cert.pub":
        (tmp_path / "key").write_bytes(keys.bad.read_bytes())
        (tmp_path / "key").chmod(0o600)
    make(tmp_path / f"key{beside}")
    login = visited(target_of(sshd, keys, identity_files=(tmp_path / "key",), use_agent=True)).login
    assert isinstance(login, Missing)
    assert "key file" in login.detail
    assert isinstance(visited(target_of(sshd, keys, identity_files=(tmp_path / "key", keys.good))).login, Login)


def test_a_key_is_offered_with_its_certificate(start: Callable[..., Sshd], keys: Keys, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    sign = ["ssh-keygen", "-q", "-s", str(keys.good), "-I", "x", "-n", USER, str(key.with_name("key.pub"))]
    subprocess.run(sign, check=True, capture_output=True)
    (tmp_path / "ca.pub").write_text(public(keys.good) + "\n")
    server = start(f"TrustedUserCAKeys {tmp_path}/ca.pub", "AuthorizedKeysFile none")
    for named in (key, tmp_path / "key-cert.pub"):
        assert isinstance(visited(target_of(server, keys, identity_files=(named,))).login, Login)


def test_a_host_that_wants_more_than_a_key(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start("AuthenticationMethods publickey,password", "PasswordAuthentication yes")
    visit = visited(target_of(server, keys))
    assert isinstance(visit.login, Missing)
    assert visit.login.why is Why.LOGIN_REFUSED
    assert "the host asks for password" in visit.login.detail


def test_key_files_that_cannot_be_used(sshd: Sshd, keys: Keys, tmp_path: Path) -> None:
    locked, loose, bad = (
        make_key(tmp_path / "locked", passphrase=f"{USER}-secret"),
        make_key(tmp_path / "loose"),
        tmp_path / "x",
    )
    loose.chmod(0o644)
    bad.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
    bad.chmod(0o600)
    files = (locked, loose, bad, tmp_path / "none")
    login = visited(target_of(sshd, keys, identity_files=files)).login
    assert isinstance(login, Missing)
    assert login.why is Why.LOGIN_REFUSED
    for words in (
        "locked needs a passphrase",
        "loose: others may read it (mode 0644)",
        "x: no usable key",
        "none: No ",
    ):
        assert words in login.detail
    assert isinstance(visited(target_of(sshd, keys, identity_files=(*files, keys.good))).login, Login)


@pytest.fixture
def agent(keys: Keys, tmp_path: Path) -> Iterator[Path]:
    """A real ssh-agent that holds the two keys, the wrong one first."""
    path = tmp_path / "agent"
    process = subprocess.Popen([require("ssh-agent"), "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 5
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        for key in (keys.bad, keys.good):
            environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
            subprocess.run([require("ssh-add"), "-q", str(key)], check=True, env=environment)
        yield path
    finally:
        process.kill()
        process.wait(5)


def test_an_agent(start: Callable[..., Sshd], keys: Keys, agent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    visit = visited(target_of(server, keys, identity_files=(), use_agent=True))
    assert visit.login == Login(USER, "agent")
    assert why_of(visited(target_of(server, keys, identity_files=())).login) is Why.LOGIN_REFUSED, "only when asked"
    before = server.logins_tried()
    public_half = Path(f"{keys.good}.pub")
    visit = visited(target_of(server, keys, identity_files=(public_half,), use_agent=True))
    assert visit.login == Login(USER, "agent")
    assert server.logins_tried() == before + 1, "of the agent's keys only the one that was meant"


# paramiko leaves the socket of an agent that is gone to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_agent_that_does_not_answer(sshd: Sshd, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket  # noqa: PLC0415

    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        deaf.listen()
        begun = time.monotonic()
        target = target_of(sshd, keys, identity_files=(), use_agent=True)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "deaf"))
        visit = visited(target, limits=replace(QUICK, login_s=1))
        assert time.monotonic() - begun < 2
        assert why_of(visit.login) is Why.LOGIN_REFUSED
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
        assert why_of(visited(target).login) is Why.LOGIN_REFUSED


# --- Through another host


def test_a_jump(start: Callable[..., Sshd], keys: Keys) -> None:
    far, near, nearest = start(), start(host_keys=(keys.host_rsa,)), start()
    first = target_of(nearest, keys, name="nearest")
    second = target_of(near, keys, name="bastion", pinned=(public(keys.host_rsa),), jump=first)
    visit = visited(target_of(far, keys, jump=second), *ONE, Script("two", "head -c 300000 /dev/zero"))
    assert isinstance(visit.login, Login)
    assert isinstance(visit.host_key, HostKey)
    assert visit.host_key.offered == public(keys.host)
    assert [len(output.stdout) for output in visit.outputs] == [2, 300_000]


@pytest.mark.parametrize(
    ("changes", "why", "words"),
    [
        ({"pinned": ()}, Why.HOST_KEY_UNKNOWN, "through bastion: "),
        ({"pinned": ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",)}, Why.HOST_KEY_DIFFERS, "through bastion: "),
        ({"identity_files": ()}, Why.LOGIN_REFUSED, "through bastion: "),
        ({"port": 0}, Why.REFUSED, "through bastion: connection refused: 127.0.0.1 port "),
    ],
)
def test_a_jump_that_fails(
    start: Callable[..., Sshd], keys: Keys, changes: dict[str, object], why: Why, words: str
) -> None:
    far, near = start(), start()
    if "port" in changes:
        changes = {"port": free_port()}
    visit = visited(target_of(far, keys, jump=target_of(near, keys, name="bastion", **changes)))
    for value in (visit.reached, visit.host_key, visit.login):
        assert why_of(value) is why
        assert words in str(value)
    assert "Connection from 127.0.0.1" in far.log()
    assert far.log().count("Connection from") == 1, "only the bench's own look"


def test_a_host_that_its_jump_does_not_reach(start: Callable[..., Sshd], keys: Keys) -> None:
    near, closed = start(), start("AllowTcpForwarding no")
    nobody = replace(target_of(near, keys), port=free_port())
    visit = visited(replace(nobody, jump=target_of(near, keys, name="bastion")))
    assert why_of(visit.reached) is Why.REFUSED
    assert "through bastion" in str(visit.reached)
    visit = visited(replace(nobody, jump=target_of(closed, keys, name="bastion")))
    assert why_of(visit.reached) is Why.NOT_PERMITTED
    named = replace(nobody, address="no-such-host.invalid", jump=target_of(near, keys, name="bastion"))
    assert why_of(visited(named).reached) in {Why.NO_SUCH_NAME, Why.UNREACHABLE}


# --- What stands in the way of the output


def test_noise_of_the_login_is_not_parsed(start: Callable[..., Sshd], keys: Keys) -> None:
    noise = "printf 'Welcome\\n@deadbeef begin 0 0\\nno newline'; echo warning >&2"
    server = start(f'ForceCommand {noise}; exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"')
    visit = visited(target_of(server, keys), Script("both", "echo out; echo err >&2"))
    assert (visit.outputs[0].stdout, visit.outputs[0].stderr) == (b"out\n", b"err\n")


def test_nothing_of_the_logins_environment_counts(start: Callable[..., Sshd], keys: Keys) -> None:
    """With POSIXLY_CORRECT tools of GNU's read no option behind a word, and systemd's neither; others colour words."""
    server = start("SetEnv POSIXLY_CORRECT=1 SYSTEMD_COLORS=1 LD_LIBRARY_PATH=/tmp BASH_ENV=/tmp/x")
    visit = visited(target_of(server, keys), Script("names", "env | sed 's/=.*//' | grep -vx _ | sort"))
    assert visit.outputs[0].stdout.decode().split() == ["LANG", "LC_ALL", "PATH", "PWD", "TZ"]


def test_a_login_that_runs_no_commands(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start('ForceCommand echo "This account is currently not available."; exit 1')
    visit = visited(target_of(server, keys), *ONE, Script("two", "echo 2"))
    assert isinstance(visit.login, Missing)
    assert whys(visit) == [visit.login.why, Why.NO_COMMANDS]
    assert visit.reached is not visit.login
    assert "This account is currently not available." in str(visit.outputs[0].missing)


def test_a_host_that_opens_no_session(start: Callable[..., Sshd], keys: Keys) -> None:
    visit = visited(target_of(start("MaxSessions 0"), keys))
    assert isinstance(visit.login, Missing)
    assert (visit.login.why, whys(visit)) == (Why.NO_COMMANDS, [Why.NO_COMMANDS])


def test_a_script_that_hangs_in_spite_of_all_costs_only_itself(sshd: Sshd, keys: Keys) -> None:
    """As one stuck in the kernel: here `timeout` is stopped, so nobody ends the script but us."""
    stuck = Script("stuck", 'kill -STOP "$PPID"; sleep 15', timeout_s=0.5)
    begun = time.monotonic()
    visit = visited(target_of(sshd, keys), Script("one", "echo 1"), stuck, Script("two", "echo 2"))
    assert 4 < time.monotonic() - begun < 15
    assert whys(visit) == [None, Why.TIMED_OUT, None]
    assert "did not end when told to" in str(visit.outputs[1].missing)
    assert visit.outputs[2].stdout == b"2\n"


def test_what_a_script_leaves_behind_holds_nothing_up(sshd: Sshd, keys: Keys) -> None:
    leaves = Script("leaves", "setsid sh -c 'trap \"\" TERM HUP; sleep 9' & echo left")
    begun = time.monotonic()
    visit = visited(target_of(sshd, keys), leaves, Script("two", "echo 2"))
    assert time.monotonic() - begun < 8
    assert [output.stdout for output in visit.outputs] == [b"left\n", b"2\n"]


def test_a_script_that_ends_its_shell(sshd: Sshd, keys: Keys) -> None:
    """The scripts after it run in a new one; the one under which it ended is not run again."""
    killer = 'kill -9 $(sed -n "s/^PPid:[^0-9]*//p" /proc/$PPID/status)'
    visit = visited(target_of(sshd, keys), Script("one", "echo 1"), Script("killer", killer), Script("two", "echo 2"))
    assert whys(visit) == [None, Why.UNREADABLE, None]
    assert isinstance(visit.reached, Reached)


def test_200_mb_cost_neither_memory_nor_time(sshd: Sshd, keys: Keys) -> None:
    flood = Script("flood", "head -c 200000000 /dev/zero", timeout_s=30)
    visited(target_of(sshd, keys))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    visit = visited(target_of(sshd, keys), *(replace(flood, name=f"flood{n}") for n in range(5)), *ONE, limits=Limits())
    assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert whys(visit) == [Why.OUTPUT_CUT] * 5 + [None], visit.outputs[-1]


def test_5_mb_of_errors_before_the_output(sshd: Sshd, keys: Keys) -> None:
    loud = Script("loud", "head -c 5000000 /dev/zero >&2; echo out")
    visit = visited(target_of(sshd, keys), loud, limits=replace(QUICK, host_bytes=16 << 20))
    assert whys(visit) == [None]
    assert visit.outputs[0].stdout == b"out\n"
    assert len(visit.outputs[0].stderr) == 1 << 18


def test_a_flood_of_errors_costs_only_itself(sshd: Sshd, keys: Keys) -> None:
    limits = replace(QUICK, host_bytes=2 << 20)
    visit = visited(target_of(sshd, keys), Script("loud", "yes >&2"), Script("two", "echo 2"), limits=limits)
    assert whys(visit) == [Why.OUTPUT_CUT, None]


def test_the_host_has_a_limit_of_bytes(sshd: Sshd, keys: Keys) -> None:
    big = [Script(f"big{n}", "head -c 900000 /dev/zero") for n in range(6)]
    visit = visited(target_of(sshd, keys), *big, limits=replace(QUICK, host_bytes=2_000_000))
    assert whys(visit) == [None, None, *[Why.OUTPUT_CUT] * 4]


def test_an_abandoned_shell_does_not_go_on(sshd: Sshd, keys: Keys, tmp_path: Path) -> None:
    """Else it would run the rest once more beside us."""
    trace = tmp_path / "trace"
    visit = visited(
        target_of(sshd, keys),
        Script("flood", "yes", timeout_s=3),
        Script("two", f"echo two >>{trace}; sleep 1"),
        Script("three", f"echo three >>{trace}"),
    )
    assert whys(visit) == [Why.OUTPUT_CUT, None, None]
    time.sleep(0.5)
    assert trace.read_text() == "two\nthree\n"


# --- How it ends


def test_a_connection_that_breaks_is_made_once_more(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start()
    told: list[str] = []

    def done(output: Output) -> None:
        told.append(output.name)
        if output.name == "two":
            threading.Timer(0.3, server.kill_connections).start()

    scripts = (
        Script("one", "echo 1"),
        Script("two", "echo 2"),
        Script("slow", "sleep 1; echo s"),
        Script("end", "echo"),
    )
    visit = SshTransport(target_of(server, keys), Stop()).visit(scripts, QUICK, done)
    assert told == ["one", "two", "slow", "end"]
    assert whys(visit) == [None] * 4
    assert isinstance(visit.reached, Reached)
    assert len(visit.attempts) == 3
    assert "broke after 2 of 4 probes" in visit.attempts[1]


def test_a_host_that_dies(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start()

    def done(output: Output) -> None:
        if output.name == "two":
            server.stop()

    scripts = (*ONE, Script("two", "echo 2"), Script("slow", "sleep 1"), Script("end", "echo"))
    visit = SshTransport(target_of(server, keys), Stop()).visit(scripts, QUICK, done)
    assert whys(visit) == [None, None, Why.CONNECTION_LOST, Why.CONNECTION_LOST]
    lost = visit.outputs[2].missing
    assert visit.reached == lost
    assert "after 2 of 4 probes" in str(lost)
    assert "connection refused" in str(lost)
    assert "PerSourcePenalties" in str(lost)
    assert isinstance(visit.host_key, HostKey)
    assert isinstance(visit.login, Login)


def test_no_port_and_no_name(keys: Keys) -> None:
    nobody = SshTarget("host", "127.0.0.1", free_port(), USER, (keys.good,))
    visit = visited(nobody)
    assert visit.reached == visit.host_key == visit.login
    assert why_of(visit.reached) is Why.REFUSED
    assert len(visit.attempts) == 1
    assert why_of(visited(replace(nobody, address="no-such-host.invalid")).reached) is Why.NO_SUCH_NAME


def test_nothing_of_paramiko_reaches_a_log(
    sshd: Sshd, keys: Keys, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    visited(target_of(sshd, keys))
    visited(target_of(sshd, keys, pinned=()))
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_a_visit_leaves_nothing_on_the_host_but_log_entries(sshd: Sshd, keys: Keys) -> None:
    visit = visited(target_of(sshd, keys), Script("files", "ls -A /proc/$PPID/fd | wc -l"))
    assert re.fullmatch(rb"\s*\d+\n", visit.outputs[0].stdout)
