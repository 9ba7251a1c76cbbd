"""The one place that decides: from expected pairs and outcomes to the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


def disposition(result: Result, severity: Severity) -> Disposition:
    """What an outcome means for the verdict when no waiver covers it."""
    if result in {Result.PASS, Result.NOT_APPLICABLE}:
        return Disposition.OK
    return Disposition.BLOCKING if severity.gates else Disposition.ADVISORY


def in_plan_order(
    expected: Sequence[tuple[str, str]], outcomes: Iterable[Outcome], absent: Mapping[tuple[str, str], Outcome]
) -> tuple[Outcome, ...]:
    """One outcome for each expected pair, in the plan's order; `absent` stands in for a pair that was not run.

    Raises ToolFault for an outcome that nobody planned, or two for one pair.
    """
    found: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes:
        pair = (outcome.check, outcome.target)
        if pair in found:
            raise ToolFault(f"two outcomes for {outcome.check} {outcome.target}")
        found[pair] = outcome
    if unplanned := found.keys() - set(expected):
        raise ToolFault(f"outcomes that nobody planned: {sorted(unplanned)[:_NAMED]}")
    return tuple(found.get(pair) or absent[pair] for pair in expected)


def judge(outcomes: Sequence[Outcome], circumstances: Circumstances) -> Judgement:
    """The verdict over one outcome a pair: a gating FAIL is NO_GO, a gating UNKNOWN or a narrowed run INCOMPLETE.

    Nothing to check when there is no pair or every pair is NOT_APPLICABLE. `report_only` changes the exit code alone.
    """
    counts = _count(outcomes)
    verdict = _verdict(outcomes, counts, narrowed=circumstances.partial is not None)
    code = EXIT_CODES[verdict]
    return Judgement(
        verdict=verdict,
        exit_code=0 if circumstances.report_only and code in {1, 2} else code,
        reasons=tuple(_reasons(outcomes, counts, circumstances.partial)),
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
    blocking = [one for one in outcomes if one.disposition is Disposition.BLOCKING]
    if any(one.outcome is Result.FAIL for one in blocking):
        return Verdict.NO_GO
    if blocking or narrowed:
        return Verdict.INCOMPLETE
    return Verdict.GO_WITH_CONDITIONS if counts.waived or counts.deferred else Verdict.GO


def _count(outcomes: Sequence[Outcome]) -> Counts:
    def number(result: Result) -> int:
        return sum(one.outcome is result for one in outcomes)

    return Counts(
        expected=len(outcomes),
        passed=number(Result.PASS),
        failed=number(Result.FAIL),
        unknown=number(Result.UNKNOWN),
        not_applicable=number(Result.NOT_APPLICABLE),
        waived=sum(one.disposition is Disposition.WAIVED for one in outcomes),
        deferred=sum(one.disposition is Disposition.DEFERRED for one in outcomes),
        blocked=sum(bool(one.blocked_by) for one in outcomes),
    )


def _reasons(outcomes: Sequence[Outcome], counts: Counts, partial: Mapping[str, object] | None) -> Iterable[str]:
    if not counts.expected:
        yield "there is no pair of check and target"
        return
    if counts.expected == counts.not_applicable:
        yield f"all {counts.expected} pairs are not applicable"
        return
    for severity in (Severity.BLOCKER, Severity.MAJOR):
        failed = [one for one in outcomes if one.outcome is Result.FAIL and one.severity is severity]
        failed = [one for one in failed if one.disposition is Disposition.BLOCKING]
        if failed:
            yield f"{len(failed)} {severity}{'s' if len(failed) > 1 else ''} failed: {_named(failed)}"
    dark = [one for one in outcomes if one.outcome is Result.UNKNOWN and one.disposition is Disposition.BLOCKING]
    if roots := [one for one in dark if not one.blocked_by]:
        yield f"{len(roots)} not judged: {_named(roots)}"
    if follow := len(dark) - len(roots):
        yield f"{follow} not judged because of another outcome"
    if partial is not None:
        yield "partial: " + "; ".join(f"{key} {_told(value)}" for key, value in partial.items())
    if advice := sum(one.disposition is Disposition.ADVISORY for one in outcomes):
        yield f"{advice} minor, which do not gate"
    if counts.waived or counts.deferred:
        yield f"{counts.waived} waived, {counts.deferred} deferred"
    if counts.passed + counts.not_applicable == counts.expected:
        yield f"all {counts.expected} pairs judged, {counts.passed} passed, {counts.not_applicable} not applicable"


def _named(outcomes: Sequence[Outcome]) -> str:
    return first_few([f"{one.check} {one.target}" for one in outcomes], _NAMED)


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
