from __future__ import annotations

from typing import Any

import pytest

from readiness.core.outcomes import Disposition, Outcome, Result, Severity
from readiness.renderers.wording import Finding, findings, in_short

from .samples import failed, judged, on, outcome, unknown


def all_of(outcomes: list[Outcome]) -> list[Finding]:
    grouped = findings(outcomes)
    return [*grouped.not_met, *grouped.not_judged, *grouped.advice, *grouped.accepted]


def test_equal_findings_are_one_over_their_hosts() -> None:
    (finding,) = findings([failed(**on(host)) for host in ("a", "b", "c")]).not_met
    assert finding.targets == ("a", "b", "c")


def test_the_hosts_own_name_keeps_nothing_apart() -> None:
    (finding,) = findings([unknown(message=f"{host}: agent: refused", **on(host)) for host in ("a", "e")]).not_judged
    assert finding.demand == (("reason", "agent: refused"),)


def test_a_host_whose_name_ends_a_word_does_not_eat_it() -> None:
    (finding,) = findings([unknown(message="note: e: done: x-e: y", **on("e"))]).not_judged
    assert finding.message == "note: done: x-e: y"


@pytest.mark.parametrize(
    "change",
    [{"found": "13.0.9"}, {"severity": Severity.MAJOR}, {"remedy": "other"}, {"waiver": "W-1"}, {"expected": "2"}],
)
def test_different_findings_stay_apart(change: dict[str, Any]) -> None:
    assert len(findings([failed(), failed(**on("b"), **change)]).not_met) == 2


def test_owners_are_gathered_rather_than_kept_apart() -> None:
    (finding,) = findings([failed(), failed(**on("b"), owner="db"), failed(**on("c"), owner="")]).not_met
    assert finding.owners == ("backup-ops", "db")


def test_what_only_follows_is_counted_where_it_follows_from() -> None:
    roots = [unknown(check="CON-001", **on(host)) for host in ("a", "b")]
    rest = [unknown(check=f"X-{n}", blocked_by=(f"CON-001 {h}",), **on(h)) for n in range(3) for h in ("a", "b")]
    chained = unknown(check="Y-001", blocked_by=("X-0 a",), **on("a"))
    (finding,) = findings([*rest, chained, *roots]).not_judged
    assert (finding.first.check, finding.followers) == ("CON-001", 7)


@pytest.mark.parametrize(
    "root",
    [
        outcome(check="CON-001"),
        unknown(check="CON-001", severity=Severity.MINOR),
        unknown(check="CON-001", disposition=Disposition.WAIVED),
        unknown(check="CON-001", **on("other")),
        unknown(check="CON-001", blocked_by=("VER-002 bk01",)),
    ],
    ids=["met", "advice", "waived", "not there", "a circle"],
)
def test_a_gating_outcome_is_never_hidden_behind_one_that_is_not_shown_as_gating(root: Outcome) -> None:
    gating = unknown(blocked_by=("CON-001 bk01",))
    assert gating in [finding.first for finding in findings([root, gating]).not_judged]


def test_what_was_accepted_is_listed_although_it_follows_from_another() -> None:
    accepted = unknown(disposition=Disposition.DEFERRED, waiver="W-1", blocked_by=("CON-001 bk01",))
    assert [finding.first for finding in findings([unknown(check="CON-001"), accepted]).accepted] == [accepted]


def test_no_failure_and_no_unknown_is_lost() -> None:
    outcomes = [
        make(check=f"X-{number}", severity=severity, disposition=how, blocked_by=blocked)
        for number, (make, severity, how, blocked) in enumerate(
            (make, severity, how, blocked)
            for make in (failed, unknown)
            for severity in Severity
            for how in Disposition
            for blocked in ((), ("X-0 bk01",), ("X-29 bk01",))
        )
    ]
    shown = all_of(outcomes)
    assert sum(len(finding.targets) + finding.followers for finding in shown) == len(outcomes)


def test_blockers_come_before_majors() -> None:
    grouped = findings([failed(severity=Severity.MAJOR), failed(**on("b"))])
    assert [finding.first.severity for finding in grouped.not_met] == [Severity.BLOCKER, Severity.MAJOR]


@pytest.mark.parametrize(
    ("outcomes", "circumstances", "words"),
    [
        ([outcome()], {}, "1 of 1 pair met"),
        ([failed(), failed(severity=Severity.MAJOR), unknown()], {}, "1 blocker, 1 major, 1 pair not judged"),
        ([failed(severity=Severity.MINOR)], {}, "0 of 1 pair met, 1 minor not"),
        ([outcome()], {"partial": {"x": "y"}}, "partial run"),
        ([outcome(), failed(disposition=Disposition.WAIVED)], {}, "1 waived"),
        ([failed()], {"report_only": True}, "1 blocker (report only: exit code 0)"),
        ([], {}, "there is no pair of check and target"),
        ([outcome(outcome=Result.NOT_APPLICABLE)], {}, "all 1 pairs are not applicable"),
    ],
)
def test_the_reasons_in_short(outcomes: list[Outcome], circumstances: dict[str, Any], words: str) -> None:
    assert in_short(outcomes, judged(outcomes, **circumstances)) == words
