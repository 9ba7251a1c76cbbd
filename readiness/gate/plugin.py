"""The pytest side of the gate: fixtures for checks, and one outcome a target from one function a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from readiness.core.basis import Basis, noting
from readiness.core.checks import Check, check_of, made_in
from readiness.core.errors import Problem
from readiness.core.evaluate import note_assertion
from readiness.core.facts import Facts
from readiness.core.outcomes import Outcome, Result, Target
from readiness.estate import Baseline, Estate
from readiness.gate.gate import Gate
from readiness.planning.inputs import Inputs

_INJECTED = ("target", "facts")
_OUTCOME = "outcome_of_pair"
_GATE = pytest.StashKey[Gate]()


def _outside() -> NoReturn:
    raise pytest.UsageError("checks run with an estate: `readiness run ESTATE` or `pytest checks/ --estate ESTATE`")


@pytest.fixture(scope="session")
def gate(pytestconfig: pytest.Config) -> Gate:
    """The run that this session belongs to."""
    return pytestconfig.stash[_GATE] if _GATE in pytestconfig.stash else _outside()


@pytest.fixture(scope="session")
def inputs(gate: Gate) -> Inputs:
    """Estate, baseline and catalogue together."""
    return gate.inputs


@pytest.fixture(scope="session")
def estate(gate: Gate) -> Estate:
    """The estate under review."""
    return gate.inputs.estate


@pytest.fixture(scope="session")
def baseline(gate: Gate) -> Baseline:
    """What was agreed."""
    return gate.inputs.baseline


@pytest.fixture(scope="session")
def all_facts(gate: Gate) -> Facts:
    """The facts of every host, for fixtures; what a fixture reads is evidence of each check that uses the fixture."""
    return Facts(gate.store)


@pytest.fixture
def target(gate: Gate) -> None:
    """What the check looks at; the gate puts each target in its place."""


@pytest.fixture
def facts(target: None) -> None:
    """The facts of the target's host; the gate puts them in its place."""


class CheckCollector:
    """Gathers the checks that pytest collects, and every mistake in them; runs none."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._files: list[Path] = []
        self._left_out: set[str] = set()
        self._checks: dict[str, Check] = {}

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks in the order they were collected."""
        return tuple(self._checks.values())

    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        """Remember each file that is looked at."""
        self._files.append(module_path)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """What pytest was told to leave out is not missing."""
        made = (check_of(getattr(item, "obj", None), area="", place="") for item in items)
        self._left_out |= {one.id for one in made if one is not None}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A part that fails to load, or skips itself, is a mistake: its checks would be missing unnoticed."""
        if not report.passed:
            reason = str(report.longrepr).strip().splitlines()
            self.problems.append(Problem(report.nodeid, 0, 0, f"does not load: {reason[-1] if reason else '?'}"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Gather; True keeps pytest from running anything."""
        for item in session.items:
            if (one := self._check(item)) is not None:
                self._checks.setdefault(_function_id(item), one)
        there = {one.id for one in self._checks.values()} | self._left_out
        self.problems += [
            Problem(
                file.name, line, 1, f"{check_id} is not collected", "name its function test_..., and no other one so"
            )
            for file in self._files
            for line, check_id in made_in(str(file)).items()
            if check_id not in there
        ]
        return True

    def _check(self, item: pytest.Item) -> Check | None:
        path, line, _ = item.location
        place = Path(path).name
        number = (line or 0) + 1
        made = check_of(
            getattr(item, "obj", None), area=item.path.stem.removeprefix("test_"), place=f"{place}:{number}"
        )
        if made is None:
            self.problems.append(Problem(place, number, 1, f"{item.name} is no check", "add @check(...)"))
        if hasattr(item, "callspec") and item.callspec.params.keys() != {"target"}:
            message = f"{item.name} is parametrised"
            self.problems.append(Problem(place, number, 1, message, "a check's targets are its parameters"))
        self.problems += [
            Problem(place, number, 1, f"fixture {name} depends on {', '.join(wrong)}", "read facts in the check")
            for name, wrong in _bound_fixtures(item)
        ]
        return made


