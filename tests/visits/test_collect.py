"""Collecting: errors become reasons, whatever a transport or a parser does; all that was sent is in the transcript."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from readiness.core.facts import HostKey, Login, Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.probes.host import Boot
from readiness.transports import TRANSPORTS, Route, Stop, TransportKind
from readiness.visits.collect import CONNECTION_FACTS, Collected, collect
from tests.transports import local

LIMITS = Limits(host_s=5.0, run_s=10.0)
LET_IN = {Reached: Reached("10.0.0.1", 22, 0.001), HostKey: HostKey("k", "f", (), ()), Login: Login("ops", "agent")}
SSH, WINRM = TRANSPORTS["ssh"], TRANSPORTS["winrm"]
BOOT = Script("boot", "cat boot")


class Recorded:
    """A transport that gives one visit, and keeps what it was sent."""

    def __init__(self, visit: Callable[[tuple[Script, ...]], Visit]) -> None:
        self._visit = visit
        self.sent: list[tuple[Script, ...]] = []

    def visit(self, scripts: tuple[Script, ...], _limits: Limits, _done: Callable[[Output], None]) -> Visit:
        self.sent.append(scripts)
        return self._visit(scripts)


def answers(stdout: bytes, *, missing: Missing | None = None, host: str = "bk01") -> Recorded:
    def visit(scripts: tuple[Script, ...]) -> Visit:
        outputs = tuple(Output(script.name, 0, stdout, b"", 1.0, 1.1, 0.2, missing) for script in scripts)
        return Visit(host, LET_IN, outputs=outputs, attempts=("10.0.0.1 port 22",), command="sh -s")

    return Recorded(visit)


def refuses(missing: Missing) -> Recorded:
    return Recorded(lambda _: Visit("bk01", missing=missing, attempts=(str(missing),)))


def collected(transport: Recorded, kind: TransportKind = SSH, *scripts: Script, stop: Stop | None = None) -> Collected:
    batches = {"bk01": scripts or (BOOT,)}
    (host,) = collect(batches, {"bk01": Route(kind, transport)}, LIMITS, jobs=1, stop=stop or Stop())
    return host


@pytest.mark.parametrize("kind", [SSH, WINRM, local.KIND], ids=lambda kind: kind.name)
def test_every_fact_of_the_connection_is_there_or_has_a_reason(kind: TransportKind) -> None:
    refused = Missing(Why.REFUSED, "10.0.0.1 port 22")
    values = collected(refuses(refused), kind).facts.values
    for fact in CONNECTION_FACTS:
        expected = refused if fact in kind.proves else kind.lacks(fact)
        assert values[fact.name] == expected
    assert values["boot"] == refused


def test_what_a_transport_cannot_prove_is_not_taken_from_it() -> None:
    values = collected(answers(b""), replace(SSH, proves=frozenset({Login}))).facts.values
    assert values["host_key"] == Missing(Why.NOT_ASKED, "SSH has no host key")
    assert values["login"] == LET_IN[Login]


def test_a_visit_that_says_nothing_of_a_fact_leaves_it_missing() -> None:
    values = collected(Recorded(lambda _: Visit("bk01")), WINRM).facts.values
    assert values["winrm_listener"] == values["login"] == values["boot"] == Missing(Why.NOT_ASKED)
    assert isinstance(values[WinrmListener.name], Missing)


@pytest.mark.parametrize(
    ("stdout", "missing", "why"),
    [
        (b"", None, Why.UNREADABLE),
        (b"\xff\x00 nonsense", None, Why.UNREADABLE),
        (b"", Missing(Why.TIMED_OUT, "after 30 s"), Why.TIMED_OUT),
    ],
)
def test_what_no_parser_understands_is_missing(stdout: bytes, missing: Missing | None, why: Why) -> None:
    host = collected(answers(stdout, missing=missing))
    value = host.facts.values["boot"]
    assert isinstance(value, Missing)
    assert value.why is why
    assert host.facts.evidence["boot"] == "bk01#1"
    assert host.facts.evidence["login"] == "bk01#0"


def test_a_transport_that_breaks_costs_its_own_host_only() -> None:
    def breaks(_: tuple[Script, ...]) -> Visit:
        raise RuntimeError("no such thing")

    routes = {"bk01": Route(SSH, Recorded(breaks)), "bk02": Route(SSH, answers(b"", host="bk02"))}
    hosts = {
        host.facts.host: host.facts.values
        for host in collect({"bk01": (BOOT,), "bk02": (BOOT,)}, routes, LIMITS, jobs=2, stop=Stop())
    }
    assert str(hosts["bk01"]["login"]) == "output not understood: the transport broke: RuntimeError: no such thing"
    assert hosts["bk02"]["login"] == LET_IN[Login]


def test_the_transcript_holds_the_connection_and_each_script() -> None:
    host = collected(answers(b"out"), SSH, BOOT, Script("packages", "dpkg", ("bacula",)))
    connection, boot, packages = host.transcript
    assert connection == {
        "ref": "bk01#0",
        "host": "bk01",
        "what": "connection",
        "address": "10.0.0.1:22",
        "command": "sh -s",
        "attempts": ["10.0.0.1 port 22"],
        "result": "logged in",
    }
    assert (boot["ref"], boot["script"], boot["stdout"], boot["sha256"]) == ("bk01#1", "boot.sh", "out", BOOT.sha256)
    assert (packages["ref"], packages["arguments"]) == ("bk01#2", ["bacula"])


def test_each_run_has_a_nonce_of_its_own_that_nobody_keeps() -> None:
    first, second = answers(b""), answers(b"")
    hosts = [collected(first, SSH, BOOT, Script("packages", "dpkg")), collected(second)]
    nonces = {script.nonce for transport in (first, second) for scripts in transport.sent for script in scripts}
    assert len(nonces) == 2
    assert all(len(nonce) == 64 for nonce in nonces)
    assert not any(nonce in str(host) for nonce in nonces for host in hosts)


def test_nobody_is_contacted_after_a_stop() -> None:
    stop, transport = Stop(), answers(b"")
    stop.set(Why.INTERRUPTED)
    values = collected(transport, stop=stop).facts.values
    assert transport.sent == []
    assert str(values["boot"]) == "interrupted: before this host was contacted"


def test_the_end_of_the_run_stops_all_visits() -> None:
    stop = Stop()
    woken = threading.Event()

    def waits(_: tuple[Script, ...]) -> Visit:
        with stop.closing(woken.set):
            assert woken.wait(10)
        return Visit("bk01", missing=Missing(Why.RUN_TIMED_OUT))

    begun = time.monotonic()
    routes: Mapping[str, Route] = {"bk01": Route(SSH, Recorded(waits))}
    (host,) = collect({"bk01": (BOOT,)}, routes, Limits(run_s=0.3), jobs=1, stop=stop)
    assert time.monotonic() - begun < 3
    assert host.facts.values["boot"] == Missing(Why.RUN_TIMED_OUT)
    assert stop.why is Why.RUN_TIMED_OUT
    assert Boot.name == "boot"
