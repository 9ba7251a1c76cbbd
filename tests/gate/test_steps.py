"""Plan and conclude: nothing to check is no plan, and no run without an outcome for each pair is GO."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

import pytest

from readiness.checking import agreed, expect, not_applicable
from readiness.core.checks import Check
from readiness.core.errors import InputError, NothingToCheck, Problem
from readiness.core.facts import HostFacts, Why
from readiness.core.outcomes import Disposition, Outcome, Severity, Target, Verdict
from readiness.gate.collecting import Collected
from readiness.gate.judging import Judging
from readiness.gate.steps import conclude, plan_run
from readiness.planning.plan import Narrowing, Plan
from tests.small import AS_OF, a_check, facts, inputs

INPUTS = inputs()
MAJOR = a_check("TST-001", severity=Severity.MAJOR)
MINOR = a_check("TST-002", severity=Severity.MINOR)
BOTH = Collected((MAJOR, MINOR))


class OwnTests:
    """Users' own tests: one, and one file that does not load if so wanted."""

    left_out: Mapping[str, object] = {}

    def __init__(self, *mistakes: Problem) -> None:
        self._mistakes = mistakes

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        return (a_check("infra/test_x", area="custom", live=True),), self._mistakes

    def outcomes(
        self, plan: Plan, store: Mapping[str, HostFacts], blockers: Callable[[str, Why], str | None]
    ) -> Iterable[Outcome]:
        raise NotImplementedError


def all_judged(value: int = 1, collected: Collected = BOTH, narrowing: Narrowing | None = None) -> Judging:
    """All pairs judged, by a check that expects 1."""
    plan = plan_run(INPUTS, collected, narrowing or Narrowing())
    made = Judging(INPUTS, plan, {name: facts(name) for name in INPUTS.estate.hosts})
    for check, target in plan.pairs:
        made.judge(check, lambda target: _is_1(value, target), target, {"target": target})
    return made


def _is_1(value: int, target: Target) -> None:
    agreed(INPUTS.baseline, "clock.max_offset_s", target)
    expect(value, equals=1)


def test_all_mistakes_are_told_together_before_anything_is_planned() -> None:
    collected = Collected((MAJOR,), (Problem("test_a.py", 1, 1, "does not load"),))
    with pytest.raises(InputError) as caught:
        plan_run(INPUTS, collected, Narrowing(), tests=OwnTests(Problem("test_b.py", 0, 0, "does not load")))
    assert [problem.file for problem in caught.value.problems] == ["test_a.py", "test_b.py"]


def test_users_own_tests_are_planned_beside_the_checks() -> None:
    plan = plan_run(INPUTS, BOTH, Narrowing(), tests=OwnTests())
    assert ("infra/test_x", "web01") in plan.expected
    assert ("TST-001", "web01") in plan.expected


@pytest.mark.parametrize(
    ("given", "collected", "reason"),
    [
        (inputs({}), BOTH, "the estate has no host"),
        (INPUTS, Collected(()), "there is no pair of check and target"),
        (INPUTS, Collected((a_check("TST-001", lambda _: ()),)), "there is no pair of check and target"),
    ],
)
def test_nothing_to_check_is_no_plan(given: object, collected: Collected, reason: str) -> None:
    with pytest.raises(NothingToCheck, match=reason):
        plan_run(given, collected, Narrowing())  # type: ignore[arg-type]


def test_a_run_judged_again_without_any_of_its_pairs_has_nothing_to_check() -> None:
    with pytest.raises(NothingToCheck):
        plan_run(INPUTS, BOTH, Narrowing(), earlier=[("OLD-001", "dir01")])


def test_what_was_deselected_narrows_the_plan() -> None:
    plan = plan_run(INPUTS, Collected((MAJOR,), (), ("test_y",)), Narrowing(deselected=("test_x",)))
    assert plan.partial == {"deselected": ["test_x", "test_y"]}


