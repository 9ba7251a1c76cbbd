"""What a terminal is shown of a run, by what it is: wide or narrow, with colours or without."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TextIO

from readiness.cli.answers import Answer, of_run
from readiness.core.outcomes import Disposition
from readiness.renderers import terminal
from readiness.renderers.report import Report
from readiness.renderers.results import outcome_dict
from readiness.run_folder.folder import RunFolder


def progress_of(hosts: int, *, quiet: bool) -> terminal.Progress:
    """The progress of reading these hosts, on the standard error; quiet ones show none."""
    if quiet:
        return terminal.Progress(io.StringIO(), hosts, live=False)
    live = _steered(sys.stderr) and "CI" not in os.environ
    return terminal.Progress(sys.stderr, hosts, live=live, width=_width(sys.stderr))


def show(report: Report, folder: Path | None, manifest_sha256: str | None, *, quiet: bool) -> int:
    """Print the report, or its last line alone, and give its exit code; without a folder where none is kept."""
    terminal.show(
        report,
        sys.stdout,
        folder=folder,
        manifest_sha256=manifest_sha256,
        colour=_steered(sys.stdout) and not os.environ.get("NO_COLOR"),
        width=_width(sys.stdout),
        quiet=quiet,
    )
    return report.judgement.exit_code


def answer_with(report: Report, folder: RunFolder, place: Path | None) -> Answer:
    """The report for a program: its verdict and the outcomes that block it; no place where the folder is not kept."""
    blocking = [outcome for outcome in report.outcomes if outcome.disposition is Disposition.BLOCKING]
    return of_run(folder.verdict, report.judgement.exit_code, place, [outcome_dict(outcome) for outcome in blocking])


def _steered(stream: TextIO) -> bool:
    """Whether it is a terminal that obeys what is no text: colours, and going back to the start of a line."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


def _width(stream: TextIO) -> int:
    """The columns of a terminal, 0 where it does not say; 80 of a file."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80
