"""The commands: the only room that prints, reads the environment and exits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NoReturn

from readiness.cli.answers import answer_of, as_text
from readiness.core.command_line import wants_json
from readiness.core.judge import ended_by
from readiness.core.outcomes import EXIT_FAULT
from readiness.core.text import one_line
from readiness.renderers.output import Output, claim_closed_streams


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script: it exits with a verdict's code only where there is the verdict, and it could be said."""
    claim_closed_streams()
    words = sys.argv[1:] if arguments is None else arguments
    out: Any = Output(sys.stdout)
    err: Any = Output(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            from readiness.cli.app import command_line  # noqa: PLC0415 - a package may be missing

            code = command_line(words)
        except BaseException as error:  # noqa: BLE001 - Python's own code for what nobody caught is that of a NO-GO
            verdict, code, reason = ended_by(error)
            print(f"{verdict}  {one_line(reason)}", file=sys.stderr)
            if wants_json(words):
                print(as_text(answer_of(error).document))
        out.flush()
        if out.error is not None:
            print(f"ERROR  what was found could not be printed: {one_line(str(out.error))}", file=sys.stderr)
            code = EXIT_FAULT
        err.flush()
    sys.exit(code)
