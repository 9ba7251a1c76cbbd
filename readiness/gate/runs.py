"""Runs as a whole: inputs and facts from an estate and its hosts or from a saved run, results to the folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from readiness.core.errors import ToolFault
from readiness.core.facts import Fact, HostFacts, HostKey, Login, Reached, Why, WinrmListener
from readiness.gate.gate import Gate, plan_document
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Narrowing, Plan
from readiness.probes import PROBES_OF
from readiness.renderers import junit, markdown, results
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import facts_to_json
from readiness.run_folder.names import to_json
from readiness.run_folder.saved import SavedRun
from readiness.transports import Route, Stop
from readiness.visits.collect import Collected, collect

_KINDS: tuple[type[Fact], ...] = (
    Reached,
    HostKey,
    Login,
    WinrmListener,
    *(probe.kind for probes in PROBES_OF.values() for probe in probes),
)
FACT_KINDS: Mapping[str, type[Fact]] = {kind.name: kind for kind in _KINDS}


def new_run_id(now: datetime) -> str:
    """An id that sorts by time and that two runs started together do not share."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class Hosts:
    """Facts read from the hosts themselves, written to the journals as each host is done."""

    def __init__(
        self,
        inputs: Inputs,
        connect: Callable[[Sequence[str]], Mapping[str, Route]],
        folder: RunFolder,
        stop: Stop,
        host_done: Callable[[Collected], None],
    ) -> None:
        self._inputs, self._connect, self._folder = inputs, connect, folder
        self._stop, self._host_done = stop, host_done

    def facts(self, plan: Plan) -> Mapping[str, HostFacts]:
        """Visit every host of the plan."""
        store = {}
        estate = self._inputs.estate
        routes = self._connect(tuple(plan.scripts))
        for one in collect(plan.scripts, routes, estate.limits, jobs=estate.jobs, stop=self._stop):
            self._folder.transcript.append(*one.transcript)
            self._folder.facts.append(facts_to_json(one.facts))
            store[one.facts.host] = one.facts
            self._host_done(one)
        return store

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped the reading."""
        return self._stop.why is Why.INTERRUPTED


class SavedFacts:
    """Facts of a run that was saved."""

    def __init__(self, saved: SavedRun) -> None:
        partial = saved.verdict["judgement"].get("partial") or {}
        self.interrupted = "interrupted" in partial
        self._saved = saved

    def facts(self, plan: Plan) -> Mapping[str, HostFacts]:  # noqa: ARG002 - all that were saved, whatever the plan
        """Every host's facts; a torn last line is a host that was not read."""
        return self._saved.facts(FACT_KINDS)[0]


class Nowhere:
    """No facts: planning contacts nothing."""

    interrupted = False

    def facts(self, plan: Plan) -> Mapping[str, HostFacts]:
        """Nobody may ask."""
        raise ToolFault(f"a plan of {len(plan.pairs)} pairs must not read facts")


def narrowing_of(saved: SavedRun) -> Narrowing:
    """What a saved run was narrowed to."""
    stated: Mapping[str, Any] = saved.plan()["narrowing"]
    areas, deselected = tuple(stated["areas"]), tuple(stated["deselected"])
    return Narrowing(areas, stated["hosts"], deselected, stated["by"])


def planned(folder: RunFolder, inputs: Inputs, run_id: str, saved: SavedRun | None = None) -> Callable[[Plan], None]:
    """Write inputs and plan before any host is contacted; of a saved run also what its hosts had said."""

    def write(plan: Plan) -> None:
        folder.inputs(inputs.files)
        folder.write("plan.json", to_json(plan_document(plan, inputs, run_id)))
        if saved is not None:
            folder.transcript.append(*saved.transcript()[0])
            for facts in saved.facts(FACT_KINDS)[0].values():
                folder.facts.append(facts_to_json(facts))

    return write


def write_results(folder: RunFolder, gate: Gate, run_id: str) -> str:
    """Write what came of it, the verdict last; returns the manifest's digest. Raises ToolFault when JUnit miscounts."""
    judgement = gate.judgement
    assert judgement is not None  # noqa: S101 - finish() ran
    estate, as_of = gate.inputs.estate, gate.inputs.as_of
    folder.write("results.jsonl", results.results_jsonl(gate.outcomes))
    xml = junit.junit_xml(
        gate.outcomes,
        judgement,
        run_id=run_id,
        as_of=as_of.isoformat(),
        service=estate.service,
        properties={"change": estate.change, "note": estate.note},
    )
    junit.verify_junit(xml, gate.outcomes, judgement)
    folder.write("junit.xml", xml)
    summary = markdown.summary_md(
        gate.outcomes, judgement, run_id=run_id, as_of=as_of.isoformat(), service=estate.service, note=estate.note
    )
    folder.write("summary.md", summary.encode())
    return folder.finish(results.judgement_dict(judgement), as_of=as_of)
