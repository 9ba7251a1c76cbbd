"""The commands: the only module that prints, reads the environment and exits."""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, ParamSpec

import typer

import readiness
from readiness.core.command_line import without_value
from readiness.core.errors import InputError, Problem
from readiness.core.facts import Why
from readiness.core.judge import ended_by
from readiness.core.outcomes import EXIT_FAULT, EXIT_INPUT
from readiness.core.text import clean, one_line
from readiness.custom import CustomTests, LiveHosts, SavedTests
from readiness.estate import json_schema
from readiness.gate.collecting import checks_folder, collect_checks
from readiness.gate.plugin import judge_plan
from readiness.gate.records import (
    new_run_id,
    read_hosts,
    saved_facts,
    saved_narrowing,
    saved_pairs,
    write_plan,
    write_results,
)
from readiness.gate.steps import conclude, plan_run
from readiness.gate.stopping import exit_code_is_ours, stopped_by_signals
from readiness.gate.verifying import verified
from readiness.planning.inputs import inputs_again, inputs_of, with_limits
from readiness.planning.plan import Narrowing
from readiness.planning.readers import files_to_hand_out, handing_out, reader_of, readers_of
from readiness.renderers import terminal
from readiness.renderers.planned import plan_lines
from readiness.renderers.report import Report, renderers
from readiness.renderers.wording import number
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.place import new_folder, usual
from readiness.run_folder.saved import SavedRun
from readiness.run_folder.sealed import changes
from readiness.transports import Stop, Surroundings
from readiness.visits.connect import Connector

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

P = ParamSpec("P")
Estate = Annotated[Path, typer.Argument(metavar="ESTATE", help="The estate's folder.", show_default=False)]
CustomChecks = Annotated[
    bool,
    typer.Option("--custom-checks", envvar="READINESS_CUSTOM_CHECKS", help="Run the estate's own tests, too: code."),
]
Out = Annotated[Path | None, typer.Option(help="An empty folder, or an older run's [reports/ESTATE/RUN-ID].")]
SavedFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)]


def _command(steps: Callable[P, int]) -> Callable[P, None]:
    """Make a function a command that exits with the code it returns; an error becomes its exit code and last line."""

    @app.command()
    @functools.wraps(steps)
    def command(*args: P.args, **options: P.kwargs) -> None:
        try:
            with exit_code_is_ours():
                code = steps(*args, **options)
        except (KeyboardInterrupt, SystemExit, Exception) as error:  # SystemExit would choose the exit code itself
            code = _say_what_ended_it(error)
            if code == EXIT_FAULT and os.environ.get("READINESS_TRACEBACK"):
                raise
        raise typer.Exit(code)

    return command


def _say_what_ended_it(error: BaseException) -> int:
    verdict, code, reason = ended_by(error)
    if isinstance(error, InputError):
        for problem in error.problems:
            print(one_line(str(problem)), file=sys.stderr)
        reason = number(len(error.problems), "mistake") + " in the input"
    print(terminal.last_line(verdict, reason))
    return code


@_command
def run(
    estate: Estate,
    out: Out = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area; the run is then partial.")] = None,
    hosts: Annotated[str, typer.Option(help="Only these hosts or groups (names or patterns, comma between).")] = "",
    jobs: Annotated[int | None, typer.Option(min=1, max=512, help="Hosts visited side by side.")] = None,
    deadline: Annotated[float | None, typer.Option(min=1, help="Seconds for the whole run.")] = None,
    report_only: Annotated[bool, typer.Option("--report-only", help="Exit 0 for NO-GO and INCOMPLETE.")] = False,
    custom_checks: CustomChecks = False,
) -> int:
    """Read the estate, compare it with what was agreed, say GO or NO-GO."""
    narrowing = Narrowing(tuple(area or ()), hosts)
    words = {"report_only": report_only, "custom_checks": custom_checks}
    return _run(estate, out, narrowing, jobs=jobs, deadline_s=deadline, **words)


