"""The one place that decides: from expected pairs and outcomes to the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from readiness.core.errors import InputError, NothingToCheck, ToolFault
from readiness.core.outcomes import (
    EXIT_CODES,
    EXIT_FAULT,
    EXIT_INPUT,
    PEERS,
    Circumstances,
    Counts,
    Disposition,
    Exemption,
    Judgement,
    Outcome,
    Result,
    Severity,
    Verdict,
)
from readiness.core.roots import pair, roots, without_passed
from readiness.core.text import first_few

_NAMED = 5


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

    So is a run in which nothing was agreed, and one without a cutover ahead of it; an exemption that takes a blocker
    away is a condition. Nothing to check when there is no pair or every pair is NOT_APPLICABLE. `report_only` changes
    the exit code alone.
    """
    follows = roots(outcomes)
    counts = _count(outcomes, follows)
    verdict = _verdict(outcomes, counts, circumstances)
    code = EXIT_CODES[verdict]
    return Judgement(
        **{field.name: getattr(circumstances, field.name) for field in fields(circumstances)},
        verdict=verdict,
        exit_code=0 if circumstances.report_only and code in {1, 2} else code,
        reasons=tuple(_reasons(outcomes, counts, follows, circumstances)),
        counts=counts,
    )


def why_not_valid(verdict: Verdict, began: datetime, valid_until: datetime, now: datetime) -> str | None:
    """Why a GO does not hold at this time; None where it holds, and for a verdict that is no GO at any time."""
    if EXIT_CODES.get(verdict) != 0:
        return None
    if now < began:
        return f"the clock here says {now.isoformat()}, and the run began at {began.isoformat()}: set the clock right"
    if now >= valid_until:
        return f"this {verdict.replace('_', ' ')} ended at {valid_until.isoformat()}: run again"
    return None


def ended_by(error: BaseException) -> tuple[Verdict, int, str]:
    """What becomes of a run that an error ends before its judgement: the verdict, the exit code and the reason."""
    if isinstance(error, InputError):
        return Verdict.ERROR, EXIT_INPUT, str(error)
    if isinstance(error, NothingToCheck):
        return Verdict.NOTHING_TO_CHECK, EXIT_CODES[Verdict.NOTHING_TO_CHECK], str(error)
    if isinstance(error, KeyboardInterrupt):
        return Verdict.INCOMPLETE, EXIT_CODES[Verdict.INCOMPLETE], "interrupted before its end"
    reason = str(error) if isinstance(error, ToolFault) else f"{type(error).__name__}: {error}"
    return Verdict.ERROR, EXIT_FAULT, reason


def _verdict(outcomes: Sequence[Outcome], counts: Counts, circumstances: Circumstances) -> Verdict:
    if counts.expected == counts.not_applicable:
        return Verdict.NOTHING_TO_CHECK
    blocking = [outcome for outcome in outcomes if outcome.disposition is Disposition.BLOCKING]
    if any(outcome.outcome is Result.FAIL for outcome in blocking):
        return Verdict.NO_GO
    whole = circumstances.partial is None and circumstances.no_cutover is None
    if blocking or not whole or _nothing_agreed(outcomes):
        return Verdict.INCOMPLETE
    exempted = any(exemption.blockers for exemption in circumstances.exemptions)
    return Verdict.GO_WITH_CONDITIONS if counts.waived or counts.deferred or exempted else Verdict.GO


def _nothing_agreed(outcomes: Sequence[Outcome]) -> bool:
    """Whether no pair was held against anything that was agreed: what is met then, nobody asked for."""
    return all(key.startswith(PEERS) for outcome in outcomes for key in outcome.agreed)


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
        not_agreed=sum(outcome.not_agreed is not None for outcome in outcomes),
    )


def _reasons(
    outcomes: Sequence[Outcome], counts: Counts, follows: Mapping[str, str], circumstances: Circumstances
) -> Iterable[str]:
    if not counts.expected:
        yield "there is no pair of check and target"
        return
    if counts.expected == counts.not_applicable:
        yield f"all {counts.expected} pairs are not applicable"
        yield from _exempted(circumstances.exemptions)
        return
    blocking = [outcome for outcome in outcomes if outcome.disposition is Disposition.BLOCKING]
    for severity in (Severity.BLOCKER, Severity.MAJOR):
        failed = [outcome for outcome in blocking if outcome.outcome is Result.FAIL and outcome.severity is severity]
        if failed:
            yield f"{len(failed)} {severity}{'s' if len(failed) > 1 else ''} failed: {_named(failed)}"
    unknown = [outcome for outcome in blocking if outcome.outcome is Result.UNKNOWN]
    if unjudged := [outcome for outcome in unknown if pair(outcome) not in follows]:
        yield f"{len(unjudged)} not judged: {_named(unjudged)}"
    if following := len(unknown) - len(unjudged):
        yield f"{following} not judged because of another outcome"
    if circumstances.no_cutover is not None:
        yield circumstances.no_cutover
    if circumstances.partial is not None:
        yield "partial: " + "; ".join(f"{key} {_listed(value)}" for key, value in circumstances.partial.items())
    elif not blocking and _nothing_agreed(outcomes):
        yield "nothing was agreed: no pair was held against anything that baseline.yaml states"
    if advice := sum(outcome.disposition is Disposition.ADVISORY for outcome in outcomes):
        yield f"{advice} minor, which {'does' if advice == 1 else 'do'} not gate"
    if counts.waived or counts.deferred:
        yield f"{counts.waived} waived, {counts.deferred} deferred"
    yield from _exempted(circumstances.exemptions)
    if counts.passed + counts.not_applicable == counts.expected:
        yield f"{counts.passed} of {counts.expected} pairs met, {counts.not_applicable} not applicable"


def _exempted(exemptions: Sequence[Exemption]) -> Iterable[str]:
    """What exemptions take away, those of blockers first."""
    used = sorted((exemption for exemption in exemptions if exemption.pairs), key=lambda one: -one.blockers)
    if whole := [exemption for exemption in used if not exemption.is_of_peers]:
        pairs, blockers = sum(one.pairs for one in whole), sum(one.blockers for one in whole)
        yield f"{pairs} not agreed, {blockers or 'none'} of them blockers: {_keys(whole)}"
    if peers := [exemption for exemption in used if exemption.is_of_peers]:
        yield f"peers left out, not agreed: {_keys(peers)}"


def _keys(exemptions: Sequence[Exemption]) -> str:
    return first_few([f"{one.key} for {one.scope}" for one in exemptions], _NAMED)


def _named(outcomes: Sequence[Outcome]) -> str:
    return first_few([pair(outcome) for outcome in outcomes], _NAMED)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
