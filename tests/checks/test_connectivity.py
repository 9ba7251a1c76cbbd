"""Reach, host key, login and sudo."""

from __future__ import annotations

from dataclasses import replace

import pytest
from readiness.probes.sudo_rules import SudoRules

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.probes.processes import Processes

from .harness import Case, Clean, fact

CASES = {
    "CON-001": Case(
        {"CON-001 client01": "UNKNOWN"}, fact("client01", Reached, lambda _: Missing(Why.CONNECTION_LOST, "half way"))
    ),
    "CON-001 a port and nothing behind it": Case(
        {"CON-001 client01": "UNKNOWN"}, fact("client01", Login, lambda _: Missing(Why.NOT_SSH, "silence"))
    ),
    "CON-002": Case(
        {"CON-002 client01": "FAIL"}, fact("client01", HostKey, lambda key: replace(key, pinned=("ssh-ed25519 x",)))
    ),
    "CON-004": Case(
        {"CON-004 client01": "FAIL"},
        fact("client01", SudoRules, lambda one: replace(one, allowed=(), refused=one.allowed)),
    ),
    "CON-004 by what really happened": Case(
        {"CON-004 client01": "FAIL"},
        fact("client01", Processes, lambda _: Missing(Why.NOT_PERMITTED, "a password is required", "a rule")),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
