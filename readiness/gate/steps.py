"""The steps of a run between what was read and what is written: plan, judge, conclude. No step contacts a host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from readiness.core.checks import Check
from readiness.core.errors import InputError, NothingToCheck, Problem
from readiness.core.facts import HostFacts, Why
from readiness.core.judge import judge, settled
from readiness.core.outcomes import Circumstances, Outcome
from readiness.estate.estate import Cutover
from readiness.gate.collecting import Collected
from readiness.gate.exemptions import exemptions_in_force
from readiness.gate.judging import Judging
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Narrowing, Plan, as_planned_then, make_plan
from readiness.renderers.report import Report

VALID_FOR = timedelta(hours=24)


class LiveTests(Protocol):
    """Users' own tests, which ask the hosts themselves: run once, and replayed when a run is judged again."""

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        """The tests as checks, and every mistake in them; contacts nothing."""

    def outcomes(
        self, plan: Plan, store: Mapping[str, HostFacts], blockers: Callable[[str, Why], str | None]
    ) -> Iterable[Outcome]:
        """What the plan's tests say; `blockers(host, why)` names the pair that reports a missing fact's reason."""


def plan_run(
    inputs: Inputs,
    collected: Collected,
    narrowing: Narrowing,
    *,
    tests: LiveTests | None = None,
    selected: frozenset[tuple[str, str]] | None = None,
    earlier: Collection[tuple[str, str]] = (),
) -> Plan:
    """Plan every pair that the run must judge, only the `selected` ones where some were selected.

    Without `tests` the estate's custom checks are not looked at. `earlier` are the pairs of a saved run that is judged
    again. Raises NothingToCheck, or InputError with all mistakes.
    """
    live, mistakes = tests.collect() if tests is not None else ((), ())
    if collected.problems or mistakes:
        raise InputError([*collected.problems, *mistakes])
    if not inputs.estate.hosts:
        raise NothingToCheck("the estate has no host")
    narrowing = replace(narrowing, deselected=narrowing.deselected + collected.deselected)
    if tests is None:
        folders = tuple(suite.folder for suite in inputs.estate.custom_checks)
        narrowing = replace(narrowing, not_looked_at=folders)
    plan = make_plan(inputs, [*collected.checks, *live], narrowing, selected)
    if earlier:
        plan = as_planned_then(plan, earlier)
    if not plan.pairs:
        raise NothingToCheck("there is no pair of check and target")
    return plan


def conclude(
    judging: Judging,
    *,
    run_id: str,
    left_out: Mapping[str, object] | None = None,
    interrupted: bool = False,
    report_only: bool = False,
) -> Report:
    """The verdict over every expected pair; a run that was interrupted, or has pairs without outcome, is partial."""
    inputs, plan = judging.inputs, judging.plan
    partial = {**(plan.partial or {}), **(left_out or {})}
    if missing := judging.missing:
        partial["not run"] = list(dict.fromkeys(check.id for check, _ in missing))
    if interrupted or judging.interrupted:
        partial["interrupted"] = "before its end"
    return report_on(judging.outcomes, inputs, run_id=run_id, partial=partial, report_only=report_only)


def report_on(
    outcomes: Sequence[Outcome],
    inputs: Inputs,
    *,
    run_id: str,
    partial: Mapping[str, object] | None,
    report_only: bool,
) -> Report:
    """The verdict over outcomes, with all that it rests on."""
    circumstances = Circumstances(
        estate=inputs.estate.service,
        change=inputs.estate.change,
        valid_until=(inputs.as_of + VALID_FOR).isoformat(),
        inputs={name: hashlib.sha256(data).hexdigest() for name, data in sorted(inputs.files.items())},
        partial=dict(sorted(partial.items())) if partial else None,  # the order that it is saved in
        report_only=report_only,
        exemptions=exemptions_in_force(inputs.baseline, outcomes),
    )
    outcomes = settled(outcomes)
    judgement = judge(outcomes, circumstances)
    estate = inputs.estate
    return Report(
        outcomes,
        judgement,
        run_id,
        inputs.as_of,
        estate.service,
        estate.note,
        cutover=_in_words(estate.cutover),
        hosts={name: host.products for name, host in estate.hosts.items()},
    )


def _in_words(cutover: Cutover) -> str:
    """When the cutover is, with the offsets that were written."""
    return f"{cutover.start.isoformat()} to {cutover.end.isoformat()}"
