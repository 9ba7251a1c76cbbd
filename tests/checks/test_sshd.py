"""The settings of sshd."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.probes.sshd import Sshd

from .changes import (
    LINUX_HOSTS,
    NO_OWNERS,
    with_baseline,
)
from .harness import Case, Clean, fact

CASES = {
    "SSH-001": Case(
        {"SSH-001 client01": "FAIL"},
        fact("client01", Sshd, lambda one: replace(one, settings={**one.settings, "permitrootlogin": ("yes",)})),
    ),
    "SSH-001 a keyword that sshd does not have": Case(
        {f"SSH-001 {host}": "UNKNOWN" for host in LINUX_HOSTS}, inputs=with_baseline(sshd={"PermitRotLogin": "no"})
    ),
    "SSH-001 a value that did not leave the host": Case(
        {"SSH-001 client01": "UNKNOWN"},
        fact("client01", Sshd, lambda one: replace(one, settings={"port": ("22",)}, hidden=("permitrootlogin",))),
    ),
    "SSH-001 several values": Case(
        {"SSH-001 client01": "PASS"}, inputs=with_baseline(sshd={"AllowUsers": "readiness root"})
    ),
    "SSH-001 not permitted": Case({"SSH-001 client01": "UNKNOWN"}, fact("client01", Sshd, lambda _: NO_OWNERS)),
    "SSH-001 never agreed": Case(
        {f"SSH-001 {host}": "UNKNOWN" for host in LINUX_HOSTS}, inputs=with_baseline(sshd=None)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
