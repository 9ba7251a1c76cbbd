"""The commands that print what there is to know: plan, verify, explain, reader, schema; none contacts a host."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import typer

from readiness.cli.arguments import CustomChecks, Estate, SavedFolder, unchanged
from readiness.core.errors import InputError, Problem
from readiness.core.text import clean
from readiness.custom import CustomTests
from readiness.estate import json_schema
from readiness.gate.collecting import checks_folder, collect_checks
from readiness.gate.steps import plan_run
from readiness.gate.surroundings import surroundings_of
from readiness.gate.verifying import verified
from readiness.planning.inputs import inputs_of
from readiness.planning.plan import Narrowing
from readiness.planning.readers import files_to_hand_out, handing_out, reader_of, readers_of
from readiness.renderers.planned import plan_lines
from readiness.run_folder.place import new_folder
from readiness.transports import Stop
from readiness.visits.connect import Connector


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
    connector = Connector(inputs, surroundings_of(estate, os.environ), Stop())
    logins, missing = connector.logins(tuple(made.scripts))
    for line in plan_lines(made.pairs, made.idle, made.scripts, made.narrowing.unseen, logins, missing):
        print(clean(line))
    return 0


def verify(saved_run: SavedFolder) -> int:
    """Check that a run's files are those it wrote and hold together, and whether its GO still holds.

    The exit code is the verdict's own, 2 for a GO that ran out, 4 for a folder that was changed.
    """
    result = verified(unchanged(saved_run), datetime.now(UTC))
    for line in result.lines:
        print(line)
    return result.exit_code


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


def schema(
    name: Annotated[Literal["estate", "baseline"], typer.Argument(help="Which file.", show_default=False)],
) -> int:
    """Print the JSON Schema of a file of the estate, for editors."""
    print(json.dumps(json_schema(name), indent=2))
    return 0
