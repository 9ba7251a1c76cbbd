"""Write the JUnit file of 40,000 outcomes: `python -m tests.benchmarks.junit_many ours|theirs`; says the seconds.

`theirs` is the junit-xml library alone with as many plain cases; ours cleans every text, mends the tree, and makes
names that no two cases share.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from readiness.core.judge import judge
from readiness.core.outcomes import Circumstances, Disposition, Outcome, Result, Severity
from readiness.renderers import junit
from readiness.renderers.report import Report
from tests.benchmarks.outcomes import CHECKS, HOSTS


def outcomes() -> list[Outcome]:
    return [
        Outcome(
            check=f"BEN-{check:03}",
            title="The login is the agreed one",
            area="bench",
            severity=Severity.MAJOR,
            target=f"h{host:05}",
            host=f"h{host:05}",
            detail="",
            outcome=Result.PASS,
            disposition=Disposition.OK,
            message="found 'readiness'",
            expected="'readiness'",
            found="'readiness'",
            remedy="none",
            owner="operations",
            evidence=(f"h{host:05}#1",),
        )
        for host in range(HOSTS)
        for check in range(CHECKS)
    ]


def ours() -> float:
    made = outcomes()
    judgement = judge(made, Circumstances("bench", "none", "2026-12-01T00:00:00+00:00", {}))
    report = Report(tuple(made), judgement, "bench", datetime(2026, 11, 25, tzinfo=UTC), "bench")
    begun = time.perf_counter()
    xml = junit.render(report)
    taken = time.perf_counter() - begun
    junit.verify(xml, report)
    return taken


def theirs() -> float:
    from junit_xml import TestCase, TestSuite, to_xml_report_string  # noqa: PLC0415 - only for this side

    begun = time.perf_counter()
    suites = [
        TestSuite(f"h{host:05}", [TestCase(f"BEN-{check:03}", f"gate.bench.h{host:05}") for check in range(CHECKS)])
        for host in range(HOSTS)
    ]
    text = to_xml_report_string(suites, prettyprint=False)
    taken = time.perf_counter() - begun
    if text.count("<testcase") != HOSTS * CHECKS:
        raise SystemExit("not all cases")
    return taken


if __name__ == "__main__":
    print({"ours": ours, "theirs": theirs}[sys.argv[1]]())
