"""The commands that make a run: run, judge, demo."""

from __future__ import annotations

import gc
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

import readiness
from readiness.cli.arguments import CustomChecks, Estate, Out, Quiet, SavedFolder, unchanged
from readiness.cli.showing import progress_of, show
from readiness.core.facts import Why
from readiness.custom import CustomTests, LiveHosts, SavedTests
from readiness.gate.collecting import checks_folder, collect_checks, ids_of_version
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
from readiness.gate.stopping import stopped_by_signals
from readiness.gate.surroundings import surroundings_of
from readiness.planning.inputs import inputs_again, inputs_of, with_limits
from readiness.planning.plan import Narrowing
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.place import usual
from readiness.transports import Stop
from readiness.visits.connect import Connector


def run(
    estate: Estate,
    out: Out = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area; the run is then partial.")] = None,
    hosts: Annotated[str, typer.Option(help="Only these hosts or groups (names or patterns, comma between).")] = "",
    jobs: Annotated[int | None, typer.Option(min=1, max=512, help="Hosts visited side by side.")] = None,
    deadline: Annotated[float | None, typer.Option(min=1, max=86_400, help="Seconds for the whole run.")] = None,
    report_only: Annotated[bool, typer.Option("--report-only", help="Exit 0 for NO-GO and INCOMPLETE.")] = False,
    custom_checks: CustomChecks = False,
    quiet: Quiet = False,
) -> int:
    """Read the estate, compare it with what was agreed, say GO or NO-GO."""
    narrowing = Narrowing(tuple(area or ()), hosts)
    words = {"report_only": report_only, "custom_checks": custom_checks, "quiet": quiet}
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
    quiet: bool = False,
) -> int:
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    path = out or usual(estate, run_id)
    with RunFolder.create(path, renderers(), apart_from=[estate]) as folder:
        folder.begin(run_id, now, readiness.__version__)
        inputs, stop = with_limits(inputs_of(estate, now), jobs=jobs, deadline_s=deadline_s), Stop()
        with stopped_by_signals(stop):
            connect = Connector(inputs, surroundings_of(estate, os.environ), stop)
            live = LiveHosts(connect, inputs.estate.limits, stop, folder.transcript.append)
            tests = CustomTests(inputs, estate, live) if custom_checks else None
            gc.freeze()  # modules and inputs stay to the end: garbage collection may skip them
            plan = plan_run(inputs, collect_checks(checks_folder(), ids_of_version()), narrowing, tests=tests)
            write_plan(folder, plan, inputs, run_id)
            with progress_of(len(plan.scripts), quiet=quiet) as progress:
                store = read_hosts(plan, inputs, connect, folder, stop, progress.host_done)
            judging = judge_plan(checks_folder(), inputs, plan, store, tests)
        interrupted = stop.why is Why.INTERRUPTED
        report = conclude(judging, run_id=run_id, interrupted=interrupted, report_only=report_only)
        digest = write_results(folder, report)
        return show(report, folder.path, digest, quiet=quiet)


def judge(
    saved_run: SavedFolder,
    estate: Annotated[Path | None, typer.Option(help="Judge against this estate's files instead.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep the judging as a run folder of its own.")] = None,
    quiet: Quiet = False,
) -> int:
    """Judge the saved facts of a run again, offline; the same inputs give the same judgement."""
    with tempfile.TemporaryDirectory() as scratch:
        saved = unchanged(saved_run)
        run_id, before = saved.verdict["run_id"], saved.verdict["judgement"]
        read = [saved_run, *([estate] if estate else [])]
        with RunFolder.create(out or Path(scratch) / "run", renderers(), apart_from=read) as folder:
            folder.begin(run_id, datetime.now(UTC), readiness.__version__)
            then = inputs_again(saved.inputs(), saved.as_of)
            inputs = inputs_of(estate, then.as_of) if estate else then
            tests, checks = SavedTests(saved, then, inputs), collect_checks(checks_folder(), ids_of_version())
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
            return show(report, folder.path if out else None, digest if out else None, quiet=quiet)


def demo(out: Out = None, quiet: Quiet = False) -> int:
    """Start the embedded estate and run against it."""
    from readiness.demo import embedded_estate  # noqa: PLC0415 - servers are only there for this command

    with embedded_estate(os.environ) as estate:
        return _run(estate, out, Narrowing(), quiet=quiet)
