"""What came of one test on one host, phase by phase, and the outcome that follows: skip and xfail soften nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from readiness.core.checks import Check
from readiness.core.evaluate import outcome_for
from readiness.core.facts import Missing
from readiness.core.outcomes import LIVE, Outcome, Result, Target
from readiness.core.text import one_line
from readiness.custom.live_hosts import WaitedTooLong

_LONGEST = 1000
_FAILURES = (AssertionError, pytest.fail.Exception)
_WORDS = {pytest.skip.Exception: "skipped", pytest.xfail.Exception: "xfail"}


@dataclass
class Phases:
    """The first failure, the first reason not to know, and whether the test's own code came to its end."""

    failed: str = ""
    unknown: str = ""
    ended: bool = False

    def note(self, when: str, error: BaseException | None, report: Any) -> None:
        """Take in one phase: what was raised counts, not what marks or hooks made of it."""
        if error is None and report.failed:  # such as a strict xfail that passed
            self.failed = self.failed or one_line(report.longreprtext, _LONGEST) or "failed"
        elif error is None:
            self.ended = self.ended or (when == "call" and report.passed)
        elif when == "call" and isinstance(error, _FAILURES):
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
    if isinstance(error, WaitedTooLong):
        return f"it waited beyond its deadline: {error}"
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
