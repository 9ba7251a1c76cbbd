"""The command line: its commands, and the way in."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence

import typer

from readiness.cli.ending import ending
from readiness.cli.printing import explain, plan, reader, schema, verify
from readiness.cli.runs import demo, judge, run
from readiness.core.outcomes import EXIT_FAULT, EXIT_INPUT
from readiness.core.text import one_line

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
for steps in (run, plan, judge, verify, explain, reader, schema, demo):  # as --help lists them
    app.command()(ending(steps))


def command_line(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and give its exit code; usage errors give 4."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):  # only the command line may narrow a run, or add code to it
        os.environ.pop(name, None)
    gc.freeze()  # imported modules stay, and pytest collects garbage often
    try:
        code = app(args=list(arguments), standalone_mode=False)
    except typer._click.exceptions.ClickException as error:  # noqa: SLF001 - typer exports no base
        error.show()
        print(f"ERROR  {one_line(error.format_message())}")
        code = EXIT_INPUT
    return EXIT_FAULT if code is None else int(code)  # a command that says nothing has not said that all is well
