"""Reach, host key, login and sudo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.estate.machines import Sudo
from readiness.probes.processes import Processes
from readiness.probes.reader import FILE, Place, Reader, SudoRule

from .changes import with_baseline
from .harness import Case, Change, Clean, Store, fact

OWN = SudoRule("reader", "root", "!authenticate", FILE)
OTHER = SudoRule("other", "root", "!authenticate", "/usr/bin/id")


def reader(**changed: Any) -> Change:
    return fact("client01", Reader, lambda one: replace(one, **changed))


def rules(*own: SudoRule) -> Change:
    return reader(rules=own)


def not_run(store: Store) -> None:
    """No reader, and nothing of what it would have read."""
    reader(places=())(store)
    fact("client01", Processes, lambda _: Missing(Why.NOT_PERMITTED, f"{FILE} is not there", "install it"))(store)


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
    "CON-002 that this machine does not trust": Case(
        {"CON-002 client01": "FAIL"},
        fact("client01", HostKey, lambda key: replace(key, distrust="revoked by known_hosts:2")),
    ),
    "CON-003 a shell such as nologin": Case(
        {"CON-003 client01": "UNKNOWN"}, fact("client01", Login, lambda _: Missing(Why.NO_COMMANDS, "not available"))
    ),
    "CON-004": Case({"CON-004 client01": "FAIL"}, reader(places=())),
    "CON-004 and what it did not read": Case({"CON-004 client01": "FAIL"}, not_run),
    "CON-004 another text": Case({"CON-004 client01": "FAIL"}, reader(sha256="0" * 64)),
    "CON-004 others may change it": Case(
        {"CON-004 client01": "FAIL"}, reader(places=(Place(FILE, "regular file", "root", "root", "775"),))
    ),
    "CON-004 owned by another": Case(
        {"CON-004 client01": "FAIL"}, reader(places=(Place(FILE, "regular file", "readiness", "root", "755"),))
    ),
    "CON-004 a link": Case(
        {"CON-004 client01": "FAIL"}, reader(places=(Place(FILE, "symbolic link", "root", "root", "777"),))
    ),
    "CON-004 refused": Case(
        {"CON-004 client01": "FAIL"},
        reader(refused=Missing(Why.NOT_PERMITTED, "sudo: a password is required", "a rule")),
    ),
    "CON-004 no sudo": Case({"CON-004 client01": "FAIL"}, reader(tools=("doas",))),
    "CON-004 rules of an older version": Case({"CON-004 client01": "FAIL"}, rules(OWN, replace(OTHER, kind="old"))),
    "CON-004 what sudo allows is not known": Case(
        {"CON-004 client01": "UNKNOWN", "CON-005 client01": "UNKNOWN"},
        reader(rules=Missing(Why.NOT_PERMITTED, "x")),
        with_baseline(sudo=Sudo(also=())),
    ),
    "CON-004 root": Case({"CON-004 client01": "PASS"}, reader(is_root=True, places=(), rules=())),
    "CON-005": Case({"CON-005 client01": "FAIL"}, rules(OWN, OTHER), with_baseline(sudo=None)),
    "CON-005 nothing wider": Case({"CON-005 client01": "PASS"}, rules(OWN), with_baseline(sudo=None)),
    "CON-005 agreed": Case(
        {"CON-005 client01": "PASS"}, rules(OWN, OTHER), with_baseline(sudo=Sudo(also=("/usr/bin/id",)))
    ),
    "CON-005 agreed on another": Case(
        {"CON-005 client01": "FAIL"}, rules(OWN, OTHER), with_baseline(sudo=Sudo(also=("/usr/bin/i",)))
    ),
    "CON-005 everything": Case(
        {"CON-005 client01": "FAIL"},
        rules(OWN, replace(OTHER, command="ALL")),
        with_baseline(sudo=Sudo(also=("/usr/bin/id",))),
    ),
    "CON-005 the reader with variables or any argument": Case(
        {"CON-005 client01": "FAIL"}, rules(OWN, replace(OTHER, command=FILE)), with_baseline(sudo=None)
    ),
    "CON-005 a setting that hands on variables": Case(
        {"CON-005 client01": "FAIL"}, rules(OWN, replace(OTHER, command="Defaults setenv")), with_baseline(sudo=None)
    ),
    "CON-005 root": Case(
        {"CON-005 client01": "NOT_APPLICABLE"}, reader(is_root=True, places=(), rules=()), with_baseline(sudo=None)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
