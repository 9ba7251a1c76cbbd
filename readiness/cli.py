"""The commands: the only module that prints, reads the environment and exits."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer

import readiness
from readiness import products
from readiness.core.checks import Check
from readiness.core.errors import InputError, NothingToCheck, Problem, ToolFault
from readiness.core.facts import Why
from readiness.core.outcomes import EXIT_CODES, EXIT_FAULT, EXIT_INPUT, Verdict
from readiness.core.text import clean, one_line
from readiness.custom import CustomTests, LiveHosts, SavedTests
from readiness.estate import json_schema
from readiness.gate.gate import Gate
from readiness.gate.plugin import CheckCollector, GatePlugin
from readiness.gate.runs import Hosts, Nowhere, SavedFacts, narrowing_of, new_run_id, planned, write_results
from readiness.planning.commands import Commands
from readiness.planning.inputs import inputs_again, inputs_of, with_limits
from readiness.planning.plan import Narrowing
from readiness.probes.elevation import sudoers as sudoers_fragment
from readiness.renderers import terminal
from readiness.renderers.planned import plan_lines
from readiness.renderers.wording import number
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.saved import SavedRun
from readiness.transports import Stop, Surroundings
from readiness.visits.connect import Connector

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Estate = Annotated[Path, typer.Argument(metavar="ESTATE", help="The estate's folder.", show_default=False)]
Out = Annotated[Path | None, typer.Option(help="An empty folder, or an older run's [reports/ESTATE/RUN-ID].")]


class File(StrEnum):
    """The files of an estate."""

    ESTATE = "estate"
    BASELINE = "baseline"


def checks_folder() -> Path:
    """Where the checks are: inside the installed package, or beside it in the repository."""
    inside = Path(readiness.__file__).parent / "checks"
    return inside if inside.is_dir() else Path(readiness.__file__).parents[1] / "checks"


@app.command()
def run(
    estate: Estate,
    out: Out = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area; the run is then partial.")] = None,
    hosts: Annotated[str, typer.Option(help="Only these hosts or groups (names or patterns, comma between).")] = "",
    jobs: Annotated[int | None, typer.Option(min=1, max=512, help="Hosts visited side by side.")] = None,
    deadline: Annotated[float | None, typer.Option(min=1, help="Seconds for the whole run.")] = None,
    report_only: Annotated[bool, typer.Option("--report-only", help="Exit 0 for NO-GO and INCOMPLETE.")] = False,
) -> None:
    """Read the estate, compare it with what was agreed, say GO or NO-GO."""
    narrowing = Narrowing(tuple(area or ()), hosts)
    raise typer.Exit(_run(estate, out, narrowing, jobs=jobs, deadline_s=deadline, report_only=report_only))


def _run(
    estate: Path,
    out: Path | None,
    narrowing: Narrowing,
    *,
    jobs: int | None = None,
    deadline_s: float | None = None,
    report_only: bool = False,
) -> int:
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    path = out or Path("reports") / (estate.resolve().name or "estate") / run_id
    with _said() as said, RunFolder.create(path) as folder:
        folder.begin(run_id, now, readiness.__version__)
        with _kept(folder):
            inputs = with_limits(inputs_of(estate, now), jobs=jobs, deadline_s=deadline_s)
            stop = Stop()
            with _progress(len(inputs.estate.hosts)) as host_done, _stopped_by_signals(stop):
                connect = Connector(inputs, Surroundings(estate, Path.home(), os.environ), stop)
                gc.freeze()  # modules and inputs stay to the end: the collector need not go through them again
                source = Hosts(inputs, connect, folder, stop, host_done)
                live = LiveHosts(connect, inputs.estate.limits, stop, folder.transcript.append)
                gate = Gate(
                    inputs,
                    source,
                    narrowing,
                    live=CustomTests(inputs, estate, live),
                    planned=planned(folder, inputs, run_id),
                    report_only=report_only,
                )
                through_pytest(gate)
            digest = write_results(folder, gate, run_id)
        said.code = _tell(gate, folder.path, digest)
    return said.code


@app.command()
def plan(
    estate: Estate,
    area: Annotated[list[str] | None, typer.Option(help="Only this area.")] = None,
    hosts: Annotated[str, typer.Option(help="Only these hosts or groups.")] = "",
) -> None:
    """Show what would be read, from where, with which scripts; contacts nothing."""
    with _said() as said:
        inputs = inputs_of(estate, datetime.now(UTC))
        live, narrowing = CustomTests(inputs, estate, None), Narrowing(tuple(area or ()), hosts)
        gate = Gate(inputs, Nowhere(), narrowing, live=live, plan_only=True)
        through_pytest(gate)
        for line in plan_lines(gate.plan.pairs, gate.plan.idle, gate.plan.scripts):
            print(clean(line))
        said.code = 0
    raise typer.Exit(said.code)


@app.command()
def judge(
    saved_run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)],
    estate: Annotated[Path | None, typer.Option(help="Judge against this estate's files instead.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep the judging as a run folder of its own.")] = None,
) -> None:
    """Judge the saved facts of a run again, offline; the same inputs give the same judgement."""
    with _said() as said, tempfile.TemporaryDirectory() as scratch:
        if out is not None and out.resolve() == saved_run.resolve():
            raise InputError([Problem(f"--out {out}", 0, 0, "is the run to be judged", "choose another folder")])
        saved = SavedRun.open(saved_run)
        _demand_unchanged(saved, saved_run)
        again = inputs_again(saved.inputs(), saved.as_of)
        inputs = inputs_of(estate, again.as_of) if estate else again
        narrowing, earlier = narrowing_of(saved), [tuple(pair) for pair in saved.plan()["pairs"]]
        run_id = saved.verdict["run_id"]
        with RunFolder.create(out or Path(scratch) / "run") as folder:
            folder.begin(run_id, datetime.now(UTC), readiness.__version__)
            with _kept(folder):
                gate = Gate(
                    inputs,
                    SavedFacts(saved),
                    narrowing,
                    live=SavedTests(saved, again, inputs),
                    planned=planned(folder, inputs, run_id, saved),
                    earlier=() if estate else [(check, target) for check, target in earlier],
                    report_only=bool(saved.verdict["judgement"].get("report_only")),
                )
                through_pytest(gate)
                digest = write_results(folder, gate, run_id)
            said.code = _tell(gate, folder.path if out else None, digest if out else None)
    raise typer.Exit(said.code)


@app.command()
def verify(
    saved_run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)],
) -> None:
    """Check that a run's files are those it wrote, by its manifest; one that differs is wrong input."""
    with _said() as said:
        saved = SavedRun.open(saved_run)
        _demand_unchanged(saved, saved_run)
        print(f"unchanged since it said {saved.verdict['judgement']['verdict'].replace('_', '-')}")
        said.code = 0
    raise typer.Exit(said.code)


