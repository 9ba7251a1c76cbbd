"""Names and what they resolve to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.core.facts import Missing, Why
from readiness.probes.names import Addresses, Names

from .changes import (
    denied,
)
from .harness import Case, Clean, Store, fact


def resolved(host: str, name: str, addresses: tuple[str, ...]) -> Callable[[Store], None]:
    """The host resolves a name to these addresses, which lead back to somebody else."""

    def change(names: Names) -> Names:
        back = dict.fromkeys(addresses, ("other.lab.example",))
        return replace(names, forward={**names.forward, name: addresses}, reverse={**names.reverse, **back})

    return fact(host, Names, change)


CASES = {
    "NAM-001 on loopback": Case(
        {"NAM-001 client01": "FAIL"}, resolved("client01", "client01.lab.example", ("127.0.1.1",))
    ),
    "NAM-002 not at all": Case({"NAM-002 client01": "FAIL"}, resolved("client01", "sd01.lab.example", ())),
    "NAM-002 to another's address": Case(
        {"NAM-002 client01": "FAIL"}, resolved("client01", "sd01.lab.example", ("192.0.2.99",))
    ),
    "NAM-001 on another machine's address": Case(
        {"NAM-001 client01": "FAIL", "NAM-002 dir01": "FAIL", "NAM-002 sd01": "FAIL"},
        fact("client01", Addresses, lambda _: Addresses(("127.0.0.1", "192.0.2.7"))),
    ),
    "NAM-002 a peer that was not read": Case(
        {f"NAM-00{number} {host}": "UNKNOWN" for number, host in ((1, "client01"), (2, "dir01"), (2, "sd01"))},
        fact("client01", Addresses, lambda _: Missing(Why.TOOL_ABSENT, "no ip")),
    ),
    "NAM-001 Windows: a name on another machine": Case(
        {"NAM-001 fd01": "FAIL"}, fact("fd01", Addresses, lambda _: Addresses(("10.99.0.99",)))
    ),
    "NAM-001 Windows: no address may be read": Case({"NAM-001 fd01": "UNKNOWN"}, fact("fd01", Addresses, denied)),
    "NAM-001 Windows: a name that does not resolve": Case(
        {"NAM-001 fd01": "FAIL"},
        fact("fd01", Names, lambda one: replace(one, forward={**one.forward, "fd01.lab.example": ()})),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
