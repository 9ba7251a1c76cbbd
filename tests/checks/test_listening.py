"""Who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.core.facts import Missing
from readiness.estate.listening import Listener
from readiness.estate.listening import Listening as AgreedListening
from readiness.planning.inputs import Inputs
from readiness.probes.listening import Holder, Listening, Socket

from .changes import (
    HOSTS,
    NO_OWNERS,
    PROGRAM,
    with_baseline,
)
from .harness import Case, Change, Clean, Store, both, fact


def socket(
    host: str, address: str, port: int, program: str | None, *, instead: bool = False
) -> Callable[[Store], None]:
    """One more listening socket, or one in the place of those on the port."""

    def change(listening: Listening) -> Listening:
        assert not isinstance(listening.holders, Missing)
        kept = tuple(one for one in listening.sockets if not instead or one.port != port)
        holders = {one.inode: listening.holders[one.inode] for one in kept}
        holders[1] = (Holder(1, program),) if program else ()
        return Listening((*kept, Socket(address, port, 1)), holders)

    return fact(host, Listening, change)


FD = "/usr/sbin/bacula-fd"


def only_socket(address: str, port: int, program: str) -> Callable[[Listening], Listening]:
    return lambda _: Listening((Socket(address, port, 1),), {1: (Holder(7, program),)})


def listening(address: str, port: int, program: str) -> Change:
    """Nobody else listens on fd01."""
    return fact("fd01", Listening, lambda _: Listening((Socket(address, port, 1),), {1: (Holder(4, program),)}))


def also(listener: Listener) -> Callable[[Inputs], Inputs]:
    """One more listener is agreed on."""

    def change(inputs: Inputs) -> Inputs:
        stated = inputs.baseline.listening
        listeners = (stated.also if stated else None) or ()
        return with_baseline(listening=AgreedListening(also=(*listeners, listener)))(inputs)

    return change


CASES = {
    "LSN-001": Case(
        {"LSN-001 client01/bacula.client": "FAIL"},
        fact("client01", Listening, lambda one: replace(one, sockets=())),
    ),
    "LSN-002 another program": Case(
        {"LSN-002 client01/bacula.client": "FAIL"}, socket("client01", "192.0.2.1", 9102, "/usr/bin/nc", instead=True)
    ),
    "LSN-002 nobody seen": Case(
        {"LSN-002 client01/bacula.client": "UNKNOWN"}, socket("client01", "192.0.2.1", 9102, None, instead=True)
    ),
    "LSN-002 and LSN-004 what the login may not see": Case(
        {"LSN-002 client01/bacula.client": "UNKNOWN", "LSN-004 client01": "UNKNOWN"},
        both(
            socket("client01", "192.0.2.1", 8080, None),
            fact("client01", Listening, lambda one: replace(one, holders=NO_OWNERS)),
        ),
    ),
    "LSN-003": Case(
        {"LSN-003 client01/bacula.client": "FAIL"}, socket("client01", "127.0.0.1", 9102, FD, instead=True)
    ),
    "LSN-003 on every address": Case(
        {"LSN-003 client01/bacula.client": "PASS"}, socket("client01", "::", 9102, FD, instead=True)
    ),
    "LSN-003 on loopback, too": Case({"LSN-003 client01/bacula.client": "PASS"}, socket("client01", "::1", 9102, FD)),
    "LSN-004": Case({"LSN-004 client01": "FAIL"}, socket("client01", "::", 8080, "/usr/bin/python3.11")),
    "LSN-004 the kernel's": Case({"LSN-004 client01": "FAIL"}, socket("client01", "::", 2049, None)),
    "LSN-004 on loopback only": Case(
        {"LSN-004 client01": "PASS"}, socket("client01", "127.0.0.1", 25, "/usr/sbin/exim4")
    ),
    "LSN-004 declared": Case(
        {"LSN-004 client01": "PASS"},
        socket("client01", "::", 9100, "/usr/bin/node_exporter"),
        also(Listener(port=9100, process="node_exporter", groups=("clients",))),
    ),
    "LSN-004 declared for another program": Case(
        {"LSN-004 client01": "FAIL"},
        socket("client01", "::", 9100, "/usr/bin/nc"),
        also(Listener(port=9100, process="node_exporter")),
    ),
    "LSN-004 declared for another group": Case(
        {"LSN-004 sd01": "FAIL"},
        socket("sd01", "::", 9100, "/usr/bin/node_exporter"),
        also(Listener(port=9100, process="node_exporter", groups=("clients",))),
    ),
    "LSN-004 Windows: the way in": Case({"LSN-004 fd01": "PASS"}, listening("::", 5985, "System")),
    "LSN-004 Windows: another way in": Case({"LSN-004 fd01": "FAIL"}, listening("::", 22, "sshd.exe")),
    "LSN-004 never agreed": Case(
        {f"LSN-004 {host}": "UNKNOWN" for host in HOSTS},
        inputs=with_baseline(listening=None),
    ),
    "LSN-001 Windows: nobody listens": Case(
        {"LSN-001 fd01/bacula.client": "FAIL"},
        fact("fd01", Listening, only_socket("::", 135, r"C:\Windows\system32\svchost.exe")),
    ),
    "LSN-002 Windows: another program on the port": Case(
        {"LSN-002 fd01/bacula.client": "FAIL"},
        fact("fd01", Listening, only_socket("::", 9102, r"C:\Temp\bacula-fd.exe")),
    ),
    "LSN-002 Windows: its program in another spelling": Case(
        {"LSN-002 fd01/bacula.client": "PASS"}, fact("fd01", Listening, only_socket("::", 9102, PROGRAM.upper()))
    ),
    "LSN-004 Windows: undeclared": Case(
        {"LSN-004 fd01": "FAIL"}, fact("fd01", Listening, only_socket("::", 135, r"C:\Temp\nc.exe"))
    ),
    "LSN-004 Windows: declared in another spelling": Case(
        {"LSN-004 fd01": "PASS"}, fact("fd01", Listening, only_socket("::", 135, r"C:\WINDOWS\System32\SVCHOST.EXE"))
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