def _run(
    estate: Path,
    out: Path | None,
    narrowing: Narrowing,
    *,
    jobs: int | None = None,
    deadline_s: float | None = None,
    report_only: bool = False,
    custom_checks: bool = False,
) -> int:
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    with RunFolder.create(out or usual(estate, run_id), renderers(), apart_from=[estate]) as folder:
        folder.begin(run_id, now, readiness.__version__)
        inputs, stop = with_limits(inputs_of(estate, now), jobs=jobs, deadline_s=deadline_s), Stop()
        with stopped_by_signals(stop):
            connect = Connector(inputs, Surroundings(estate, Path.home(), os.environ), stop)
            live = LiveHosts(connect, inputs.estate.limits, stop, folder.transcript.append)
            tests = CustomTests(inputs, estate, live) if custom_checks else None
            gc.freeze()  # modules and inputs stay to the end: garbage collection may skip them
            plan = plan_run(inputs, collect_checks(checks_folder()), narrowing, tests=tests)
            write_plan(folder, plan, inputs, run_id)
            live_line = sys.stderr.isatty() and "CI" not in os.environ
            with terminal.Progress(sys.stderr, len(plan.scripts), live=live_line) as progress:
                store = read_hosts(plan, inputs, connect, folder, stop, progress.host_done)
            judging = judge_plan(checks_folder(), inputs, plan, store, tests)
        report = conclude(judging, run_id=run_id, interrupted=stop.why is Why.INTERRUPTED, report_only=report_only)
        return _show(report, folder.path, write_results(folder, report))


@_command
def plan(
    estate: Estate,
    area: Annotated[list[str] | None, typer.Option(help="Only this area.")] = None,
    hosts: Annotated[str, typer.Option(help="Only these hosts or groups.")] = "",
    custom_checks: CustomChecks = False,
) -> int:
    """Show what would be read, from where, with which scripts and logins; contacts nothing."""
    inputs, narrowing = inputs_of(estate, datetime.now(UTC)), Narrowing(tuple(area or ()), hosts)
    tests = CustomTests(inputs, estate, None) if custom_checks else None
    made = plan_run(inputs, collect_checks(checks_folder()), narrowing, tests=tests)
    connector = Connector(inputs, Surroundings(estate, Path.home(), os.environ), Stop())
    logins, missing = connector.logins(tuple(made.scripts))
    for line in plan_lines(made.pairs, made.idle, made.scripts, made.narrowing.unseen, logins, missing):
        print(clean(line))
    return 0


@_command
def judge(
    saved_run: SavedFolder,
    estate: Annotated[Path | None, typer.Option(help="Judge against this estate's files instead.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep the judging as a run folder of its own.")] = None,
) -> int:
    """Judge the saved facts of a run again, offline; the same inputs give the same judgement."""
    with tempfile.TemporaryDirectory() as scratch:
        saved = _unchanged(saved_run)
        run_id, before = saved.verdict["run_id"], saved.verdict["judgement"]
        read = [saved_run, *([estate] if estate else [])]
        with RunFolder.create(out or Path(scratch) / "run", renderers(), apart_from=read) as folder:
            folder.begin(run_id, datetime.now(UTC), readiness.__version__)
            then = inputs_again(saved.inputs(), saved.as_of)
            inputs = inputs_of(estate, then.as_of) if estate else then
            tests, checks = SavedTests(saved, then, inputs), collect_checks(checks_folder())
            earlier = () if estate else saved_pairs(saved)
            plan = plan_run(inputs, checks, saved_narrowing(saved), tests=tests, earlier=earlier)
            write_plan(folder, plan, inputs, run_id)
            judging = judge_plan(checks_folder(), inputs, plan, saved_facts(saved, folder), tests)
            report = conclude(
                judging,
                run_id=run_id,
                left_out=tests.left_out,
                interrupted="interrupted" in (before.get("partial") or {}),
                report_only=bool(before.get("report_only")),
            )
            digest = write_results(folder, report)
            return _show(report, folder.path if out else None, digest if out else None)


