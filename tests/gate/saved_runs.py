"""Whole runs on disk, written by the steps of a run itself, from outcomes that a test gives."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from itertools import cycle
from pathlib import Path

from readiness.core.evaluate import outcome_for
from readiness.core.outcomes import Result, Severity
from readiness.gate.collecting import Collected
from readiness.gate.judging import Judging
from readiness.gate.records import write_plan, write_results
from readiness.gate.steps import conclude, plan_run
from readiness.planning.inputs import inputs_of
from readiness.planning.plan import Narrowing
from readiness.probes.clock import Clock
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import facts_to_json
from tests.small import a_check, facts

ROOT = Path(__file__).parents[2]
CHECKS = Collected((a_check("TST-001", needs=(Clock,)), a_check("TST-002", severity=Severity.MINOR)))
AGREED = ("clock.max_offset_s",)


def made(
    path: Path,
    as_of: datetime,
    *results: Result,
    started_at: datetime | None = None,
    narrowing: Narrowing | None = None,
    report_only: bool = False,
    message: str = "as a test says",
) -> Path:
    """A run of the example estate; its pairs have these results in turn, PASS when none is given."""
    inputs = inputs_of(ROOT / "inventories" / "example", as_of)
    plan = plan_run(inputs, CHECKS, narrowing or Narrowing())
    given = results or (Result.PASS,)
    judging = Judging(inputs, plan, {})
    judging.add(
        outcome_for(check, target, result, f"{target.id}: {message}", agreed=AGREED, evidence=(f"{target.host}#1",))
        for (check, target), result in zip(plan.pairs, cycle(given), strict=False)
    )
    with RunFolder.create(path, renderers(), clock=lambda: started_at or as_of) as folder:
        folder.begin("run-1", started_at or as_of, "0.1.0")
        write_plan(folder, plan, inputs, "run-1")
        for number, host in enumerate(plan.scripts, start=1):
            folder.transcript.append({"ref": f"{host}#1", "host": host, "number": number})
            folder.facts.append(facts_to_json(facts(host)))
        write_results(folder, conclude(judging, run_id="run-1", report_only=report_only))
    return path


def seal_again(path: Path) -> None:
    """Make the manifest anew, and the verdict from `run.json` and it, as somebody would who covers an edit."""
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    digests = {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        for name, file in files.items()
        if name not in {"verdict.json", "manifest.json"}
    }
    manifest = _json({"schema": 1, "sha256": digests})
    (path / "manifest.json").write_bytes(manifest)
    seal = {"manifest_sha256": hashlib.sha256(manifest).hexdigest()}
    try:
        verdict = {**json.loads((path / "run.json").read_bytes()), **seal}
    except (RecursionError, TypeError):  # no object: what the verdict said, with the new seal
        verdict = {**json.loads((path / "verdict.json").read_bytes()), **seal}
    (path / "verdict.json").write_bytes(_json(verdict))


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, indent=2).encode() + b"\n"
