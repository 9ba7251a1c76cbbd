"""Every expected pair has an outcome, also one that was not run; what a pair follows from is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from readiness.checking import expect
from readiness.core.checks import Check
from readiness.core.errors import ToolFault
from readiness.core.facts import Facts, HostFacts, Login, Reached, Why
from readiness.core.outcomes import Disposition, Outcome, Result, Severity
from readiness.gate.judging import Judging
from readiness.planning.plan import Narrowing, make_plan
from tests.small import a_check, down, facts, inputs

INPUTS = inputs()
REACHED = a_check("CON-001", needs=(Reached,), explains=(Why.REFUSED,))
LOGIN = a_check("CON-003", needs=(Login,), severity=Severity.MINOR)
STORE = {name: facts(name) for name in INPUTS.estate.hosts}


def is_reached(facts: Facts) -> None:
    expect(facts.need(Reached).port, equals=22)


def is_ours(facts: Facts) -> None:
    expect(facts.need(Login).user, equals="readiness")


FUNCTIONS = {"CON-001": is_reached, "CON-003": is_ours}


def judging_of(*checks: Check, store: Mapping[str, HostFacts] = STORE) -> Judging:
    return Judging(INPUTS, make_plan(INPUTS, checks, Narrowing()), store)


def judged(made: Judging, check: Check, function: Callable[..., None] | None = None) -> list[Outcome]:
    given: dict[str, Any] = {"facts": None}
    targets = made.plan.targets_of[check.id]
    return [made.judge(check, function or FUNCTIONS[check.id], target, given) for target in targets]


def test_outcomes_stand_in_the_order_of_the_plan_whatever_came_first() -> None:
    made = judging_of(LOGIN, REACHED)
    judged(made, LOGIN)
    judged(made, REACHED)
    assert [(one.check, one.target) for one in made.outcomes] == list(made.plan.expected)
    assert {one.outcome for one in made.outcomes} == {Result.PASS}
    assert made.missing == ()


def test_until_the_judge_has_spoken_an_outcome_stands_in_the_way() -> None:
    made = judging_of(REACHED)
    assert {one.disposition for one in judged(made, REACHED)} == {Disposition.BLOCKING}


def test_a_pair_that_was_not_run_is_unknown_with_the_reason() -> None:
    made = judging_of(REACHED, LOGIN)
    judged(made, REACHED)
    made.not_run("CON-003", "its fixture broke")
    assert {check.id for check, _ in made.missing} == {"CON-003"}
    absent = [one for one in made.outcomes if one.check == "CON-003"]
    assert len(absent) == len(STORE)
    assert {(one.outcome, one.message) for one in absent} == {
        (Result.UNKNOWN, "planned but not run: its fixture broke")
    }
    assert all(one.remedy for one in absent)


def test_what_follows_from_a_host_that_is_down_names_the_check_that_says_so() -> None:
    made = judging_of(REACHED, LOGIN, store={**STORE, "web01": down("web01")})
    (own,) = [one for one in judged(made, REACHED) if one.target == "web01"]
    (following,) = [one for one in judged(made, LOGIN) if one.target == "web01"]
    assert (own.outcome, own.blocked_by) == (Result.UNKNOWN, ())
    assert (following.outcome, following.blocked_by) == (Result.UNKNOWN, ("CON-001 web01",))
    assert following.message == "web01: login: connection refused: port 22"
    assert following.remedy == "start its sshd"


def test_a_blocker_that_is_not_planned_is_not_named() -> None:
    made = judging_of(LOGIN, store={"web01": down("web01")})
    assert {one.blocked_by for one in judged(made, LOGIN)} == {()}


def test_outcomes_that_nobody_planned_or_two_of_a_pair_are_a_fault() -> None:
    made = judging_of(REACHED)
    outcomes = judged(made, REACHED)
    made.add(outcomes[:1])
    with pytest.raises(ToolFault, match="two outcomes"):
        _ = made.outcomes
    other = judging_of(LOGIN)
    other.add(outcomes)
    with pytest.raises(ToolFault, match="nobody planned"):
        _ = other.outcomes


def test_a_check_that_breaks_costs_only_its_pair() -> None:
    def broken() -> None:
        raise SystemExit(0)

    made = judging_of(REACHED)
    (target, *_) = made.plan.targets_of["CON-001"]
    outcome = made.judge(REACHED, broken, target, {})
    assert (outcome.outcome, outcome.remedy) == (Result.UNKNOWN, "")
    assert "the check itself broke: SystemExit" in outcome.message
