"""The one place that decides: from expected pairs and outcomes to the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from readiness.core.errors import ToolFault
from readiness.core.outcomes import (
    EXIT_CODES,
    Counts,
    Disposition,
    Judgement,
    Outcome,
    Result,
    Severity,
    Verdict,
)
from readiness.core.roots import pair, roots, without_passed
from readiness.core.text import first_few

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the verdict rests on besides the outcomes; `partial` says what a narrowed run left out, None for a whole.

    `inputs` are sha256 digests by file; `valid_until` is a time in UTC.
    """

    estate: str
    change: str
    valid_until: str
    inputs: Mapping[str, str]
    partial: Mapping[str, object] | None = None
    report_only: bool = False


def settled(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes with what each means for the verdict, and without pairs that passed in `blocked_by`."""
    decided = [replace(outcome, disposition=_disposition(outcome.outcome, outcome.severity)) for outcome in outcomes]
    return without_passed(decided)


def _disposition(result: Result, severity: Severity) -> Disposition:
    if result in {Result.PASS, Result.NOT_APPLICABLE}:
        return Disposition.OK
    return Disposition.BLOCKING if severity.gates else Disposition.ADVISORY


def in_plan_order(
    expected: Sequence[tuple[str, str]], outcomes: Iterable[Outcome], absent: Mapping[tuple[str, str], Outcome]
) -> tuple[Outcome, ...]:
    """An outcome for each expected pair, in the plan's order; `absent` stands in for a pair that was not run.

    Raises ToolFault for an outcome that nobody planned, or two for one pair.
    """
    by_pair: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes:
        key = (outcome.check, outcome.target)
        if key in by_pair:
            raise ToolFault(f"two outcomes for {outcome.check} {outcome.target}")
        by_pair[key] = outcome
    if unplanned := by_pair.keys() - set(expected):
        raise ToolFault(f"outcomes that nobody planned: {sorted(unplanned)[:_NAMED]}")
    return tuple(by_pair.get(key) or absent[key] for key in expected)


def judge(outcomes: Sequence[Outcome], circumstances: Circumstances) -> Judgement:
    """The verdict over settled outcomes: a gating FAIL is NO_GO, a gating UNKNOWN or a narrowed run INCOMPLETE.

    Nothing to check when there is no pair or every pair is NOT_APPLICABLE. `report_only` changes the exit code alone.
    """
    follows = roots(outcomes)
    counts = _count(outcomes, follows)
    verdict = _verdict(outcomes, counts, narrowed=circumstances.partial is not None)
    code = EXIT_CODES[verdict]
    return Judgement(
        verdict=verdict,
        exit_code=0 if circumstances.report_only and code in {1, 2} else code,
        reasons=tuple(_reasons(outcomes, counts, follows, circumstances.partial)),
        estate=circumstances.estate,
        change=circumstances.change,
        valid_until=circumstances.valid_until,
        counts=counts,
        partial=circumstances.partial,
        inputs=circumstances.inputs,
        report_only=circumstances.report_only,
    )


def _verdict(outcomes: Sequence[Outcome], counts: Counts, *, narrowed: bool) -> Verdict:
    if counts.expected == counts.not_applicable:
        return Verdict.NOTHING_TO_CHECK
    blocking = [outcome for outcome in outcomes if outcome.disposition is Disposition.BLOCKING]
    if any(outcome.outcome is Result.FAIL for outcome in blocking):
        return Verdict.NO_GO
    if blocking or narrowed:
        return Verdict.INCOMPLETE
    return Verdict.GO_WITH_CONDITIONS if counts.waived or counts.deferred else Verdict.GO


def _count(outcomes: Sequence[Outcome], follows: Mapping[str, str]) -> Counts:
    results = Counter(outcome.outcome for outcome in outcomes)
    dispositions = Counter(outcome.disposition for outcome in outcomes)

    return Counts(
        expected=len(outcomes),
        passed=results[Result.PASS],
        failed=results[Result.FAIL],
        unknown=results[Result.UNKNOWN],
        not_applicable=results[Result.NOT_APPLICABLE],
        waived=dispositions[Disposition.WAIVED],
        deferred=dispositions[Disposition.DEFERRED],
        blocked=len(follows),
    )


def _reasons(
    outcomes: Sequence[Outcome], counts: Counts, follows: Mapping[str, str], partial: Mapping[str, object] | None
) -> Iterable[str]:
    if not counts.expected:
        yield "there is no pair of check and target"
        return
    if counts.expected == counts.not_applicable:
        yield f"all {counts.expected} pairs are not applicable"
        return
    blocking = [outcome for outcome in outcomes if outcome.disposition is Disposition.BLOCKING]
    for severity in (Severity.BLOCKER, Severity.MAJOR):
        failed = [outcome for outcome in blocking if outcome.outcome is Result.FAIL and outcome.severity is severity]
        if failed:
            yield f"{len(failed)} {severity}{'s' if len(failed) > 1 else ''} failed: {_named(failed)}"
    dark = [outcome for outcome in blocking if outcome.outcome is Result.UNKNOWN]
    if unjudged := [outcome for outcome in dark if pair(outcome) not in follows]:
        yield f"{len(unjudged)} not judged: {_named(unjudged)}"
    if following := len(dark) - len(unjudged):
        yield f"{following} not judged because of another outcome"
    if partial is not None:
        yield "partial: " + "; ".join(f"{key} {_listed(value)}" for key, value in partial.items())
    if advice := sum(outcome.disposition is Disposition.ADVISORY for outcome in outcomes):
        yield f"{advice} minor, which {'does' if advice == 1 else 'do'} not gate"
    if counts.waived or counts.deferred:
        yield f"{counts.waived} waived, {counts.deferred} deferred"
    if counts.passed + counts.not_applicable == counts.expected:
        yield f"all {counts.expected} pairs judged, {counts.passed} passed, {counts.not_applicable} not applicable"


def _named(outcomes: Sequence[Outcome]) -> str:
    return first_few([pair(outcome) for outcome in outcomes], _NAMED)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
