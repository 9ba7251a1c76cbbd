"""Runs that pytest itself starts: `pytest checks/ --estate ESTATE`, with `-k`, `--lf` or one file; always partial."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness import __version__
from readiness.core.errors import InputError, NothingToCheck, ReadinessError
from readiness.core.outcomes import EXIT_CODES, EXIT_FAULT, EXIT_INPUT, Verdict
from readiness.gate.gate import Gate
from readiness.gate.plugin import CheckCollector, GatePlugin
from readiness.gate.runs import Hosts, new_run_id, planned, write_results
from readiness.planning.inputs import inputs_of
from readiness.planning.plan import Narrowing
from readiness.renderers import terminal
from readiness.run_folder.folder import RunFolder
from readiness.transports import Stop, Surroundings
from readiness.visits.connect import Connector

BY = "by pytest itself: only `readiness run` calls a run complete"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The estate to run against."""
    parser.getgroup("readiness").addoption(
        "--estate", type=Path, help="an estate's folder: read it, judge what is selected"
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open a run, unless `readiness` has brought its own gate."""
    if any(isinstance(plugin, CheckCollector) for plugin in config.pluginmanager.get_plugins()):
        return
    estate: Path | None = config.getoption("--estate")
    if estate is None:
        raise pytest.UsageError("checks need an estate: `readiness run ESTATE`, or --estate ESTATE")
    try:
        plugin = _Standalone(estate, config)
    except ReadinessError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(plugin, "readiness-run")
    plugin.pytest_configure(config)


class _Standalone(GatePlugin):
    """A gate whose run folder, last line and exit code are this session's."""

    reports = True

    def __init__(self, estate: Path, config: pytest.Config) -> None:
        now = datetime.now(UTC)
        self._run_id = new_run_id(now)
        self._folder = RunFolder.create(config.invocation_params.dir / "reports" / estate.resolve().name / self._run_id)
        self._folder.begin(self._run_id, now, __version__)
        self._last_line = ""
        try:
            inputs = inputs_of(estate, now)
            stop = Stop()
            source = Hosts(
                inputs,
                Connector(inputs, Surroundings(estate, Path.home(), os.environ), stop),
                self._folder,
                stop,
                lambda _: None,
            )
        except InputError as error:
            self._folder.error(str(error), exit_code=EXIT_INPUT)
            self._folder.close()
            raise
        narrowing = Narrowing(by=BY)
        gate = Gate(inputs, source, narrowing, planned=planned(self._folder, inputs, self._run_id))
        super().__init__(gate, item_per_target=_selective(config))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge, write, and make the exit code the gate's."""
        super().pytest_sessionfinish(session, exitstatus)
        session.exitstatus = self._end()
        self._folder.close()

    def _end(self) -> int:
        error, judgement = self.error, self.gate.judgement
        if error is None and judgement is not None:
            digest = write_results(self._folder, self.gate, self._run_id)
            reasons = "; ".join(judgement.reasons)
            place = self._folder.path
            self._last_line = terminal.last_line(judgement.verdict, reasons, folder=place, manifest_sha256=digest)
            return judgement.exit_code
        if isinstance(error, NothingToCheck):
            self._folder.nothing_to_check([str(error)])
            self._last_line = terminal.last_line(Verdict.NOTHING_TO_CHECK, str(error))
            return EXIT_CODES[Verdict.NOTHING_TO_CHECK]
        code = EXIT_INPUT if isinstance(error, InputError) else EXIT_FAULT
        told = str(error) if error else "pytest ended without a judgement"
        self._folder.error(told, exit_code=code)
        self._last_line = terminal.last_line(Verdict.ERROR, told)
        return code

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """The verdict is the last line."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._last_line:
            reporter.write_line(self._last_line)


def _selective(config: pytest.Config) -> bool:
    """Whether single targets may be selected, so that each needs an item of its own."""
    asked = config.option.keyword or getattr(config.option, "lf", False) or getattr(config.option, "failedfirst", False)
    return bool(asked) or any("[" in argument for argument in config.args)
