"""What came of a test: PASS is earned by a test that came to its end, asked its host and raised nothing."""

from __future__ import annotations

import unittest
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.outcomes import Result, Target
from readiness.custom.naming import live_check
from readiness.custom.phases import Phases, outcome_of

PASSED: Any = SimpleNamespace(passed=True, failed=False, longreprtext="")
FAILED: Any = SimpleNamespace(passed=False, failed=True, longreprtext="[XPASS(strict)]")
SKIPPED: Any = SimpleNamespace(passed=False, failed=False, longreprtext="")


def phases(*seen: tuple[str, BaseException | None, Any]) -> Phases:
    made = Phases()
    for when, error, report in seen:
        if error is not None:
            made.note(when, error)
        else:
            made.report(report)
            made.ended = made.ended or (when == "call" and report.passed)
    return made


WHOLE = (("setup", None, PASSED), ("call", None, PASSED), ("teardown", None, PASSED))


def test_one_that_came_to_its_end_and_asked_its_host_passed() -> None:
    assert phases(*WHOLE).result((), examined=True) == (Result.PASS, "passed")


@pytest.mark.parametrize(
    ("seen", "result", "reason"),
    [
        ((), Result.UNKNOWN, "it did not come to its end"),
        ((("setup", None, PASSED),), Result.UNKNOWN, "it did not come to its end"),
        ((("call", AssertionError("1 is not 2"), FAILED),), Result.FAIL, "1 is not 2"),
        ((("call", None, FAILED),), Result.FAIL, "[XPASS(strict)]"),
        ((("call", OSError("no"), FAILED),), Result.UNKNOWN, "OSError: no"),
        ((("setup", AssertionError("no"), FAILED),), Result.UNKNOWN, "its setup broke: AssertionError: no"),
        ((*WHOLE[:2], ("teardown", OSError("no"), FAILED)), Result.UNKNOWN, "its teardown broke: OSError: no"),
        ((("call", pytest.skip.Exception("later"), SKIPPED),), Result.UNKNOWN, "skipped: later"),
        ((("call", pytest.xfail.Exception("known"), SKIPPED),), Result.FAIL, "known"),
        ((("call", unittest.SkipTest("later"), SKIPPED),), Result.UNKNOWN, "skipped: later"),
        ((*WHOLE[:2], ("call", AssertionError("late"), FAILED)), Result.FAIL, "late"),
    ],
)
def test_everything_else_did_not(seen: Any, result: Result, reason: str) -> None:
    assert phases(*seen).result((), examined=True) == (result, reason)


def test_a_command_without_usable_output_makes_it_unknown_whatever_the_test_made_of_it() -> None:
    missing = (Missing(Why.TIMED_OUT, "after 30 s"),)
    assert phases(*WHOLE).result(missing, examined=True) == (Result.UNKNOWN, "command timed out: after 30 s")


def test_one_that_asked_nothing_examined_nothing() -> None:
    assert phases(*WHOLE).result((), examined=False)[0] is Result.UNKNOWN


def test_the_outcome_is_marked_live_and_says_how_many_commands_it_rests_on() -> None:
    check = live_check("tests/test_a.py::test_x", title="x", location="tests/test_a.py:3", targets=["bk01"])
    outcome = outcome_of(check, Target("bk01", "bk01"), Result.PASS, "passed", evidence=("bk01#live1",), blocker=None)
    assert outcome.message.endswith("passed, 1 command")
    assert outcome.evidence == ("bk01#live1",)
    assert outcome.blocked_by == ()
