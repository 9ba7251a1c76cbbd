"""Results as JSON: an outcome a line, and the judgement as it stands in `verdict.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from readiness.core.outcomes import Judgement, Outcome
from readiness.renderers.report import Report

FILE = "results.jsonl"
_AS_JSON = json.JSONEncoder(sort_keys=True).encode  # json.dumps would make an encoder a line


def outcome_dict(outcome: Outcome) -> dict[str, Any]:
    """An outcome with the keys of the contract; `host` and `waiver` are null where there is none."""
    return {
        "check": outcome.check,
        "title": outcome.title,
        "area": outcome.area,
        "severity": outcome.severity,
        "target": outcome.target,
        "host": outcome.host,
        "detail": outcome.detail,
        "outcome": outcome.outcome,
        "disposition": outcome.disposition,
        "message": outcome.message,
        "expected": outcome.expected,
        "found": outcome.found,
        "remedy": outcome.remedy,
        "owner": outcome.owner,
        "waiver": outcome.waiver,
        "blocked_by": list(outcome.blocked_by),
        "evidence": list(outcome.evidence),
    }


def render(report: Report) -> bytes:
    """All outcomes in the plan's order; what a host said stands there as it was, in ASCII escapes."""
    lines = (_AS_JSON(outcome_dict(outcome)) for outcome in report.outcomes)
    # DEL is the one control character that JSON does not escape; it can only stand within a string.
    return "".join(line.replace("\x7f", "\\u007f") + "\n" for line in lines).encode()


def judgement_dict(judgement: Judgement) -> dict[str, Any]:
    """The judgement as `verdict.json` carries it."""
    counts = asdict(judgement.counts)
    return {
        "verdict": judgement.verdict,
        "exit_code": judgement.exit_code,
        "reasons": list(judgement.reasons),
        "estate": judgement.estate,
        "change": judgement.change,
        "valid_until": judgement.valid_until,
        "counts": {{"passed": "pass", "failed": "fail"}.get(name, name): count for name, count in counts.items()},
        "partial": None if judgement.partial is None else dict(judgement.partial),
        "inputs": dict(judgement.inputs),
        "report_only": judgement.report_only,
    }