class GatePlugin(CheckCollector):
    """Ties one gate to one pytest session; `error` is what ended it before or instead of a judgement.

    `reports`: pytest is told of each target; in a session that the command line starts nobody would hear of it.
    """

    reports = False

    def __init__(self, gate: Gate, *, item_per_target: bool = False) -> None:
        super().__init__()
        self.gate = gate
        self.error: Exception | None = None
        self._item_per_target = item_per_target
        self._deselected: list[str] = []
        self._read_by: dict[str, Basis] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """Hand the gate to the fixtures."""
        config.stash[_GATE] = self.gate

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """What pytest was told to leave out narrows the run."""
        super().pytest_deselected(items)
        self._deselected += [item.name for item in items]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """An item a target, for `-k HOST`, `--lf` and node ids with a target."""
        made = check_of(metafunc.function, area="", place="")
        if self._item_per_target and made is not None and "target" in metafunc.fixturenames:
            targets = list(made.targets(self.gate.inputs))
            metafunc.parametrize("target", targets, ids=[one.id for one in targets])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Plan from what was collected and read the facts; on wrong input run nothing."""
        super().pytest_runtestloop(session)
        try:
            self.gate.begin(self.checks, self.problems, tuple(self._deselected), self._selected(session))
        except Exception as error:  # noqa: BLE001 - kept for the command line, which is the one place that exits
            self.error = error
            return True
        return True if self.gate.plan_only else None

    def _selected(self, session: pytest.Session) -> frozenset[tuple[str, str]] | None:
        """The pairs of the items, where items stand for single targets."""
        if not self._item_per_target:
            return None
        pairs: set[tuple[str, str]] = set()
        for item in session.items:
            if (check := self._checks.get(_function_id(item))) is not None:
                own = [item.callspec.params["target"]] if hasattr(item, "callspec") else check.targets(self.gate.inputs)
                pairs |= {(check.id, target.id) for target in own}
        return frozenset(pairs)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Record what a fixture reads: the outcomes of the checks that use it rest on that, too."""
        with noting(Basis()) as basis:
            value = yield
        self._read_by[fixturedef.argname] = basis
        return value

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Judge every target of one check and report each."""
        check = self._checks[_function_id(pyfuncitem)]
        names = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 - pytest's own pyfunc_call uses it, nothing public does
        arguments = {name: pyfuncitem.funcargs.get(name) for name in names}
        function, tell = pyfuncitem.obj, pyfuncitem.ihook.pytest_runtest_logreport
        fixtures = [self._read_by[name] for name in pyfuncitem.fixturenames if name in self._read_by]
        for target in self._targets(check, pyfuncitem):
            outcome = self.gate.judge_one(check, function, target, arguments, fixtures)
            if self.reports:
                tell(report=_report(pyfuncitem, outcome))
        return True

    def _targets(self, check: Check, item: pytest.Function) -> Iterator[Target]:
        only = item.callspec.params["target"] if self._item_per_target and hasattr(item, "callspec") else None
        for target in self.gate.plan.targets_of.get(check.id, ()):
            if only is None or only == target:
                yield target

    def pytest_assertion_pass(self, expl: str) -> None:
        """A plain assertion that held says what was found."""
        note_assertion(expl)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A check that never got to its targets leaves the reason for its pairs."""
        check = self._checks.get(report.nodeid.split("[")[0])
        if check is not None and report.when == "setup" and not report.passed:
            self.gate.not_run(check, str(report.longrepr).strip().splitlines()[-1])

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """The function's own report counts for nothing: its targets' reports do."""
        if outcome := getattr(report, _OUTCOME, None):
            letter = {Result.PASS: ".", Result.FAIL: "F", Result.UNKNOWN: "?", Result.NOT_APPLICABLE: "-"}[outcome]
            return outcome.lower(), letter, outcome
        if report.nodeid.split("[")[0] in self._checks and report.passed:
            return "", "", ""
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:  # noqa: ARG002 - pytest's own
        """Judge; an interrupted session is judged, too, with what it did not run."""
        if self.error is None and self.gate.begun and not self.gate.plan_only:
            try:
                self.gate.finish(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)
            except Exception as error:  # noqa: BLE001 - kept for the command line
                self.error = error


def _function_id(item: pytest.Item) -> str:
    return item.nodeid.split("[")[0]


def _bound_fixtures(item: pytest.Item) -> Iterator[tuple[str, list[str]]]:
    """Fixtures that want `target` or `facts`, which change within one item."""
    known: Mapping[str, Sequence[Any]] = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - not public
    for name, definitions in known.items():
        for definition in definitions:
            wrong = [argument for argument in definition.argnames if argument in _INJECTED]
            if wrong and name not in _INJECTED:
                yield name, wrong


def _report(item: pytest.Function, outcome: Outcome) -> pytest.TestReport:
    words = {Result.PASS: "passed", Result.NOT_APPLICABLE: "skipped"}.get(outcome.outcome, "failed")
    place = (str(item.path), item.location[1] or 0, outcome.message)
    report = pytest.TestReport(
        nodeid=f"{_function_id(item)}[{outcome.target}]",
        location=item.location,
        keywords={},
        outcome=words,  # type: ignore[arg-type]
        longrepr=None if words == "passed" else place if words == "skipped" else f"{outcome.check}: {outcome.message}",
        when="call",
    )
    setattr(report, _OUTCOME, outcome.outcome)
    return report
