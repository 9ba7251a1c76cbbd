"""Which outcome another one follows from: resolved once, for counts, reasons and reports alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.core.judge import judge, settled
from readiness.core.outcomes import Circumstances, Disposition, Outcome, Result, Severity
from readiness.core.roots import roots, without_passed


def outcome(
    name: str, *blocked_by: str, result: Result = Result.UNKNOWN, severity: Severity = Severity.BLOCKER
) -> Outcome:
    check, target = name.split()
    made = Outcome(check, "a title", "area", severity, target, target, "", result, "a message", blocked_by=blocked_by)
    return replace(made, disposition=settled([made])[0].disposition)


def test_a_chain_is_followed_to_its_beginning() -> None:
    chain = [outcome("C h", "B h"), outcome("B h", "A h"), outcome("A h")]
    assert roots(chain) == {"C h": "A h", "B h": "A h"}


def test_a_failure_is_a_beginning() -> None:
    assert roots([outcome("A h", result=Result.FAIL), outcome("B h", "A h")]) == {"B h": "A h"}
    assert roots([outcome("A h"), outcome("B h", "A h", result=Result.FAIL)]) == {}


def test_in_a_circle_each_stands_for_itself() -> None:
    assert roots([outcome("A h", "B h"), outcome("B h", "A h")]) == {}


@pytest.mark.parametrize("result", [Result.PASS, Result.NOT_APPLICABLE])
def test_what_passed_blocks_nothing(result: Result) -> None:
    both = [outcome("A h", result=result), outcome("B h", "A h", "C h"), outcome("C h")]
    assert [one.blocked_by for one in without_passed(both)] == [(), ("C h",), ()]
    assert [one.blocked_by for one in settled(both)] == [(), ("C h",), ()]


def test_what_is_not_there_blocks_nothing() -> None:
    assert without_passed([outcome("B h", "A h")])[0].blocked_by == ()


def test_what_gates_is_not_put_down_to_what_does_not() -> None:
    advice = outcome("A h", severity=Severity.MINOR)
    assert roots([advice, outcome("B h", "A h")]) == {}
    assert roots([advice, outcome("B h", "A h", severity=Severity.MINOR)]) == {"B h": "A h"}


def test_what_was_accepted_stands_for_itself() -> None:
    accepted = replace(outcome("B h", "A h"), disposition=Disposition.WAIVED)
    assert roots([outcome("A h"), accepted]) == {}


def test_counts_and_reasons_say_the_same() -> None:
    outcomes = settled(
        [outcome("A h"), outcome("B h", "A h"), outcome("C h", "D h"), outcome("D h", "C h"), outcome("E h", "B h")]
    )
    judgement = judge(outcomes, Circumstances("backup", "CHG-1", "2026-11-26T00:00:00+00:00", {}))
    assert judgement.counts.blocked == 2
    assert judgement.reasons == ("3 not judged: A h, C h, D h", "2 not judged because of another outcome")
