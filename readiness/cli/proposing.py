"""The command that proposes a baseline, to the standard output and nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

import readiness
from readiness.cli.arguments import Out, unchanged
from readiness.cli.showing import progress_of
from readiness.core.errors import InputError, Problem
from readiness.core.facts import HostFacts, Why
from readiness.core.outcomes import EXIT_CODES, Verdict
from readiness.estate.folder import BASELINE, entries_of
from readiness.gate.collecting import checks_folder, collect_checks, ids_of_version
from readiness.gate.judging import Judging
from readiness.gate.records import FACT_KINDS, new_run_id, read_hosts, write_plan, write_results
from readiness.gate.steps import conclude, plan_run
from readiness.gate.stopping import stopped_by_signals
from readiness.gate.surroundings import surroundings_of
from readiness.planning.inputs import Inputs, inputs_again, inputs_of
from readiness.planning.plan import Narrowing
from readiness.proposing import propose as proposed_of
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.names import VERDICT
from readiness.run_folder.place import usual
from readiness.transports import Stop
from readiness.visits.connect import Connector

BY = "only for a proposal: nothing was judged"
_Read = tuple[Inputs, Mapping[str, HostFacts]]


def propose(
    what: Annotated[
        Path, typer.Argument(metavar="RUN|ESTATE", help="A run's folder, or an estate's.", show_default=False)
    ],
    out: Out = None,
) -> int:
    """Write a baseline.yaml from what was read, to the standard output: whoever agrees on it fills in name and day.

    Of a run it takes what that read, offline; an estate is read as `run` does, judges nothing, and leaves a run folder
    that is INCOMPLETE. The exit code is 2 where something could not be read, which the text says, too.
    """
    if os.path.lexists(what / VERDICT):
        if out is not None:
            raise InputError(
                [Problem("--out", 0, 0, "is for an estate, and this is a run, of which nothing is written")]
            )
        inputs, store = _of_run(what)
    else:
        _refuse_estate_as_output(what)
        inputs, store = _of_estate(what, out)
    proposed = proposed_of(inputs, store)
    print(proposed.text, end="")
    left = f"{proposed.left} for a person to decide"
    unread = "" if proposed.complete else "; not everything could be read"
    print(f"PROPOSED  {proposed.stated} demands, {left}{unread}", file=sys.stderr)
    return 0 if proposed.complete else EXIT_CODES[Verdict.INCOMPLETE]


def _of_run(folder: Path) -> _Read:
    saved = unchanged(folder)
    return inputs_again(saved.inputs(), saved.as_of), saved.facts(FACT_KINDS)[0]


def _of_estate(estate: Path, out: Path | None) -> _Read:
    """Read all that a run reads; facts and transcript are in a run folder, whose verdict is INCOMPLETE."""
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    with RunFolder.create(out or usual(estate, run_id), renderers(), apart_from=[estate]) as folder:
        folder.begin(run_id, now, readiness.__version__)
        inputs, stop = inputs_of(estate, now), Stop()
        with stopped_by_signals(stop):
            connect = Connector(inputs, surroundings_of(estate, os.environ), stop)
            plan = plan_run(inputs, collect_checks(checks_folder(), ids_of_version()), Narrowing(by=BY))
            write_plan(folder, plan, inputs, run_id)
            with progress_of(len(plan.scripts), quiet=False) as progress:
                store = read_hosts(plan, inputs, connect, folder, stop, progress.host_done)
        judging = Judging(inputs, plan, store)
        for check, _ in plan.pairs:
            judging.not_run(check.id, BY)
        write_results(folder, conclude(judging, run_id=run_id, interrupted=stop.why is Why.INTERRUPTED))
        print(f"read into {folder.path}", file=sys.stderr)
        return inputs, store


def _refuse_estate_as_output(estate: Path) -> None:
    """InputError where the output goes into the estate, whose baseline the shell has emptied by then, as a pipe may."""
    paths = [estate / name for name in entries_of(estate)]
    for path in filter(_is_output, paths):
        message, hint = "is where the output goes", "write the proposal to a file outside of the estate's folder"
        if path.name == BASELINE:
            message += ": the shell has emptied it before anything was read"
            hint = "restore it, and write the proposal to another file"
        raise InputError([Problem(str(path), 0, 0, message, hint)])
    if estate / BASELINE in paths and not (estate / BASELINE).stat().st_size:
        message = "is empty, as a shell leaves a file that output goes to"
        raise InputError([Problem(str(estate / BASELINE), 0, 0, message, "restore it, or write {} for nothing")])


def _is_output(path: Path) -> bool:
    """Whether it is the file that our output goes to; one that cannot be looked at is told of where it is read."""
    with suppress(OSError, ValueError):
        return os.path.samestat(os.fstat(sys.stdout.fileno()), path.stat())
    return False
