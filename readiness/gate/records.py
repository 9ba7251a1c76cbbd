"""What a run writes and what a saved run gives back: the plan before any host is contacted, facts, results."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import readiness
from readiness.core.errors import ToolFault
from readiness.core.facts import Fact, HostFacts
from readiness.core.registry import by_name
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Narrowing, Plan
from readiness.probes import PROBES_OF
from readiness.renderers.report import Report, renderers
from readiness.renderers.results import judgement_dict
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import facts_to_json
from readiness.run_folder.names import PLAN, to_json
from readiness.run_folder.saved import SavedRun
from readiness.transports import Stop
from readiness.visits.collect import CONNECTION_FACTS, collect
from readiness.visits.connect import Connect

_READ = tuple(probe.kind for probes in PROBES_OF.values() for probe in probes)
FACT_KINDS: Mapping[str, type[Fact]] = by_name(dict.fromkeys((*CONNECTION_FACTS, *_READ)), lambda kind: kind.name)


def new_run_id(now: datetime) -> str:
    """An id that sorts by time and that two runs started together do not share."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def write_plan(folder: RunFolder, plan: Plan, inputs: Inputs, run_id: str) -> None:
    """Write inputs and plan, before any host is contacted."""
    folder.inputs(inputs.files)
    folder.write(PLAN, to_json(plan_document(plan, inputs, run_id)))


def read_hosts(
    plan: Plan,
    inputs: Inputs,
    connect: Connect,
    folder: RunFolder,
    stop: Stop,
    host_done: Callable[[str, float], object] = lambda *_: None,
) -> Mapping[str, HostFacts]:
    """Visit every host of the plan; facts and transcript are in the journals as each host is done."""
    store, estate = {}, inputs.estate
    routes = connect(tuple(plan.scripts))
    for collected in collect(plan.scripts, routes, estate.limits, jobs=estate.jobs, stop=stop):
        folder.transcript.append(*collected.transcript)
        folder.facts.append(facts_to_json(collected.facts))
        store[collected.facts.host] = collected.facts
        host_done(collected.facts.host, collected.seconds)
    return store


def saved_facts(saved: SavedRun, folder: RunFolder) -> Mapping[str, HostFacts]:
    """The facts of a saved run, kept in a new folder with its transcript; a torn last line is a host not read."""
    store = saved.facts(FACT_KINDS)[0]
    folder.transcript.append(*saved.transcript()[0])
    for facts in store.values():
        folder.facts.append(facts_to_json(facts))
    return store


def saved_narrowing(saved: SavedRun) -> Narrowing:
    """What a saved run was narrowed to."""
    stated: Mapping[str, Any] = saved.plan()["narrowing"]
    areas, deselected = tuple(stated["areas"]), tuple(stated["deselected"])
    return Narrowing(areas, stated["hosts"], deselected, stated["by"], tuple(stated.get("not_looked_at", ())))


def saved_pairs(saved: SavedRun) -> tuple[tuple[str, str], ...]:
    """The pairs of check and target that a saved run had planned."""
    return tuple((check, target) for check, target in saved.plan()["pairs"])


def write_results(folder: RunFolder, report: Report) -> str:
    """Write every report and, last, the verdict; returns the manifest's digest. Raises ToolFault when one miscounts."""
    for renderer in renderers().values():
        data = renderer.render(report)
        if not isinstance(data, bytes):
            raise ToolFault(f"the renderer of {renderer.file} gives {type(data).__name__}, and a file is bytes")
        renderer.verify(data, report)
        folder.write(renderer.file, data)
    return folder.finish(judgement_dict(report.judgement), as_of=report.as_of)


def plan_document(plan: Plan, inputs: Inputs, run_id: str | None) -> dict[str, Any]:
    """The plan as it stands in `plan.json`: what judging the run again needs, and every script with its text."""
    texts = {script.sha256: script for batch in plan.scripts.values() for script in batch}
    ordered = sorted(texts.values(), key=lambda script: (script.file, script.sha256))
    return {
        "schema": 1,
        "run_id": run_id,
        "as_of": inputs.as_of.isoformat(),
        "tool_version": readiness.__version__,
        "narrowing": asdict(plan.narrowing),
        "without_target": list(plan.idle),
        "pairs": [list(pair) for pair in plan.expected],
        "live": _live_tests(plan),
        "scripts": {script.sha256: {"script": script.file, "text": script.text} for script in ordered},
        "hosts": {
            host: [
                {"script": script.file, "sha256": script.sha256, "arguments": list(script.arguments)}
                for script in batch
            ]
            for host, batch in plan.scripts.items()
        },
    }


def _live_tests(plan: Plan) -> list[dict[str, Any]]:
    """Users' tests with what is needed to name them again, since a saved run is judged without their files."""
    tests: dict[str, dict[str, Any]] = {}
    for check, target in plan.pairs:
        if check.live:
            entry = {"check": check.id, "title": check.title, "place": check.location, "targets": []}
            tests.setdefault(check.id, entry)["targets"].append(target.id)
    return list(tests.values())
