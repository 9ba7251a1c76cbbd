"""What a run writes and what a saved run gives back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from readiness.checking import expect
from readiness.core.errors import ToolFault
from readiness.core.outcomes import Severity
from readiness.gate.collecting import Collected
from readiness.gate.judging import Judging
from readiness.gate.records import (
    new_run_id,
    plan_document,
    saved_facts,
    saved_narrowing,
    saved_pairs,
    write_plan,
    write_results,
)
from readiness.gate.steps import conclude, plan_run
from readiness.planning.plan import Narrowing
from readiness.probes.clock import Clock
from readiness.renderers import junit
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import facts_to_json
from readiness.run_folder.saved import SavedRun
from tests.small import AS_OF, a_check, facts, inputs

INPUTS = inputs()
CHECKS = Collected((a_check("TST-001", needs=(Clock,)), a_check("infra/test_x", severity=Severity.MAJOR, live=True)))
NARROWING = Narrowing(("test",), "*", ("test_y",), "somebody")
PLAN = plan_run(INPUTS, CHECKS, NARROWING)
STORE = {name: facts(name) for name in INPUTS.estate.hosts}


def all_judged() -> Judging:
    made = Judging(INPUTS, PLAN, STORE)
    for check, target in PLAN.pairs:
        made.judge(check, lambda: expect(1, equals=1), target, {})
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that was planned, read and judged."""
    path = tmp_path / "run"
    with RunFolder.create(path, renderers()) as made:
        made.begin("run-1", AS_OF, "0.1.0")
        write_plan(made, PLAN, INPUTS, "run-1")
        for one in STORE.values():
            made.facts.append(facts_to_json(one))
        made.transcript.append({"ref": "dir01#1"})
        write_results(made, conclude(all_judged(), run_id="run-1"))
    return path


def test_run_ids_sort_by_time_and_differ() -> None:
    ids = {new_run_id(AS_OF) for _ in range(50)}
    assert len(ids) == 50
    assert all(one.startswith("20261125T080000Z-") for one in ids)


def test_the_plan_holds_every_pair_and_every_script_that_would_be_sent() -> None:
    document = plan_document(PLAN, INPUTS, "run-1")
    assert document["pairs"] == [list(pair) for pair in PLAN.expected]
    assert document["as_of"] == AS_OF.isoformat()
    for batch in document["hosts"].values():
        for entry in batch:
            script = document["scripts"][entry["sha256"]]
            assert script["script"] == entry["script"]
            assert hashlib.sha256(script["text"].encode()).hexdigest() == entry["sha256"]
    assert document["live"] == [
        {"check": "infra/test_x", "title": "The title of infra/test_x", "place": "test_test.py:1", "targets": [*STORE]}
    ]


def test_every_report_is_written_and_the_verdict_seals_them(folder: Path) -> None:
    assert set(renderers()) < {path.name for path in folder.iterdir()}
    assert SavedRun.open(folder).check_manifest() == []
    assert json.loads((folder / "verdict.json").read_text())["judgement"]["verdict"] == "INCOMPLETE"


@pytest.mark.parametrize(
    ("made_of", "message"),
    [(b'<testsuites tests="0" failures="0" errors="0"/>', r"junit\.xml"), ("text", r"junit\.xml gives str")],
)
def test_a_report_that_miscounts_or_is_no_bytes_is_a_fault_and_no_verdict(
    made_of: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> None:
        with RunFolder.create(tmp_path / "run", renderers()) as made:
            made.begin("run-1", AS_OF, "0.1.0")
            write_results(made, conclude(all_judged(), run_id="run-1"))

    monkeypatch.setattr(junit, "render", lambda _: made_of)
    renderers.cache_clear()
    try:
        with pytest.raises(ToolFault, match=message):
            run()
    finally:
        renderers.cache_clear()
    assert json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]["verdict"] == "ERROR"


def test_a_saved_run_gives_back_what_it_was_planned_for_and_what_was_read(folder: Path, tmp_path: Path) -> None:
    saved = SavedRun.open(folder)
    assert saved_narrowing(saved) == NARROWING
    assert saved_pairs(saved) == PLAN.expected
    with RunFolder.create(tmp_path / "again", renderers()) as again:
        again.begin("run-1", AS_OF, "0.1.0")
        assert saved_facts(saved, again) == STORE
    for name in ("facts.jsonl", "transcript.jsonl"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
