"""Runs that pytest itself starts: `pytest checks/ --estate ESTATE`, with `-k`, `--lf` or one file; always partial."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness import __version__
from readiness.core.checks import check_of
from readiness.core.errors import InputError, ReadinessError, ToolFault
from readiness.core.judge import ended_by
from readiness.gate.collecting import CheckCollector
from readiness.gate.judging import Judging
from readiness.gate.plugin import CheckRunner
from readiness.gate.records import new_run_id, read_hosts, write_plan, write_results
from readiness.gate.steps import conclude, plan_run
from readiness.gate.stopping import exit_code_is_ours
from readiness.gate.surroundings import surroundings_of
from readiness.planning.inputs import inputs_of
from readiness.planning.plan import Narrowing
from readiness.renderers import terminal
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.transports import Stop
from readiness.visits.connect import Connector

BY = "by pytest itself: only `readiness run` calls a run complete"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The estate to run against. Plugins that only the environment names are read after this, and are not loaded."""
    os.environ.pop("PYTEST_PLUGINS", None)
    parser.getgroup("readiness").addoption(
        "--estate", type=Path, help="an estate's folder: read it, judge what is selected"
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open a run, unless `readiness` has started this session as a step of its own."""
    if any(isinstance(plugin, CheckCollector | CheckRunner) for plugin in config.pluginmanager.get_plugins()):
        return
    estate: Path | None = config.getoption("--estate")
    if estate is None:
        raise pytest.UsageError("checks need an estate: `readiness run ESTATE`, or --estate=ESTATE")
    if config.option.collectonly:
        raise pytest.UsageError("with --collect-only nothing would be judged: `readiness plan ESTATE` shows the checks")
    try:
        plugin = _OwnRun(estate, config)
    except ReadinessError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(plugin, "readiness-run")


class _OwnRun(CheckCollector):
    """The same steps as `readiness run`, in the hooks of a session whose last line and exit code are this run's."""

    def __init__(self, estate: Path, config: pytest.Config) -> None:
        super().__init__(selective=_selective(config))
        now = datetime.now(UTC)
        self._run_id = new_run_id(now)
        self._judging: Judging | None = None
        self._error: Exception | None = None
        self._last_line = ""
        self._until_the_end = ExitStack()
        self._until_the_end.enter_context(exit_code_is_ours())
        path = config.invocation_params.dir / "reports" / estate.resolve().name / self._run_id
        self._folder = RunFolder.create(path, renderers(), apart_from=[estate])
        self._folder.begin(self._run_id, now, __version__)
        try:
            self._inputs = inputs_of(estate, now)
            self._stop = Stop()
            self._connect = Connector(self._inputs, surroundings_of(estate, os.environ), self._stop)
        except InputError as error:
            self._folder.ended_by(error)
            self._folder.close()
            raise

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make an item of each target, for `-k HOST`, `--lf` and node ids with a target."""
        made = check_of(metafunc.function)
        if self._selective and made is not None and "target" in metafunc.fixturenames:
            targets = list(made.targets(self._inputs))
            metafunc.parametrize("target", targets, ids=[target.id for target in targets])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Plan from what was collected and read the hosts; pytest then runs the checks, unless something is wrong."""
        super().pytest_runtestloop(session)
        try:
            plan = plan_run(self._inputs, self.collected, Narrowing(by=BY), selected=self._selected(session))
            write_plan(self._folder, plan, self._inputs, self._run_id)
            store = read_hosts(plan, self._inputs, self._connect, self._folder, self._stop)
        except Exception as error:  # noqa: BLE001 - kept for the end of the session, which writes and says it
            self._error = error
            return True
        self._judging = Judging(self._inputs, plan, store)
        session.config.pluginmanager.register(CheckRunner(self._judging, reports=True))
        return None

    def _selected(self, session: pytest.Session) -> frozenset[tuple[str, str]] | None:
        """The pairs of the items, where items stand for single targets."""
        if not self._selective:
            return None
        pairs: set[tuple[str, str]] = set()
        for item in session.items:
            if (check := self.check_of_item(item)) is not None:
                own = [item.callspec.params["target"]] if hasattr(item, "callspec") else check.targets(self._inputs)
                pairs |= {(check.id, target.id) for target in own}
        return frozenset(pairs)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge, write, and make the exit code the gate's."""
        session.exitstatus = self._end()
        self._folder.close()

    def _end(self) -> int:
        error = self._error
        if error is None and self._judging is not None:
            try:
                return self._written(self._judging)
            except Exception as caught:  # noqa: BLE001 - whatever it is, it ends the run as ERROR, not as pytest's own
                error = caught
        error = error or ToolFault("pytest ended without a judgement")
        self._folder.ended_by(error)
        verdict, code, reason = ended_by(error)
        self._last_line = terminal.last_line(verdict, reason)
        return code

    def _written(self, judging: Judging) -> int:
        report = conclude(judging, run_id=self._run_id)
        digest = write_results(self._folder, report)
        judgement, path = report.judgement, self._folder.path
        reasons = "; ".join(judgement.reasons)
        self._last_line = terminal.last_line(judgement.verdict, reasons, folder=path, manifest_sha256=digest)
        return judgement.exit_code

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """The verdict is the last line."""
        self._until_the_end.close()
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._last_line:
            reporter.write_line(self._last_line)


def _selective(config: pytest.Config) -> bool:
    """Whether single checks or targets may be selected, so that each target needs an item of its own."""
    asked = config.option.keyword or getattr(config.option, "lf", False) or getattr(config.option, "failedfirst", False)
    return bool(asked) or any("::" in argument for argument in config.args)
