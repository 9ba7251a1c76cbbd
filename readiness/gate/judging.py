"""Judging the facts of a run by its plan: an outcome for every expected pair, also for those that were not run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from readiness.core.basis import Basis
from readiness.core.checks import Check, explaining
from readiness.core.evaluate import evaluate, outcome_for
from readiness.core.facts import HostFacts, Why
from readiness.core.judge import in_plan_order
from readiness.core.outcomes import Outcome, Result, Target
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Plan


class Judging:
    """Judges the pairs of a plan one after another and keeps their outcomes; nothing here reads a host.

    `interrupted` says that somebody ended it early.
    """

    def __init__(self, inputs: Inputs, plan: Plan, store: Mapping[str, HostFacts]) -> None:
        self.inputs, self.plan, self.store = inputs, plan, store
        self.interrupted = False
        self._expected = frozenset(plan.expected)
        self._explaining = explaining(check for check, _ in plan.pairs)
        self._outcomes: list[Outcome] = []
        self._reasons: dict[str, str] = {}

    def judge(
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
            pair = self.blocker(host, why)
            return pair if pair != own else None

        outcome = evaluate(
            check, function, target, store=self.store, arguments=arguments, blockers=blocker, fixtures=fixtures
        )
        self._outcomes.append(outcome)
        return outcome

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Keep outcomes that were made elsewhere: those of users' own tests."""
        self._outcomes += outcomes

    def blocker(self, host: str, why: Why) -> str | None:
        """The pair of the plan whose check reports this reason for a host's missing facts."""
        check = self._explaining.get(why)
        return f"{check.id} {host}" if check and (check.id, host) in self._expected else None

    def not_run(self, check_id: str, reason: str) -> None:
        """Keep why a check's pairs will have no outcome."""
        self._reasons[check_id] = reason

    @property
    def missing(self) -> tuple[tuple[Check, Target], ...]:
        """The expected pairs that have no outcome."""
        done = {(outcome.check, outcome.target) for outcome in self._outcomes}
        return tuple((check, target) for check, target in self.plan.pairs if (check.id, target.id) not in done)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """An outcome for each expected pair, in the plan's order; one that was not run is UNKNOWN."""
        absent = {(check.id, target.id): self._absent(check, target) for check, target in self.missing}
        return in_plan_order(self.plan.expected, self._outcomes, absent)

    def _absent(self, check: Check, target: Target) -> Outcome:
        message = f"planned but not run: {self._reasons.get(check.id, 'its check did not come to it')}"
        return outcome_for(check, target, Result.UNKNOWN, message, remedy="Run it again to its end.")
