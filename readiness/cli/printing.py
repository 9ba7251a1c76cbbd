"""The commands that print what there is to know, and contact no host."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer._completion_shared import get_completion_script

from readiness.cli.answers import Answer, answer
from readiness.cli.arguments import COMPLETE, CustomChecks, Estate, Format, Quiet, SavedFolder, unchanged
from readiness.core.checks import Check
from readiness.core.errors import InputError, Problem
from readiness.core.text import clean
from readiness.custom.suites import CustomTests
from readiness.estate import json_schema
from readiness.gate.collecting import checks_folder, collect_checks, ids_of_version
from readiness.gate.records import plan_document
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
    form: Format = "text",
) -> int | Answer:
    """Show what would be read, from where, with which scripts and logins; contacts nothing."""
    inputs, narrowing = inputs_of(estate, datetime.now(UTC)), Narrowing(tuple(area or ()), hosts)
    tests = CustomTests(inputs, estate, os.environ, None) if custom_checks else None
    made = plan_run(inputs, collect_checks(checks_folder(), ids_of_version()), narrowing, tests=tests)
    connector = Connector(inputs, surroundings_of(estate, os.environ), Stop())
    logins, missing = connector.logins(tuple(made.scripts))
    if form == "json":
        document = plan_document(made, inputs, None)
        return Answer(
            0, {**document, "logins": [asdict(login) for login in logins], "problems": list(map(asdict, missing))}
        )
    for line in plan_lines(made.pairs, made.idle, made.scripts, made.narrowing.unseen, logins, missing):
        print(clean(line))
    return 0


def verify(saved_run: SavedFolder, quiet: Quiet = False, form: Format = "text") -> int | Answer:
    """Check that a run's files are those it wrote and hold together, and whether its GO still holds.

    The exit code is the verdict's own, 2 for a GO that ran out, 4 for a folder that was changed.
    """
    saved = unchanged(saved_run)
    result = verified(saved, datetime.now(UTC))
    if form == "json":
        more = {"run_folder": str(saved_run), "reasons": [result.reason], "notes": list(result.notes)}
        return answer(result.word, result.exit_code, **{**saved.verdict, **more})
    for line in result.lines[-1:] if quiet else result.lines:
        print(line)
    return result.exit_code


def checks(
    area: Annotated[list[str] | None, typer.Option(help="Only this area.")] = None,
    form: Format = "text",
) -> int | Answer:
    """List the checks: id, severity, area and title."""
    found = _all_checks()
    areas = list(dict.fromkeys(check.area for check in found))
    if wrong := [name for name in area or () if name not in areas]:
        hint = f"areas: {', '.join(areas)}"
        raise InputError([Problem(f"--area {name}", 0, 0, "no such area", hint) for name in wrong])
    chosen = [check for check in found if not area or check.area in area]
    if form == "json":
        return Answer(0, [_as_json(check) for check in chosen])
    widest = max(map(len, areas))
    for check in chosen:
        print(f"{check.id}  {check.severity:7}  {check.area:{widest}}  {clean(check.title)}")
    return 0


def _all_checks() -> Sequence[Check]:
    collected = collect_checks(checks_folder(), ids_of_version())
    if collected.problems:
        raise InputError(collected.problems)
    return collected.checks


def _as_json(check: Check) -> dict[str, object]:
    names = ("id", "severity", "area", "title", "why", "remedy", "source", "location")
    return {**{name: getattr(check, name) for name in names}, "needs": [kind.name for kind in check.needs]}


def explain(
    check_id: Annotated[
        str, typer.Argument(metavar="CHECK-ID", help="Such as VER-001; `checks` lists all.", show_default=False)
    ],
) -> int:
    """Say why a check exists, what it needs, how to mend what it finds, and its source."""
    by_id = {check.id: check for check in _all_checks()}
    if (check := by_id.get(check_id.upper())) is None:
        near = get_close_matches(check_id.upper(), by_id, n=3, cutoff=0.3)
        raise InputError([Problem(check_id, 0, 0, "no such check", f"checks: {', '.join(near or by_id)}")])
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


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Which shell.", show_default=False)],
) -> int:
    """Print what makes a shell complete commands and options: `eval "$(readiness completion bash)"`."""
    print(get_completion_script(prog_name="readiness", complete_var=COMPLETE, shell=shell))
    return 0
