"""The pytest side of judging: fixtures for checks, and from one function a check an outcome for each target."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from readiness.core.basis import Basis, noting
from readiness.core.checks import Check, check_of
from readiness.core.evaluate import note_assertion
from readiness.core.facts import Facts, HostFacts
from readiness.core.outcomes import Outcome, Result
from readiness.estate import Baseline, Estate
from readiness.gate.collecting import function_id, through_pytest
from readiness.gate.judging import Judging
from readiness.gate.steps import LiveTests
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Plan
from readiness.renderers.terminal import shown

_OUTCOME = "outcome_of_pair"
# By pytest's own names, so that -r and --lf know them, and the sign of each.
_SHOWN_AS: Mapping[Result, tuple[str, str]] = {
    Result.PASS: ("passed", "."),
    Result.FAIL: ("failed", "F"),
    Result.UNKNOWN: ("error", "?"),
    Result.NOT_APPLICABLE: ("skipped", "-"),
}
_OF_FUNCTION = "counts_for_nothing"
_JUDGING = pytest.StashKey[Judging]()


@pytest.fixture(scope="session")
def judging(pytestconfig: pytest.Config) -> Judging:
    """The run that this session belongs to."""
    if _JUDGING not in pytestconfig.stash:
        raise pytest.UsageError("checks run with an estate: `readiness run ESTATE` or `pytest checks/ --estate=ESTATE`")
    return pytestconfig.stash[_JUDGING]


@pytest.fixture(scope="session")
def inputs(judging: Judging) -> Inputs:
    """Estate, baseline and catalogue together."""
    return judging.inputs


@pytest.fixture(scope="session")
def estate(judging: Judging) -> Estate:
    """The estate under review."""
    return judging.inputs.estate


@pytest.fixture(scope="session")
def baseline(judging: Judging) -> Baseline:
    """What was agreed."""
    return judging.inputs.baseline


@pytest.fixture(scope="session")
def all_facts(judging: Judging) -> Facts:
    """The facts of every host, for fixtures; what a fixture reads is evidence of each check that uses the fixture."""
    return Facts(judging.store)


@pytest.fixture
def target(judging: Judging) -> None:
    """What the check looks at; the gate replaces it by each target."""


@pytest.fixture
def facts(target: None) -> None:
    """The facts of the target's host; the gate replaces it by them."""


def judge_plan(
    folder: Path, inputs: Inputs, plan: Plan, store: Mapping[str, HostFacts], tests: LiveTests | None = None
) -> Judging:
    """Run users' tests on the hosts and the checks of a folder on the facts; what is left out has no outcome."""
    judging = Judging(inputs, plan, store)
    if tests is not None:
        judging.add(tests.outcomes(plan, store, judging.blocker))
    through_pytest(folder, CheckRunner(judging))
    return judging


class CheckRunner:
    """Runs each check of one pytest session on all its targets.

    `reports`: report each target to pytest; a session that the command line starts shows nothing.
    """

    def __init__(self, judging: Judging, *, reports: bool = False) -> None:
        self._judging, self._reports = judging, reports
        self._planned = {check.id: check for check, _ in judging.plan.pairs}
        self._read_by: dict[pytest.FixtureDef[Any], Basis] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """Hand the judging to the fixtures."""
        config.stash[_JUDGING] = self._judging

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Record what a fixture reads: the outcomes of the checks that use it rest on that, too."""
        with noting(Basis()) as basis:
            value = yield
        self._read_by[fixturedef] = basis
        return value

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Judge every target of one check and report each."""
        if (check := self._check(pyfuncitem)) is None:
            return True
        names = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 - pytest's own pyfunc_call uses it, nothing public does
        arguments = {name: pyfuncitem.funcargs.get(name) for name in names}
        function = pyfuncitem.obj
        known = pyfuncitem._fixtureinfo.name2fixturedefs.values()  # noqa: SLF001 - as above
        # Of each name also those that it overrides, which it may have asked.
        fixtures = [self._read_by[fixture] for same in known for fixture in same if fixture in self._read_by]
        only = pyfuncitem.callspec.params["target"] if hasattr(pyfuncitem, "callspec") else None
        for target in self._judging.plan.targets_of[check.id]:
            if only is None or only == target:
                outcome = self._judging.judge(check, function, target, arguments, fixtures)
                if self._reports:
                    _tell(pyfuncitem, outcome)
        return True

    def _check(self, item: pytest.Item) -> Check | None:
        """The check as it was planned; nothing else is run."""
        made = check_of(getattr(item, "obj", None))
        return self._planned.get(made.id) if made is not None else None

    def pytest_assertion_pass(self, expl: str) -> None:
        """A plain assertion that held says what was found."""
        note_assertion(expl)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A check that never got to its targets leaves the reason for its pairs."""
        report = yield
        setattr(report, _OF_FUNCTION, True)
        check = self._check(item)
        if check is not None and call.when == "setup" and call.excinfo is not None:
            self._judging.not_run(check.id, f"{call.excinfo.typename}: {call.excinfo.value}")
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show the report of each target, and none of the function itself."""
        if outcome := getattr(report, _OUTCOME, None):
            return (*_SHOWN_AS[outcome], outcome)
        return ("", "", "") if hasattr(report, _OF_FUNCTION) and report.passed else None

    def pytest_keyboard_interrupt(self) -> None:
        """Ctrl-C, and a check or a conftest that calls pytest.exit."""
        self._judging.interrupted = True


def _tell(item: pytest.Function, outcome: Outcome) -> None:
    """Report a pair past the capture of what a check prints, which would swallow it."""
    capture = item.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        item.ihook.pytest_runtest_logreport(report=_report(item, outcome))


def _report(item: pytest.Function, outcome: Outcome) -> pytest.TestReport:
    words = {Result.PASS: "passed", Result.NOT_APPLICABLE: "skipped"}.get(outcome.outcome, "failed")
    message = shown(outcome.message)
    details = {
        "passed": None,
        "skipped": (str(item.path), item.location[1] or 0, message),
        "failed": f"{outcome.check}: {message}",
    }
    nodeid = f"{function_id(item)}[{outcome.target}]"
    file, line, _ = item.location
    report = pytest.TestReport(
        nodeid=nodeid,
        location=(file, line, nodeid.rpartition("::")[2]),
        keywords={},
        outcome=words,  # type: ignore[arg-type]
        longrepr=details[words],
        when="call",
    )
    setattr(report, _OUTCOME, outcome.outcome)
    return report