@_command
def verify(saved_run: SavedFolder) -> int:
    """Check that a run's files are those it wrote and hold together, and whether its GO still holds.

    The exit code is the verdict's own, 2 for a GO that ran out, 4 for a folder that was changed.
    """
    result = verified(_unchanged(saved_run), datetime.now(UTC))
    for line in result.lines:
        print(line)
    return result.exit_code


def _unchanged(folder: Path) -> SavedRun:
    if lines := changes(folder):
        raise InputError([Problem(str(folder), 0, 0, line) for line in lines])
    return SavedRun.open(folder)


@_command
def explain(
    check_id: Annotated[str, typer.Argument(metavar="CHECK-ID", help="Such as VER-001.", show_default=False)],
) -> int:
    """Say why a check exists, what it needs, how to mend what it finds, and its source."""
    collected = collect_checks(checks_folder())
    if collected.problems:
        raise InputError(collected.problems)
    checks = {check.id: check for check in collected.checks}
    if (check := checks.get(check_id.upper())) is None:
        near = get_close_matches(check_id.upper(), checks, n=3, cutoff=0.3)
        raise InputError([Problem(check_id, 0, 0, "no such check", f"checks: {', '.join(near or checks)}")])
    print(f"{check.id}  {check.severity}  {check.area}\n\n{clean(check.why)}\n")
    print(f"Needs   {', '.join(kind.name for kind in check.needs) or 'only the connection'}")
    print(f"Mend    {check.remedy}\nSource  {check.source}\nCode    {check.location}")
    return 0


@_command
def reader(
    estate: Estate,
    host: Annotated[str | None, typer.Option(help="The host whose reader is printed.")] = None,
    out: Annotated[Path | None, typer.Option(help="A new folder, for the readers of all hosts.")] = None,
    user: Annotated[str | None, typer.Option(help="The login that reads the hosts [the estate's].")] = None,
) -> int:
    """Print the script that reads what needs root on a host, and its one rule for sudo; or write those of all hosts."""
    if (host is None) == (out is None):
        raise InputError([Problem("readiness reader", 0, 0, "is for one host or all", "give --host HOST or --out DIR")])
    if out is None:
        own = reader_of(inputs_of(estate, datetime.now(UTC)), host or "", user)
        print(own.text, end="")
        print(own.rule_and_its_place, file=sys.stderr)
        return 0
    files = files_to_hand_out(readers_of(inputs_of(estate, datetime.now(UTC)), user))
    new_folder(out, {name: text.encode() for name, text in files.items()})
    print("\n".join(handing_out(files, out)))
    return 0


@_command
def schema(
    name: Annotated[Literal["estate", "baseline"], typer.Argument(help="Which file.", show_default=False)],
) -> int:
    """Print the JSON Schema of a file of the estate, for editors."""
    print(json.dumps(json_schema(name), indent=2))
    return 0


@_command
def demo(out: Out = None) -> int:
    """Start the embedded estate and run against it."""
    from readiness.demo import embedded_estate  # noqa: PLC0415 - servers are only there for this command

    with embedded_estate(os.environ) as estate:
        return _run(estate, out, Narrowing())


def _show(report: Report, folder: Path | None, manifest_sha256: str | None) -> int:
    """Print the report; without a folder where none is kept."""
    terminal.show(
        report,
        sys.stdout,
        folder=folder,
        manifest_sha256=manifest_sha256,
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        width=_width(),
    )
    return report.judgement.exit_code


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: usage errors exit 4."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):  # only the command line may narrow a run, or add code to it
        os.environ.pop(name, None)
    gc.freeze()  # imported modules stay, and pytest collects garbage often
    try:
        if nothing := without_value(words := list(sys.argv[1:] if arguments is None else arguments)):
            raise typer.BadParameter(nothing)
        code = app(args=words, standalone_mode=False)
    except typer._click.exceptions.ClickException as error:  # noqa: SLF001 - typer exports no base
        error.show()
        print(f"ERROR  {one_line(error.format_message())}")
        code = EXIT_INPUT
    sys.exit(EXIT_FAULT if code is None else code)  # a command that says nothing has not said that all is well