def _demand_unchanged(saved: SavedRun, folder: Path) -> None:
    if differences := saved.check_manifest():
        raise InputError([Problem(str(folder), 0, 0, one) for one in differences])


@app.command()
def explain(
    check_id: Annotated[str, typer.Argument(metavar="CHECK-ID", help="Such as VER-001.", show_default=False)],
) -> None:
    """Say why a check exists, what it needs, how to mend what it finds, and its source."""
    with _said() as said:
        checks = {one.id: one for one in _collected_checks()}
        if (one := checks.get(check_id.upper())) is None:
            near = get_close_matches(check_id.upper(), checks, n=3, cutoff=0.3)
            raise InputError([Problem(check_id, 0, 0, "no such check", f"checks: {', '.join(near or checks)}")])
        print(f"{one.id}  {one.severity}  {one.area}\n\n{clean(one.why)}\n")
        print(f"Needs   {', '.join(kind.name for kind in one.needs) or 'only the connection'}")
        print(f"Mend    {one.remedy}\nSource  {one.source}\nCode    {one.place}")
        said.code = 0
    raise typer.Exit(said.code)


@app.command()
def sudoers(
    user: Annotated[str, typer.Option(help="The login that reads the hosts.")] = "readiness",
) -> None:
    """Print the sudoers fragment that allows exactly the commands that need root."""
    with _said() as said:
        try:
            fragment = sudoers_fragment(user, Commands(products.load()).elevated())
        except ValueError as error:
            raise InputError([Problem(f"--user {user}", 0, 0, str(error))]) from error
        print(fragment, end="")
        said.code = 0
    raise typer.Exit(said.code)


@app.command()
def schema(
    name: Annotated[File, typer.Argument(help="Which file.", show_default=False)],
) -> None:
    """Print the JSON Schema of a file of the estate, for editors."""
    with _said() as said:
        print(json.dumps(json_schema("estate" if name is File.ESTATE else "baseline"), indent=2))
        said.code = 0
    raise typer.Exit(said.code)


