"""Single commands over a connection that stays open, against a real OpenSSH server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits
from readiness.transports import Budget, Stop
from readiness.transports.ssh.live import LiveConnection
from readiness.transports.ssh.transport import SshTransport
from tests.transports.conftest import Keys, target_of
from tests.transports.full_contract import QUICK
from tests.transports.openssh import Sshd, free_port, public

pytestmark = pytest.mark.usefixtures("nothing_left")


@contextmanager
def live(
    server: Sshd, keys: Keys, limits: Limits = QUICK, stop: Stop | None = None, **changes: object
) -> Iterator[LiveConnection]:
    transport = SshTransport(target_of(server, keys, **changes), stop or Stop())
    connection = transport.live(limits, Budget.of(limits.host_s, transport.stop))
    try:
        yield connection
    finally:
        connection.close()


def why(missing: Missing | None) -> Why | None:
    return missing.why if missing else None


def test_a_host_that_was_visited_and_lets_nobody_in_now_may_be_punishing_us(sshd: Sshd, keys: Keys) -> None:
    with live(sshd, keys, port=free_port()) as host:
        missing = host.open()
        assert why(missing) is Why.REFUSED
        assert "it let us in before" in str(missing)


def test_commands_share_one_connection_and_say_how_they_ended(sshd: Sshd, keys: Keys) -> None:
    with live(sshd, keys) as host:
        said = [
            host.run(text) for text in ("echo out; echo err >&2; exit 3", "exit 0", "cat; echo 'it''s'", "nothing-x")
        ]
        assert [(one.stdout, one.status, one.missing) for one in said] == [
            (b"out\n", 3, None),
            (b"", 0, None),
            (b"its\n", 0, None),
            (b"", 127, None),
        ]
        assert said[0].stderr == b"err\n"
        assert len(host.attempts) == 1
    assert why(host.run("true").missing) is Why.NOT_ASKED


def test_a_command_that_hangs_ends_at_its_deadline_and_the_next_one_runs(sshd: Sshd, keys: Keys) -> None:
    with live(sshd, keys, replace(QUICK, probe_s=3)) as host:
        begun = time.monotonic()
        hung = host.run("echo first; sleep 617.25")
        assert time.monotonic() - begun < 5
        assert (why(hung.missing), hung.status, hung.stdout) == (Why.TIMED_OUT, None, b"first\n")
        assert host.run("echo on").stdout == b"on\n"
        assert host.run("pgrep -f '[s]leep 617.25'").status == 1
        assert host.run("exit 124").status == 124  # a command's own, since it did not take the 3 s


@pytest.mark.parametrize("flood", ["yes", "yes >&2"])
def test_a_flood_is_cut_and_the_next_command_runs(sshd: Sshd, keys: Keys, flood: str) -> None:
    with live(sshd, keys, replace(QUICK, probe_bytes=5000)) as host:
        cut = host.run(flood)
        assert (why(cut.missing), cut.status) == (Why.OUTPUT_CUT, None)
        assert max(len(cut.stdout), len(cut.stderr)) == 5000
        assert host.run("echo on").stdout == b"on\n"


def test_the_host_s_limit_of_bytes_ends_it(sshd: Sshd, keys: Keys) -> None:
    with live(sshd, keys, replace(QUICK, probe_bytes=5000, host_bytes=9000)) as host:
        ends = [why(host.run("head -c 4000 /dev/zero").missing) for _ in range(4)]
    assert ends == [None, None, Why.OUTPUT_CUT, Why.OUTPUT_CUT]


def test_the_host_s_deadline_ends_it(sshd: Sshd, keys: Keys) -> None:
    with live(sshd, keys, replace(QUICK, probe_s=30, host_s=2)) as host:
        begun = time.monotonic()
        ends = [why(host.run(command).missing) for command in ("sleep 20", "true")]
        assert time.monotonic() - begun < 4
    assert ends == [Why.HOST_TIMED_OUT, Why.HOST_TIMED_OUT]


def test_stop_ends_a_command_at_once(sshd: Sshd, keys: Keys) -> None:
    stop = Stop()
    with live(sshd, keys, replace(QUICK, probe_s=30, host_s=60), stop) as host:
        assert host.open() is None
        stop.set(Why.INTERRUPTED)
        assert why(host.run("sleep 20").missing) is Why.INTERRUPTED


def test_a_connection_that_breaks_is_not_made_again(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start()
    with live(server, keys) as host:
        assert host.run("true").status == 0
        server.kill_connections()
        assert [why(host.run("true").missing) for _ in range(2)] == [Why.CONNECTION_LOST] * 2
        assert len(host.attempts) == 1


def test_a_host_with_another_key_is_sent_nothing(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start()
    with live(server, keys, pinned=(public(keys.good),)) as host:
        assert why(host.run("true").missing) is Why.HOST_KEY_DIFFERS
    assert server.logins_tried() == 0


def test_without_timeout_nothing_is_run(start: Callable[..., Sshd], keys: Keys) -> None:
    server = start("ForceCommand exit 127")
    with live(server, keys) as host:
        assert [why(host.run("true").missing) for _ in range(2)] == [Why.TOOL_ABSENT] * 2
