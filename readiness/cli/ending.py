"""How a command ends: with the exit code it returns, or with what an error makes of it."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from typing import ParamSpec

import typer

from readiness.cli.answers import Answer, answer_of, as_text
from readiness.core.errors import InputError
from readiness.core.judge import ended_by
from readiness.core.outcomes import EXIT_FAULT
from readiness.core.text import one_line
from readiness.gate.stopping import exit_code_is_ours
from readiness.renderers import terminal
from readiness.renderers.wording import number

P = ParamSpec("P")


def ending(steps: Callable[P, int | Answer]) -> Callable[P, None]:
    """Make a function a command that exits with the code it returns; an error becomes its exit code and last line.

    Where a program asks for JSON, its document alone goes to the standard output, and what else is said to the error's.
    """

    @functools.wraps(steps)
    def command(*args: P.args, **options: P.kwargs) -> None:
        as_json = options.get("form") == "json"
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            try:
                with exit_code_is_ours():
                    ended = steps(*args, **options)
            except BaseException as error:  # noqa: BLE001 - SystemExit, too, which would choose the exit code itself
                code = _say_what_ended_it(error)
                ended = answer_of(error) if as_json else code
        if isinstance(ended, Answer):
            print(as_text(ended.document))
            ended = ended.exit_code
        raise typer.Exit(ended)

    return command


def _say_what_ended_it(error: BaseException) -> int:
    verdict, code, reason = ended_by(error)
    if code == EXIT_FAULT and os.environ.get("READINESS_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, InputError):
        for problem in error.problems:
            print(one_line(str(problem)), file=sys.stderr)
        reason = number(len(error.problems), "mistake") + " in the input"
    print(terminal.last_line(verdict, reason))
    return code
