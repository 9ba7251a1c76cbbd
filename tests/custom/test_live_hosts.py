"""Hosts as users' tests reach them: by what their transport can do, within deadlines, everything in the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from readiness.core.errors import ToolFault
from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output
from readiness.custom.live_hosts import LiveHosts
from readiness.transports import TRANSPORTS, Budget, Route, Stop
from tests.transports import local

LIMITS = Limits(probe_s=2.0, host_s=5.0, run_s=10.0)


class Commands:
    """A connection for single commands that answers from a table; a reason stands for no usable output."""

    def __init__(
        self, answers: Mapping[str, tuple[int, bytes, bytes] | Missing], closed: Missing | None = None
    ) -> None:
        self.attempts = ("10.0.0.1 port 22",)
        self._answers, self._closed = answers, closed

    def live(self, _limits: Limits, _budget: Budget) -> Commands:
        return self

    def visit(self, *_: object) -> Any:
        raise AssertionError("nothing is visited here")

    def open(self) -> Missing | None:
        return self._closed

    def run(self, command: str) -> Output:
        answer = self._answers[command]
        if isinstance(answer, Missing):
            return Output("command", None, b"", b"", 0.0, 0.0, 0.1, answer)
        return Output("command", *answer, 0.0, 0.0, 0.1)

    def close(self) -> None:
        """Nothing is open."""


def hosts_of(*transports: object, notes: list[Mapping[str, Any]] | None = None, limits: Limits = LIMITS) -> LiveHosts:
    names = iter(transports)
    routes = {f"bk0{number}": Route(TRANSPORTS["ssh"], transport) for number, transport in enumerate(names, start=1)}  # type: ignore[arg-type]
    return LiveHosts(lambda wanted: {name: routes[name] for name in wanted}, limits, Stop(), (notes or []).append)


def test_any_transport_that_runs_single_commands_will_do() -> None:
    notes: list[Mapping[str, Any]] = [{}]
    hosts = hosts_of(Commands({"id": (0, b"root", b"")}), notes=notes)
    hosts.begin("bk01", "test_a")
    assert hosts.unusable() is None
    assert hosts.run("bk01", "id").stdout == b"root"
    assert hosts.references == ["bk01#live1"]
    assert [(note["ref"], note["what"]) for note in notes[1:]] == [
        ("bk01#live0", "connection"),
        ("bk01#live1", "command"),
    ]


def test_one_that_does_not_is_a_fault_of_the_tool_which_names_it() -> None:
    route = Route(local.KIND, local.LocalTransport("bk01", Stop()))
    hosts = LiveHosts(lambda _: {"bk01": route}, LIMITS, Stop(), lambda _: None)
    hosts.begin("bk01", "test_a")
    with pytest.raises(ToolFault, match="bk01 is reached by The local shell, which runs no single commands"):
        hosts.unusable()


def test_a_test_may_ask_its_own_host_only() -> None:
    hosts = hosts_of(Commands({}), Commands({}))
    hosts.begin("bk01", "test_a")
    with pytest.raises(ToolFault, match="a test of bk01 asks bk02"):
        hosts.run("bk02", "id")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((1, b"", b"sudo: a password is required\n"), Why.NOT_PERMITTED),
        ((127, b"", b"sudo: x: command not found\n"), Why.TOOL_ABSENT),
        ((1, b"", b"sudo: unable to resolve host bk01\n"), None),
        ((1, b"", b"grep: no match\n"), None),
        ((0, b"", b"sudo: a lecture\n"), None),
        (Missing(Why.TIMED_OUT), Why.TIMED_OUT),
    ],
)
def test_what_sudo_did_not_run_says_nothing_of_the_host(
    answer: tuple[int, bytes, bytes] | Missing, why: Why | None
) -> None:
    hosts = hosts_of(Commands({"sudo -n id": answer}))
    hosts.begin("bk01", "test_a")
    output = hosts.run("bk01", "sudo -n id")
    assert (output.missing and output.missing.why) == why
    assert [missing.why for missing in hosts.missing] == ([why] if why else [])


def test_a_host_that_cannot_be_asked_has_a_reason_and_whoever_ended_it_a_name() -> None:
    lost = Missing(Why.CONNECTION_LOST, "closed by the host")
    hosts = hosts_of(Commands({}, closed=lost))
    hosts.begin("bk01", "test_a")
    assert hosts.unusable() == lost
    assert hosts.ended_by is None
    hosts.begin("bk01", "test_b")
    assert hosts.unusable() == lost
    assert hosts.ended_by == "test_a bk01"


def test_the_end_of_the_run_ends_them_all() -> None:
    hosts = hosts_of(Commands({}), limits=Limits(run_s=0.0))
    hosts.begin("bk01", "test_a")
    missing = hosts.unusable()
    assert missing is not None
    assert missing.why is Why.RUN_TIMED_OUT


def test_a_host_s_time_and_the_run_s_are_over_at_their_own_deadlines() -> None:
    hosts = hosts_of(Commands({}), limits=Limits(host_s=0.0, run_s=60.0))
    hosts.begin("bk01", "test_a")
    assert str(hosts.spent()).startswith("host timed out")
    assert hosts.over() is None
    assert str(hosts_of(limits=Limits(run_s=0.0)).over()) == "run timed out"
