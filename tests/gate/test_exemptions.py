"""Each exemption is counted where it was written: the host's before its group's, and that before the one for all."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.core.outcomes import Exemption, Outcome, Result, Severity
from readiness.estate import BASELINE, Baseline, load_bytes
from readiness.gate.exemptions import exemptions_in_force
from tests.estate.samples import AS_OF, GOOD, NAMES

OWN = "{reason: a test, by: J. Doe, day: 2026-11-01}"
TEXT = f"""\
not_agreed: {{sshd: {OWN}, host.time_zone: {OWN}}}
groups: {{clients: {{not_agreed: {{sshd: {OWN}}}}}}}
hosts:
  dir01: {{not_agreed: {{sshd: {{reason: its own, by: J. Doe, day: 2026-11-02, until: 2026-11-25}}}}}}
  sd01: {{not_agreed: {{sshd: {{reason: it is over, by: J. Doe, day: 2026-11-02, until: 2026-11-24}}}}}}
"""


def baseline() -> Baseline:
    return load_bytes({**GOOD, BASELINE: TEXT.encode()}, NAMES, AS_OF).baseline


def exempt(host: str | None, severity: Severity = Severity.MAJOR, key: str | None = "sshd") -> Outcome:
    changes: dict[str, Any] = {"outcome": Result.NOT_APPLICABLE, "not_agreed": key}
    return Outcome("SSH-001", "A title", "sshd", severity, host or "estate", host, "", message="x", **changes)


def test_each_is_counted_where_it_was_written_and_one_that_is_over_nowhere() -> None:
    of_all = [exempt(None), exempt("sd02", Severity.BLOCKER)]
    outcomes = [*of_all, exempt("fd01"), exempt("dir01", Severity.BLOCKER), exempt("fd01", key=None)]
    assert exemptions_in_force(baseline(), outcomes) == (
        Exemption("sshd", "all", "a test", "J. Doe", "2026-11-01", None, 2, 1),
        Exemption("host.time_zone", "all", "a test", "J. Doe", "2026-11-01", None, 0, 0),
        Exemption("sshd", "group clients", "a test", "J. Doe", "2026-11-01", None, 1, 0),
        Exemption("sshd", "host dir01", "its own", "J. Doe", "2026-11-02", "2026-11-25", 1, 1),
    )


def test_one_that_nobody_wrote_exempts_from_nothing() -> None:
    with pytest.raises(LookupError, match=r"baseline\.yaml has no not_agreed: space for fd01"):
        exemptions_in_force(baseline(), [exempt("fd01", key="space")])
