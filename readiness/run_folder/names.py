"""What the files of a run folder are called, and how its JSON is written and recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from readiness.core.outcomes import Verdict
from readiness.run_folder import safe_files

SCHEMA = 1
VERDICT, MANIFEST, FACTS, TRANSCRIPT = "verdict.json", "manifest.json", "facts.jsonl", "transcript.jsonl"
PLAN, RESULTS, RUN, INPUTS = "plan.json", "results.jsonl", "run.json", "inputs"
SIGNATURES = frozenset({f"{VERDICT}.sig", f"{MANIFEST}.sig"})
UNSEALED = SIGNATURES | {VERDICT, MANIFEST}


def to_json(document: Mapping[str, Any]) -> bytes:
    """A document as all JSON files of a run are written: the same content is the same bytes."""
    return json.dumps(document, sort_keys=True, indent=2, allow_nan=False).encode() + b"\n"


def verdict_json(run: Mapping[str, Any], manifest: bytes | None) -> bytes:
    """`verdict.json` of a run: what `run.json` says, and the digest of the manifest that seals it."""
    return to_json({**run, "manifest_sha256": None if manifest is None else hashlib.sha256(manifest).hexdigest()})


def verdict_in(directory: int) -> dict[str, Any] | None:
    """The folder's `verdict.json` if it is one of ours."""
    try:
        verdict = json_object(safe_files.read(directory, VERDICT)) or {}
    except OSError:
        return None
    judgement = verdict.get("judgement")
    known = isinstance(judgement, dict) and judgement.get("verdict") in set(Verdict)
    return verdict if known and {"run_id", "manifest_sha256"} <= verdict.keys() else None


def json_object(data: bytes) -> dict[str, Any] | None:
    """A JSON object of this schema; None for anything else."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document.get("schema") == SCHEMA else None
