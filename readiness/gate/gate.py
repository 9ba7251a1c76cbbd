"""One run from the plan to the verdict: facts, outcomes, and the run folder they are written to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Protocol

import readiness
from readiness.core.basis import Basis
from readiness.core.checks import Check, explaining
from readiness.core.errors import InputError, NothingToCheck, Problem
from readiness.core.evaluate import evaluate, outcome_for
from readiness.core.facts import HostFacts, Why
from readiness.core.judge import Circumstances, in_plan_order, judge
from readiness.core.outcomes import Judgement, Outcome, Result, Target
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Narrowing, Plan, make_plan

VALID_FOR = timedelta(hours=24)


class FactSource(Protocol):
    """Where a run's facts come from: hosts, or a saved run."""

    def facts(self, plan: Plan) -> Mapping[str, HostFacts]:
        """The facts of every host of the plan."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped the reading."""
        ...


class LiveTests(Protocol):
    """Users' own tests, which ask the hosts themselves: run once, and replayed when a run is judged again."""

    @property
    def left_out(self) -> Mapping[str, object]:
        """What a judging cannot say anything about, which makes it partial."""
        ...

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        """The tests as checks, and every mistake in them; contacts nothing."""
        ...

    def outcomes(
        self, plan: Plan, store: Mapping[str, HostFacts], blockers: Callable[[str, Why], str | None]
    ) -> Iterable[Outcome]:
        """What the plan's tests say; `blockers(host, why)` names the pair that reports a missing fact's reason."""
        ...


class NoTests:
    """No tests of users'."""

    left_out: Mapping[str, object] = {}

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        """None."""
        return (), ()

    def outcomes(self, *_: object) -> Iterable[Outcome]:
        """None."""
        return ()


class Gate:
    """One run, or one judging of a saved run; nothing here prints, exits or knows the time.

    `planned` is called with the plan before any fact is read.
    """

    def __init__(
        self,
        inputs: Inputs,
        source: FactSource,
        narrowing: Narrowing,
        *,
        live: LiveTests | None = None,
        planned: Callable[[Plan], None] = lambda _: None,
        earlier: Sequence[tuple[str, str]] = (),
        plan_only: bool = False,
        report_only: bool = False,
    ) -> None:
        self.inputs, self.plan_only = inputs, plan_only
        self.plan = Plan((), {}, None)
        self.store: Mapping[str, HostFacts] = {}
        self.outcomes: tuple[Outcome, ...] = ()
        self.judgement: Judgement | None = None
        self.begun = False
        self._source, self._narrowing, self._planned = source, narrowing, planned
        self._earlier, self._report_only = earlier, report_only
        self._live: LiveTests = live or NoTests()
        self._recorded: list[Outcome] = []
        self._not_run: dict[str, str] = {}
        self._explaining: Mapping[Why, Check] = {}
        self._expected: frozenset[tuple[str, str]] = frozenset()

    def begin(
        self,
        checks: Sequence[Check],
        problems: Sequence[Problem],
        deselected: tuple[str, ...],
        selected: frozenset[tuple[str, str]] | None = None,
    ) -> None:
        """Plan, then read the facts, of the `selected` pairs only where some were.

        Raises InputError or NothingToCheck before any host is contacted.
        """
        tests, mistakes = self._live.collect()
        if problems or mistakes:
            raise InputError([*problems, *mistakes])
        checks = [*checks, *tests]
        if not self.inputs.estate.hosts:
            raise NothingToCheck("the estate has no host")
        narrowing = replace(self._narrowing, deselected=self._narrowing.deselected + deselected)
        self.plan = make_plan(self.inputs, checks, narrowing, selected)
        if self._earlier:
            self.plan = self._as_then(self.plan)
        if not self.plan.pairs:
            raise NothingToCheck("there is no pair of check and target")
        self._expected = frozenset(self.plan.expected)
        self._explaining = explaining(checks)
        self._planned(self.plan)
        self.begun = True
        if not self.plan_only:
            self.store = self._source.facts(self.plan)
            self._recorded += self._live.outcomes(self.plan, self.store, self._blocker)

    def _as_then(self, plan: Plan) -> Plan:
        """The plan kept to the pairs of the run that is judged again; a whole run without pairs of now is partial."""
        then = frozenset(self._earlier)
        kept = tuple((check, target) for check, target in plan.pairs if (check.id, target.id) in then)
        if len(kept) == len(plan.pairs) or plan.narrowing.by:
            return replace(plan, pairs=kept)
        fewer = f"{len(plan.pairs) - len(kept)} pairs that this version checks"
        return replace(plan, pairs=kept, partial={**(plan.partial or {}), "the run had not planned": fewer})

    def judge_one(
        self,
        check: Check,
        function: Callable[..., None],
        target: Target,
        arguments: Mapping[str, Any],
        fixtures: Sequence[Basis] = (),
    ) -> Outcome:
        """Judge one pair and keep its outcome; `fixtures` is what those among the arguments read."""
        own = f"{check.id} {target.id}"

        def blocker(host: str, why: Why) -> str | None:
            pair = self._blocker(host, why)
            return pair if pair != own else None

        outcome = evaluate(
            check, function, target, store=self.store, arguments=arguments, blockers=blocker, fixtures=fixtures
        )
        self._recorded.append(outcome)
        return outcome

    def _blocker(self, host: str, why: Why) -> str | None:
        explains = self._explaining.get(why)
        return f"{explains.id} {host}" if explains and (explains.id, host) in self._expected else None

    def not_run(self, check: Check, reason: str) -> None:
        """Keep why a check's pairs will have no outcome."""
        self._not_run[check.id] = reason

    def finish(self, *, interrupted: bool) -> Judgement:
        """The verdict over every expected pair; those that were not run are UNKNOWN."""
        recorded = {(one.check, one.target) for one in self._recorded}
        absent = {
            (check.id, target.id): self._absent(check, target)
            for check, target in self.plan.pairs
            if (check.id, target.id) not in recorded
        }
        self.outcomes = _with_real_blockers(in_plan_order(self.plan.expected, self._recorded, absent))
        partial = {**(self.plan.partial or {}), **self._live.left_out}
        if gone := sorted(set(self._earlier) - self._expected):
            partial["no longer checked"] = [" ".join(pair) for pair in gone]
        if interrupted or self._source.interrupted:
            partial["interrupted"] = "before its end"
        estate = self.inputs.estate
        circumstances = Circumstances(
            estate=estate.service,
            change=estate.change,
            valid_until=(self.inputs.as_of + VALID_FOR).isoformat(),
            inputs={name: hashlib.sha256(data).hexdigest() for name, data in sorted(self.inputs.files.items())},
            partial=partial or None,
            report_only=self._report_only,
        )
        self.judgement = judge(self.outcomes, circumstances)
        return self.judgement

    def _absent(self, check: Check, target: Target) -> Outcome:
        reason = self._not_run.get(check.id, "its check did not come to it")
        message = f"planned but not run: {reason}"
        remedy = "Run it again to its end."
        return outcome_for(check, target, Result.UNKNOWN, check.severity, message=message, remedy=remedy)


