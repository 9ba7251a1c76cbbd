"""Runs as a whole: inputs and facts from an estate and its hosts or from a saved run, results to the folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from readiness import products
from readiness.collect import Collected, collect
from readiness.core.errors import ToolFault
from readiness.core.facts import Fact, HostFacts, HostKey, Login, Reached, Why, WinrmListener
from readiness.core.scripts import Transport
from readiness.estate import CatalogueNames, LoadedEstate, load, load_bytes
from readiness.gate import Gate, plan_document
from readiness.journals import facts_to_json
from readiness.plan import Narrowing, Plan
from readiness.probes import PROBES_OF
from readiness.renderers import junit, markdown, results
from readiness.run_folder import RunFolder, SavedRun, to_json
from readiness.targets import Inputs
from readiness.transports import Stop

CATALOGUE = "products/"
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


def inputs_of(estate_folder: Path, as_of: datetime) -> Inputs:
    """The inputs as the estate's files and the shipped catalogue state them now; InputError with every mistake."""
    catalogue = products.load()
    return _inputs(load(estate_folder, names_of(catalogue)), catalogue, as_of)


def inputs_again(saved: SavedRun) -> Inputs:
    """The inputs of a saved run as they were read then, its catalogue included."""
    files = saved.inputs()
    catalogue = products.load_bytes(
        {name.removeprefix(CATALOGUE): data for name, data in files.items() if name.startswith(CATALOGUE)}
    )
    estate = {name: data for name, data in files.items() if not name.startswith(CATALOGUE)}
    as_of = datetime.fromisoformat(saved.plan()["as_of"])
    return _inputs(load_bytes(estate, names_of(catalogue)), catalogue, as_of)


def names_of(catalogue: products.Catalogue) -> CatalogueNames:
    """What an estate may name."""
    held = [role for one in catalogue.products.values() for role in one.roles.values()]
    rules = [(name, rule) for name, one in catalogue.products.items() for rule in one.version_rules]
    return CatalogueNames(
        roles={name: frozenset(one.roles) for name, one in catalogue.products.items()},
        related=frozenset((name, rule.role, rule.other) for name, rule in rules if rule.other),
        accounts=frozenset(user.name for role in held for user in role.users.values()),
    )


def _inputs(loaded: LoadedEstate, catalogue: products.Catalogue, as_of: datetime) -> Inputs:
    used = {name for host in loaded.estate.hosts.values() for name in host.products}
    kept = {f"{CATALOGUE}{name}": data for name, data in catalogue.files.items() if Path(name).stem in used}
    return Inputs(loaded.estate, loaded.baseline, catalogue, as_of, {**loaded.files, **kept})


class Hosts:
    """Facts read from the hosts themselves, written to the journals as each host is done."""

    def __init__(
        self,
        inputs: Inputs,
        connect: Callable[[Sequence[str]], Mapping[str, Transport]],
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
        transports = self._connect(tuple(plan.scripts))
        for one in collect(plan.scripts, transports, estate.limits, jobs=estate.jobs, stop=self._stop):
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


def with_limits(inputs: Inputs, *, jobs: int | None, deadline_s: float | None) -> Inputs:
    """The inputs with what the command line says about speed, which takes no part in judging."""
    estate = inputs.estate
    if jobs is not None:
        estate = replace(estate, jobs=jobs)
    if deadline_s is not None:
        limits = replace(
            estate.limits,
            run_s=deadline_s,
            host_s=min(estate.limits.host_s, deadline_s),
            probe_s=min(estate.limits.probe_s, deadline_s),
        )
        estate = replace(estate, limits=limits)
    return replace(inputs, estate=estate)
