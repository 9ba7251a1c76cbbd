"""A small estate and small checks, for what is pure: planned, examined and judged without a host or a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import yaml

from readiness import products
from readiness.configs import SYSTEMS
from readiness.core.checks import Check, Selector
from readiness.core.facts import Fact, HostFacts, Login, Missing, Reached, Why
from readiness.core.outcomes import Severity
from readiness.estate import load_bytes
from readiness.planning.inputs import Inputs, names_of
from readiness.planning.targets import each_host

AS_OF = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
HOSTS: Mapping[str, Any] = {
    "dir01": {"products": {"bacula": ["director"]}},
    "sd01": {"products": {"bacula": ["storage"]}},
    "web01": {"products": {"bacula": ["client"]}, "groups": ["clients"], "owner": "web-team"},
    "win01": {"products": {"bacula": ["client"]}, "groups": ["clients"], "os": "windows"},
}
ESTATE: Mapping[str, Any] = {
    "service": "backup",
    "change": "CHG1",
    "note": "a small one",
    "cutover": {"start": "2026-12-01T20:00:00+01:00", "end": "2026-12-02T04:00:00+01:00"},
    "winrm": {"user": "readiness"},
    "groups": {"clients": {"title": "File daemons"}},
}


def inputs(hosts: Mapping[str, Any] = HOSTS, baseline: Mapping[str, Any] | None = None, **estate: Any) -> Inputs:
    """The inputs of a folder with these hosts; each has a name of its own in example.com."""
    written = {name: {"fqdn": f"{name}.example.com", "products": {}, **host} for name, host in hosts.items()}
    files = {
        "estate.yaml": yaml.safe_dump({**ESTATE, **estate, "hosts": written}, sort_keys=False).encode(),
        "baseline.yaml": yaml.safe_dump(baseline or {"clock": {"max_offset_s": 1.0}}, sort_keys=False).encode(),
    }
    catalogue = products.load(SYSTEMS)
    loaded = load_bytes(files, names_of(catalogue), AS_OF)
    return Inputs(loaded.estate, loaded.baseline, catalogue, AS_OF, loaded.files)


def a_check(
    check_id: str = "TST-001",
    targets: Selector = each_host,
    *,
    area: str = "test",
    needs: tuple[type[Fact], ...] = (),
    severity: Severity = Severity.BLOCKER,
    explains: Iterable[Why] = (),
    live: bool = False,
) -> Check:
    """A check as collecting makes it."""
    return Check(
        id=check_id,
        severity=severity,
        targets=targets,
        needs=needs,
        remedy="Mend it.",
        source="this test",
        explains=frozenset(explains),
        title=f"The title of {check_id}",
        why="Because.",
        area=area,
        location=f"test_{area}.py:1",
        live=live,
    )


def facts(host: str, **values: Fact | Missing) -> HostFacts:
    """A host that was reached and logged in to, with what else was read."""
    reached = {"reached": Reached("192.0.2.1", 22, 0.01), "login": Login("readiness", "publickey")}
    return HostFacts(host, {**reached, **values}, dict.fromkeys(("reached", "login", *values), f"{host}#1"))


def down(host: str) -> HostFacts:
    """A host that refused the connection."""
    missing = Missing(Why.REFUSED, "port 22", "start its sshd")
    return HostFacts(host, {"reached": missing, "login": missing}, {})
