"""What came of one test on one host, phase by phase, and the outcome that follows: skip and xfail soften nothing."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from readiness.core.checks import Check
from readiness.core.evaluate import outcome_for
from readiness.core.facts import Missing
from readiness.core.outcomes import LIVE, Outcome, Result, Target
from readiness.core.text import one_line

ESTATE = "estate"
"""The target of tests that are for no host."""
_LONGEST = 1000
_FAILURES = (AssertionError, pytest.fail.Exception)
_WORDS = {pytest.skip.Exception: "skipped", unittest.SkipTest: "skipped", pytest.xfail.Exception: "xfail"}


@dataclass
class Phases:
    """The first failure, the first reason not to know, and whether the test's own code came to its end.

    `ended` is for that code alone to say: a report that something passed proves nothing.
    """

    failed: str = ""
    unknown: str = ""
    ended: bool = False

    def report(self, report: Any) -> None:
        """Take in a report, which may be worse than what was raised: a strict xfail that passed."""
        if report.failed:
            self.failed = self.failed or one_line(report.longreprtext, _LONGEST) or "failed"

    def note(self, when: str, error: BaseException) -> None:
        """Take in what was raised in a phase, whatever marks or hooks make of it."""
        if when == "call" and isinstance(error, _FAILURES):
            self.failed = self.failed or one_line(str(error), _LONGEST) or "assertion failed"
        else:
            self.unknown = self.unknown or _reason(when, error)

    def result(self, missing: Sequence[Missing], *, examined: bool) -> tuple[Result, str]:
        """The result with its reason; `missing` are commands without usable output, whatever the test made of them."""
        if missing:
            return Result.UNKNOWN, str(missing[0])
        if self.failed:
            return Result.FAIL, self.failed
        if self.unknown or not self.ended:
            return Result.UNKNOWN, self.unknown or "it did not come to its end"
        if not examined:
            return Result.UNKNOWN, "it asked the host nothing: nothing was examined"
        return Result.PASS, "passed"


def _reason(when: str, error: BaseException) -> str:
    word = next((word for kind, word in _WORDS.items() if isinstance(error, kind)), None)
    what = f"{word}: {error}" if word else f"{type(error).__name__}: {error}"
    return one_line(what if when == "call" or word else f"its {when} broke: {what}", _LONGEST)


def outcome_of(
    check: Check,
    target: Target,
    result: Result,
    reason: str,
    *,
    evidence: tuple[str, ...],
    blocker: str | None,
) -> Outcome:
    """The outcome of one test on one target, marked live; `blocker` is the pair that it follows from."""
    commands = f", {len(evidence)} command{'s' if len(evidence) != 1 else ''}" if result is Result.PASS else ""
    return outcome_for(
        check,
        target,
        result,
        f"{LIVE}{reason}{commands}",
        remedy=check.remedy if result is Result.FAIL else "",
        blocked_by=(blocker,) if blocker else (),
        evidence=evidence,
    )
