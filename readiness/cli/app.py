"""The command line: its commands, and the way in."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from typing import Annotated

import typer
from typer._completion_classes import completion_init

import readiness
from readiness.cli.answers import answer_of, as_text
from readiness.cli.arguments import COMPLETE
from readiness.cli.ending import ending
from readiness.cli.keys import keys
from readiness.cli.printing import checks, completion, explain, plan, reader, schema, verify
from readiness.cli.proposing import propose
from readiness.cli.runs import demo, judge, run
from readiness.core.command_line import wants_json, without_value
from readiness.core.errors import InputError, Problem
from readiness.core.outcomes import EXIT_FAULT, EXIT_INPUT
from readiness.core.text import one_line

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,  # it would write into the user's own files
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for steps in (
    run,
    plan,
    judge,
    propose,
    verify,
    checks,
    explain,
    reader,
    keys,
    schema,
    demo,
    completion,
):  # as --help lists them
    app.command()(ending(steps))


def _say_version(asked: bool) -> None:
    if asked:
        print(f"readiness {readiness.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which.")
    ] = False,
) -> None:
    """Is the backup service ready to go live: reads its hosts, compares with what was agreed, says GO or NO-GO."""


def command_line(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and give its exit code; usage errors give 4."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):  # only the command line may narrow a run, or add code to it
        os.environ.pop(name, None)
    gc.freeze()  # imported modules stay, and pytest collects garbage often
    if COMPLETE in os.environ and not arguments:  # with arguments the variable would keep a run from running
        return _complete()
    try:
        if unset := without_value(arguments):
            raise typer.BadParameter(unset)
        code = app(args=list(arguments), complete_var="", standalone_mode=False)
    except typer._click.exceptions.ClickException as error:  # noqa: SLF001 - typer exports no base
        error.show()
        nothing = isinstance(error, typer._click.exceptions.NoArgsIsHelpError)  # noqa: SLF001 - as above
        reason = "no command was named" if nothing else one_line(error.format_message())
        if wants_json(arguments):
            wrong = InputError([Problem("command line", 0, 0, reason)])
            print(as_text(answer_of(wrong).document))
        else:
            print(f"ERROR  {reason}")
        code = EXIT_INPUT
    return EXIT_FAULT if code is None else int(code)  # a command that says nothing has not said that all is well


def _complete() -> int:
    """Say what may come next on the command line that a shell describes in the environment."""
    completion_init()
    try:
        app(args=[], prog_name="readiness", complete_var=COMPLETE)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else EXIT_FAULT
    return EXIT_FAULT