def test_a_whole_run_that_passed_is_go_for_a_day() -> None:
    report = conclude(all_judged(), run_id="run-1")
    judgement = report.judgement
    assert (judgement.verdict, judgement.exit_code, judgement.partial) == (Verdict.GO, 0, None)
    assert judgement.valid_until == (AS_OF + timedelta(hours=24)).isoformat()
    assert (judgement.estate, judgement.change) == ("backup", "CHG1")
    assert judgement.inputs["estate.yaml"] == hashlib.sha256(INPUTS.files["estate.yaml"]).hexdigest()
    assert (report.run_id, report.as_of, report.service, report.note) == ("run-1", AS_OF, "backup", "a small one")


def test_what_an_outcome_means_is_decided_here() -> None:
    outcomes = conclude(all_judged(2), run_id="run-1").outcomes
    assert {(one.check, one.disposition) for one in outcomes} == {
        ("TST-001", Disposition.BLOCKING),
        ("TST-002", Disposition.ADVISORY),
    }
    assert {one.disposition for one in conclude(all_judged(), run_id="run-1").outcomes} == {Disposition.OK}


def test_a_failure_is_no_go_and_report_only_changes_the_exit_code_alone() -> None:
    assert conclude(all_judged(2), run_id="run-1").judgement.verdict is Verdict.NO_GO
    judgement = conclude(all_judged(2), run_id="run-1", report_only=True).judgement
    assert (judgement.verdict, judgement.exit_code, judgement.report_only) == (Verdict.NO_GO, 0, True)


@pytest.mark.parametrize(
    ("narrowing", "options", "partial"),
    [
        (Narrowing(areas=("test",)), {}, {"narrowed": "to all there is"}),
        (Narrowing(), {"interrupted": True}, {"interrupted": "before its end"}),
        (Narrowing(), {"left_out": {"custom checks that were not run": ["infra"]}}, None),
    ],
)
def test_a_run_that_is_not_whole_is_incomplete_whatever_passed(
    narrowing: Narrowing, options: dict[str, object], partial: dict[str, object] | None
) -> None:
    judgement = conclude(all_judged(narrowing=narrowing), run_id="run-1", **options).judgement  # type: ignore[arg-type]
    assert (judgement.verdict, judgement.exit_code) == (Verdict.INCOMPLETE, 2)
    assert judgement.partial == (partial or options["left_out"])


@pytest.mark.parametrize("severity", Severity)
def test_a_pair_without_an_outcome_is_never_go_however_little_it_weighs(severity: Severity) -> None:
    plan = plan_run(INPUTS, Collected((MAJOR, a_check("TST-002", severity=severity))), Narrowing())
    made = Judging(INPUTS, plan, {})
    for target in plan.targets_of["TST-001"]:
        made.judge(MAJOR, lambda: expect(1, equals=1), target, {})
    report = conclude(made, run_id="run-1")
    assert report.judgement.verdict is Verdict.INCOMPLETE
    assert report.judgement.partial == {"not run": ["TST-002"]}
    assert len(report.outcomes) == len(plan.pairs)


def test_a_judging_that_was_interrupted_is_incomplete() -> None:
    made = all_judged()
    made.interrupted = True
    assert conclude(made, run_id="run-1").judgement.verdict is Verdict.INCOMPLETE


def test_all_not_applicable_is_nothing_to_check() -> None:
    made = Judging(INPUTS, plan_run(INPUTS, Collected((MAJOR,)), Narrowing()), {})
    for target in made.plan.targets_of["TST-001"]:
        made.judge(MAJOR, lambda: not_applicable("no host of the kind"), target, {})
    assert conclude(made, run_id="run-1").judgement.verdict is Verdict.NOTHING_TO_CHECK


def test_a_mistake_in_the_checks_alone_is_no_plan() -> None:
    problem = Problem("test_x.py", 3, 1, "does not load")
    with pytest.raises(InputError) as refused:
        plan_run(INPUTS, Collected((MAJOR,), (problem,)), Narrowing())
    assert refused.value.problems == (problem,)