@app.command()
def demo(out: Out = None) -> None:
    """Start the embedded estate and run against it."""
    from readiness.demo import embedded_estate  # noqa: PLC0415 - servers are only there for this command

    with _said() as said, embedded_estate(os.environ) as estate:
        said.code = _run(estate, out, Narrowing())
    raise typer.Exit(said.code)


class _Code:
    """What a command will exit with; a fault until something better is said."""

    code = EXIT_FAULT


@contextmanager
def _said() -> Iterator[_Code]:
    """Turn what ended a command into its exit code and its last line."""
    said = _Code()
    try:
        yield said
    except InputError as error:
        for problem in error.problems:
            print(one_line(str(problem)), file=sys.stderr)
        said.code = _last_line(Verdict.ERROR, number(len(error.problems), "mistake") + " in the input", EXIT_INPUT)
    except NothingToCheck as error:
        said.code = _last_line(Verdict.NOTHING_TO_CHECK, str(error), EXIT_CODES[Verdict.NOTHING_TO_CHECK])
    except ToolFault as error:
        said.code = _last_line(Verdict.ERROR, str(error), EXIT_FAULT)
    except (KeyboardInterrupt, Exception) as error:
        said.code = _last_line(Verdict.ERROR, f"{type(error).__name__}: {error}", EXIT_FAULT)
        if os.environ.get("READINESS_TRACEBACK"):
            raise


def _last_line(verdict: Verdict, reason: str, code: int) -> int:
    print(terminal.last_line(verdict, reason))
    return code


@contextmanager
def _kept(folder: RunFolder) -> Iterator[None]:
    """Keep in the run folder what ended the run, before the terminal says it."""
    try:
        yield
    except InputError as error:
        folder.error(str(error), exit_code=EXIT_INPUT)
        raise
    except NothingToCheck as error:
        folder.nothing_to_check([str(error)])
        raise
    except BaseException as error:
        folder.error(f"{type(error).__name__}: {error}")
        raise


def _pytest(plugin: object) -> int:
    """Collect the checks in this process, and run them unless the plugin says no."""
    folder = checks_folder()
    # What pytest says of exceptions in destructors nobody would see, and for it it goes ten times through all there is.
    quiet = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:unraisableexception"]
    os.environ.pop("PYTEST_ADDOPTS", None)  # what narrows a run must stand in its command line
    return int(pytest.main(["-c", f"{folder / 'pytest.ini'}", "--rootdir", f"{folder}", *quiet, f"{folder}"], [plugin]))


def _collected_checks() -> Sequence[Check]:
    collector = CheckCollector()
    _pytest(collector)
    if collector.problems:
        raise InputError(collector.problems)
    return collector.checks


def through_pytest(gate: Gate) -> None:
    """Collect and run the checks in this process; raises what ended them."""
    plugin = GatePlugin(gate)
    code = _pytest(plugin)
    if plugin.error is not None:
        raise plugin.error
    if not gate.plan_only and gate.judgement is None:
        raise ToolFault(f"pytest ended with {code!r} and no judgement: a check file or a conftest stopped it")


def _tell(gate: Gate, folder: Path | None, manifest_sha256: str | None) -> int:
    """Print the report; without a folder where none is kept."""
    judgement = gate.judgement
    if judgement is None:
        raise ToolFault("no judgement")
    terminal.render(
        gate.outcomes,
        judgement,
        sys.stdout,
        folder=folder,
        manifest_sha256=manifest_sha256,
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        width=_width(),
    )
    return judgement.exit_code


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


@contextmanager
def _progress(total: int) -> Iterator[Callable[..., None]]:
    live = sys.stderr.isatty() and "CI" not in os.environ
    with terminal.Progress(sys.stderr, total, live=live) as progress:
        yield lambda one: progress.host_done(one.facts.host, one.seconds)


@contextmanager
def _stopped_by_signals(stop: Stop) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the reading, and the run is judged as interrupted; a second one ends it all."""

    def handle(number: int, _: object) -> None:
        if stop.why is not None:
            raise KeyboardInterrupt(number)
        stop.set(Why.INTERRUPTED)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: usage errors exit 4."""
    gc.freeze()  # what was imported stays, and pytest has garbage looked for among all there is
    try:
        code = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except typer._click.exceptions.ClickException as error:  # noqa: SLF001 - typer exports no base
        error.show()
        print(f"ERROR  {one_line(error.format_message())}")
        code = EXIT_INPUT
    sys.exit(code or 0)
