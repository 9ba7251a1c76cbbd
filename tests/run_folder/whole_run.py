"""A whole run on disk, for what starts from one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readiness.core.facts import HostFacts, Reached
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import facts_to_json

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
REPORTS = ("results.jsonl", "junit.xml", "extra.csv")
GO: Mapping[str, Any] = {"verdict": "GO", "exit_code": 0, "reasons": ["all"], "partial": None}


def go(path: Path, *, run_id: str = "run-1") -> None:
    """A whole run that ended with GO."""
    with RunFolder.create(path, REPORTS, clock=lambda: NOW) as made:
        made.begin(run_id, NOW, "0.1.0")
        made.inputs({"estate.yaml": b"service: x\n", "scans/a/b.nessus": b"<x/>"})
        made.write("plan.json", b'{"schema": 1, "pairs": []}\n')
        made.transcript.append({"ref": "bk01#1"})
        made.facts.append(facts_to_json(HostFacts("bk01", {"reached": Reached("10.0.0.1", 22, 0.1)}, {})))
        made.write("results.jsonl", b'{"check": "VER-001"}\n')
        made.write("extra.csv", b"a,b\n")
        made.finish(GO, as_of=NOW)
