"""The checks as they are, planned and judged in this process on inputs and facts that a test gives."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from readiness.core.facts import HostFacts
from readiness.core.outcomes import Outcome
from readiness.gate.collecting import Collected, checks_folder, collect_checks
from readiness.gate.plugin import judge_plan
from readiness.gate.steps import conclude, plan_run
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Narrowing, Plan


@functools.cache
def collected() -> Collected:
    """The checks of this repository."""
    return collect_checks(checks_folder())


def planned(inputs: Inputs, narrowing: Narrowing | None = None) -> Plan:
    """The plan of a whole run, unless it is narrowed."""
    return plan_run(inputs, collected(), narrowing or Narrowing())


def judged(inputs: Inputs, store: Mapping[str, HostFacts]) -> tuple[Outcome, ...]:
    """The outcomes of every check on every target."""
    judging = judge_plan(checks_folder(), inputs, planned(inputs), store)
    return conclude(judging, run_id="test").outcomes
