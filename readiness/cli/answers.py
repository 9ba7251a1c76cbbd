"""What a command answers to a program: one JSON document, whatever comes of it, by `--format json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from readiness.core.errors import InputError, Problem
from readiness.core.judge import ended_by

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """A command's exit code and, where a program asked, the document in place of the text."""

    exit_code: int
    document: Any


def answer(verdict: str, exit_code: int, problems: Sequence[Problem] = (), **more: Any) -> Answer:
    """The document that says at its top how the command ends, as the last line does, with what else there is."""
    stated = {"schema": SCHEMA, "verdict": verdict, "exit_code": exit_code}
    return Answer(exit_code, {**more, **stated, "problems": [asdict(problem) for problem in problems]})


def answer_of(error: BaseException) -> Answer:
    """The document of what an error ended."""
    verdict, code, reason = ended_by(error)
    problems = error.problems if isinstance(error, InputError) else ()
    return answer(verdict, code, problems, reasons=[reason])


def as_text(document: Any) -> str:
    """The document in ASCII, so that nothing that a host said steers a terminal."""
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f")  # the one control character that JSON lets be


def of_run(
    verdict_json: Mapping[str, Any], exit_code: int, folder: object, outcomes: Sequence[Mapping[str, Any]]
) -> Answer:
    """What `verdict.json` says, where the run's folder is, and the outcomes that keep it from GO."""
    judgement = verdict_json["judgement"]
    more = {"run_folder": None if folder is None else str(folder), "reasons": judgement["reasons"]}
    return answer(judgement["verdict"], exit_code, **{**verdict_json, **more, "blocking": list(outcomes)})