def _with_real_blockers(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """The outcomes, where none is put down to another one that is all right: such a one stands for itself."""
    wrong = {f"{one.check} {one.target}" for one in outcomes if one.outcome in {Result.FAIL, Result.UNKNOWN}}
    return tuple(
        one
        if wrong.issuperset(one.blocked_by)
        else replace(one, blocked_by=tuple(name for name in one.blocked_by if name in wrong))
        for one in outcomes
    )


def plan_document(plan: Plan, inputs: Inputs, run_id: str) -> dict[str, Any]:
    """The plan as it stands in `plan.json`: what judging the run again needs, and every script with its text."""
    texts = {script.file: script for batch in plan.scripts.values() for script in batch}
    return {
        "schema": 1,
        "run_id": run_id,
        "as_of": inputs.as_of.isoformat(),
        "tool_version": readiness.__version__,
        "narrowing": asdict(plan.narrowing),
        "without_target": list(plan.idle),
        "pairs": [list(pair) for pair in plan.expected],
        "live": _live_tests(plan),
        "scripts": {name: {"sha256": one.sha256, "text": one.text} for name, one in sorted(texts.items())},
        "hosts": {
            host: [{"script": one.file, "arguments": list(one.arguments)} for one in batch]
            for host, batch in plan.scripts.items()
        },
    }


def _live_tests(plan: Plan) -> list[dict[str, Any]]:
    """Users' tests with what is needed to name them again, since a saved run is judged without their files."""
    tests: dict[str, dict[str, Any]] = {}
    for check, target in plan.pairs:
        if check.live:
            entry = {"check": check.id, "title": check.title, "place": check.place, "targets": []}
            tests.setdefault(check.id, entry)["targets"].append(target.id)
    return list(tests.values())
