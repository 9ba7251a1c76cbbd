"""Arguments and options that several commands have, and the saved run that one of them names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from readiness.core.errors import InputError, Problem
from readiness.run_folder.saved import SavedRun
from readiness.run_folder.sealed import changes

COMPLETE = "_READINESS_COMPLETE"  # what a shell sets that completes a command line
Estate = Annotated[Path, typer.Argument(metavar="ESTATE", help="The estate's folder.", show_default=False)]
CustomChecks = Annotated[
    bool,
    typer.Option("--custom-checks", envvar="READINESS_CUSTOM_CHECKS", help="Run the estate's own tests, too: code."),
]
Out = Annotated[Path | None, typer.Option(help="An empty folder, or an older run's [reports/ESTATE/RUN-ID].")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print the last line alone, the verdict, and mistakes.")]
Format = Annotated[
    Literal["text", "json"], typer.Option("--format", help="For people, or one JSON document on the standard output.")
]
SavedFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", show_default=False)]


def unchanged(folder: Path) -> SavedRun:
    """A saved run; InputError with every file of it that was changed since."""
    if lines := changes(folder):
        raise InputError([Problem(str(folder), 0, 0, line) for line in lines])
    return SavedRun.open(folder)
