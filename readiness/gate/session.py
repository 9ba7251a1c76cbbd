"""Runs that pytest itself starts: `pytest checks/ --estate ESTATE`, with `-k`, `--lf` or one file; always partial."""

from __future__ import annotations

import argparse
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Generator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

import pytest

from readiness import __version__
from readiness.core.checks import check_of
from readiness.core.errors import ReadinessError, ToolFault
from readiness.core.judge import ended_by
from readiness.core.outcomes import EXIT_FAULT, Target
from readiness.gate.collecting import CheckCollector
from readiness.gate.judging import Judging
from readiness.gate.plugin import CheckRunner
from readiness.gate.records import new_run_id, read_hosts, write_plan, write_results
from readiness.gate.steps import conclude, plan_run
from readiness.gate.stopping import exit_code_is_ours
from readiness.gate.surroundings import surroundings_of
from readiness.planning.inputs import inputs_of
from readiness.planning.plan import Narrowing
from readiness.renderers import junit, terminal
from readiness.renderers.output import Output, claim_closed_streams
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.place import usual
from readiness.transports import Stop
from readiness.visits.connect import Connector

_RUN = "readiness-run"
BY = "by pytest itself: only `readiness run` calls a run complete"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The estate to run against. Plugins that only the environment names are read after this, and are not loaded."""
    os.environ.pop("PYTEST_PLUGINS", None)
    claim_closed_streams()
    if sys.stdout is None:  # pytest fails on it, with the exit code of a NO-GO
        sys.stdout = cast("TextIO", Output(None))
    parser.getgroup("readiness").addoption(
        "--estate", type=_folder, help="an estate's folder: read it, judge what is selected"
    )


def _folder(text: str) -> Path:
    """The path of a folder; nothing is not the folder one happens to be in."""
    if not text.strip():
        raise ArgumentTypeError("is given nothing: a variable that is not set?")
    return Path(text)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make ready for a run, unless `readiness` has started this session as a step of its own."""
    if not any(isinstance(plugin, CheckCollector | CheckRunner) for plugin in config.pluginmanager.get_plugins()):
        config.pluginmanager.register(_OwnRun(config), _RUN)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """The verdict is the last line, and its code the exit code, whatever else would end the session."""
    code = yield
    run = config.pluginmanager.get_plugin(_RUN)
    return run.exit_code(code) if isinstance(run, _OwnRun) else code


class _OwnRun(CheckCollector):
    """The same steps as `readiness run`, in the hooks of a session whose last line and exit code are this run's.

    It begins when pytest collects: sessions that only show something (`--help`, `--fixtures`) are no run.
    """

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(selective=_selective(config))
        self._config, self._options = config, config.option
        self._judging: Judging | None = None
        self._error: Exception | None = None
        self._code: int | None = None
        self._last_line = ""
        self._junit: Path | None = None
        self._began = False
        self._until_the_end = ExitStack()
        self._reporter = config.pluginmanager.get_plugin("terminalreporter")
        if self._reporter is not None:
            writer = self._reporter._tw  # noqa: SLF001 - pytest hands its stream to nobody
            file = writer._file  # noqa: SLF001 - as above
            self._out = writer._file = file if isinstance(file, Output) else Output(file)  # noqa: SLF001 - as above

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Begin the run, before anything is collected."""
        self._take_older_junit_away()
        estate: Path | None = self._config.getoption("--estate")
        if estate is None:
            raise pytest.UsageError("checks need an estate: `readiness run ESTATE`, or --estate=ESTATE")
        if self._options.collectonly or self._options.setuponly or self._options.setupplan:
            hint = "`readiness checks` lists the checks, `readiness plan ESTATE` what they look at"
            raise pytest.UsageError(f"with --collect-only, --setup-only or --setup-plan nothing is judged: {hint}")
        try:
            self._begin(estate)
        except (ReadinessError, OSError) as error:
            raise pytest.UsageError(str(error)) from error

    def _take_older_junit_away(self) -> None:
        """An older run's file must not pass for this one's, however this one ends."""
        if asked := getattr(self._options, "xmlpath", None):
            self._junit = self._config.invocation_params.dir / Path(os.path.expandvars(asked)).expanduser()
            if self._junit.is_symlink() or (self._junit.exists() and not self._junit.is_file()):
                raise pytest.UsageError(f"--junitxml: {self._junit} is no regular file, and is not taken away")
            try:
                self._junit.parent.mkdir(parents=True, exist_ok=True)
                self._junit.unlink(missing_ok=True)
            except OSError as error:
                raise pytest.UsageError(f"--junitxml: {error}") from error

    def _begin(self, estate: Path) -> None:
        now = datetime.now(UTC)
        self._run_id = new_run_id(now)
        path = usual(estate, self._run_id, self._config.invocation_params.dir)
        self._folder = RunFolder.create(path, renderers(), apart_from=[estate])
        self._folder.begin(self._run_id, now, __version__)
        try:
            self._inputs = inputs_of(estate, now)
        except ReadinessError as error:
            self._folder.ended_by(error)
            self._folder.close()
            raise
        self._stop = Stop()
        self._connect = Connector(self._inputs, surroundings_of(estate, os.environ), self._stop)
        self._until_the_end.enter_context(exit_code_is_ours())
        self._began = True

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make an item of each target, for `-k HOST`, `--lf` and node ids with a target."""
        made = check_of(metafunc.function)
        if self._began and self._selective and made is not None and "target" in metafunc.fixturenames:
            targets = list(made.targets(self._inputs))
            metafunc.parametrize("target", targets, ids=[target.id for target in targets])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Plan from what was collected and read the hosts; pytest then runs the checks, unless something is wrong."""
        if not self._began:
            raise pytest.UsageError("something beside the checks kept the run from beginning")
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
                # An item without a target stands for a check that has none on this estate.
                pairs |= {(check.id, target.id) for target in own if isinstance(target, Target)}
        return frozenset(pairs)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge, write, and make the exit code the gate's."""
        if self._began:
            session.exitstatus = self._code = self._end()
            self._folder.close()
        elif not session.exitstatus and not _only_shows(self._options):
            session.exitstatus = self._code = EXIT_FAULT

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
        if self._junit is not None:
            self._junit.write_bytes(renderers()[junit.FILE].render(report))
        judgement, path = report.judgement, self._folder.path
        reasons = "; ".join(judgement.reasons)
        self._last_line = terminal.last_line(judgement.verdict, reasons, folder=path, manifest_sha256=digest)
        return judgement.exit_code

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Give the process back."""
        self._until_the_end.close()

    def exit_code(self, code: int | None) -> int | None:
        """Say the verdict and give its exit code, or pytest's own where there was no run."""
        if self._reporter is not None:
            if self._last_line:
                self._reporter.write_line(self._last_line)
            self._out.flush()
            if self._out.error is not None:
                self._out.forget()
                return EXIT_FAULT
        return code if self._code is None else self._code


def _only_shows(options: argparse.Namespace) -> bool:
    """Whether pytest was asked for what is no run: its fixtures or its cache."""
    return any(getattr(options, name, None) for name in ("showfixtures", "show_fixtures_per_test", "cacheshow"))


def _selective(config: pytest.Config) -> bool:
    """Whether single checks or targets may be selected, so that each target needs an item of its own."""
    names = ("keyword", "lf", "failedfirst", "deselect", "stepwise")
    asked = any(getattr(config.option, name, None) for name in names)
    return asked or any("::" in argument for argument in config.args)
