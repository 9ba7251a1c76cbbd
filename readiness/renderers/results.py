"""Results as JSON: an outcome a line, and the judgement as it stands in `verdict.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from readiness.core.outcomes import Disposition, Judgement, Outcome, Result, Severity
from readiness.renderers.report import Report

FILE = "results.jsonl"
_FIELDS = tuple(field.name for field in fields(Outcome))  # they are the keys of the contract
_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "severity": Severity,
    "outcome": Result,
    "disposition": Disposition,
    "agreed": tuple,
    "blocked_by": tuple,
    "evidence": tuple,
}
_AS_JSON = json.JSONEncoder(sort_keys=True).encode  # json.dumps would make an encoder a line


def render(report: Report) -> bytes:
    """All outcomes in the plan's order; what a host said stands there as it was, in ASCII escapes."""
    lines = (_AS_JSON({name: getattr(outcome, name) for name in _FIELDS}) for outcome in report.outcomes)
    # DEL is the one control character that JSON does not escape; it can only stand within a string.
    return "".join(line.replace("\x7f", "\\u007f") + "\n" for line in lines).encode()


def outcomes_of(lines: Iterable[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    """The outcomes that were rendered as these lines; ValueError for a line that is no outcome."""
    return tuple(map(_outcome, lines))


def _outcome(line: Mapping[str, Any]) -> Outcome:
    if line.keys() != set(_FIELDS):
        raise ValueError(f"{FILE} holds a line with other keys than an outcome's: {', '.join(line)}")
    typed: dict[str, Any] = {name: kind(line[name]) for name, kind in _TYPES.items()}
    return Outcome(**{**line, **typed})


def judgement_dict(judgement: Judgement) -> dict[str, Any]:
    """The judgement as `verdict.json` carries it."""
    counts = asdict(judgement.counts)
    named = {{"passed": "pass", "failed": "fail"}.get(name, name): count for name, count in counts.items()}
    return {**asdict(judgement), "counts": named}
