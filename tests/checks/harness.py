"""What every case of a check goes through: clean facts, one change, and the outcomes of the case's own checks alone.

A check that is new, or a demand that the clean baseline does not state, turns no case of another check.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from readiness.core.basis import Basis, noting
from readiness.core.checks import Check, check_of, explaining
from readiness.core.evaluate import evaluate
from readiness.core.facts import Fact, Facts, HostFacts, Missing, Why
from readiness.core.outcomes import Outcome, Result, Target
from readiness.planning.inputs import Inputs

FILES = sorted((Path(__file__).parents[2] / "checks").glob("test_*.py"))
PARTS = ("target", "facts")
Store = dict[str, HostFacts]
Change = Callable[[Store], None]


@dataclass(frozen=True)
class Clean:
    """Inputs and facts with which all is well."""

    inputs: Inputs
    store: Mapping[str, HostFacts]


@dataclass(frozen=True)
class Shipped:
    """A check as it is shipped."""

    check: Check
    function: Callable[..., None]
    module: ModuleType


@functools.cache
def shipped() -> Mapping[str, Shipped]:
    """Every check by its id."""
    return {one.check.id: one for path in FILES for one in _checks_in(path)}


def _checks_in(path: Path) -> list[Shipped]:
    spec = importlib.util.spec_from_file_location(f"shipped_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their names
    spec.loader.exec_module(module)
    area = path.stem.removeprefix("test_")
    made = ((check_of(value, area=area, place=f"{path.name}:1"), value) for value in vars(module).values())
    return [Shipped(check, function, module) for check, function in made if check is not None]


def judged(inputs: Inputs, store: Mapping[str, HostFacts], *ids: str) -> dict[str, Outcome]:
    """The outcomes of these checks, of all where none is named, by pair."""
    chosen = [shipped()[name] for name in ids or shipped()]
    explains = explaining(one.check for one in shipped().values())
    outcomes: dict[str, Outcome] = {}
    for one in chosen:
        given, fixtures = _fixtures(one, inputs, store)
        for target in one.check.targets(inputs):
            outcomes[f"{one.check.id} {target.id}"] = evaluate(
                one.check,
                one.function,
                target,
                store=store,
                arguments=given,
                blockers=_blockers(explains, inputs, one.check, target),
                fixtures=fixtures,
            )
    return outcomes


def _blockers(
    explains: Mapping[Why, Check], inputs: Inputs, own: Check, target: Target
) -> Callable[[str, Why], str | None]:
    def blocker(host: str, why: Why) -> str | None:
        check = explains.get(why)
        if check is None or (check, host) == (own, target.id):
            return None
        return f"{check.id} {host}" if any(each.host == host for each in check.targets(inputs)) else None

    return blocker


def _fixtures(one: Shipped, inputs: Inputs, store: Mapping[str, HostFacts]) -> tuple[dict[str, Any], list[Basis]]:
    """The fixtures that a check names, those of its own file, too, and what was read while they were set up."""
    read: list[Basis] = []
    known: dict[str, Any] = {
        "inputs": inputs,
        "estate": inputs.estate,
        "baseline": inputs.baseline,
        "all_facts": Facts(store),
        **dict.fromkeys(PARTS),
    }

    def value(name: str) -> Any:
        if name not in known:
            function = inspect.unwrap(getattr(one.module, name))
            arguments = {each: value(each) for each in inspect.signature(function).parameters}
            with noting(Basis()) as basis:
                known[name] = function(**arguments)
            read.append(basis)
        return known[name]

    return {name: value(name) for name in inspect.signature(one.function).parameters}, read


def wrong(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """What is wrong of itself, by pair, with the severity where a rule lowered it."""
    return {
        pair: state(one)
        for pair, one in outcomes.items()
        if one.outcome in {Result.FAIL, Result.UNKNOWN} and not one.blocked_by
    }


def state(outcome: Outcome) -> str:
    """The outcome, with the severity where a rule lowered it."""
    lowered = outcome.severity is not shipped()[outcome.check].check.severity
    return f"{outcome.outcome} {outcome.severity}" if lowered else str(outcome.outcome)


def nothing(_: Store) -> None:
    """No change."""


@dataclass(frozen=True)
class Case:
    """A change of facts or inputs, and what its checks say: every pair that is wrong, and those that still pass.

    `expected` has outcomes by pair (`VER-001 sd01/bacula.storage`), as `FAIL minor` where a rule lowers the severity.
    """

    expected: Mapping[str, str]
    facts: Change = nothing
    inputs: Callable[[Inputs], Inputs] = lambda inputs: inputs

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks that it is about."""
        return tuple(dict.fromkeys(pair.split()[0] for pair in self.expected))

    def holds(self, clean: Clean) -> None:
        """Assert that the checks say what is expected, and nothing else."""
        store = dict(clean.store)
        self.facts(store)
        outcomes = judged(self.inputs(clean.inputs), store, *self.checks)
        found = wrong(outcomes) | {pair: state(outcomes[pair]) for pair in self.expected}
        differing = [pair for pair in found if found[pair] != self.expected.get(pair)]
        lines = "\n".join(f"{pair}: {found[pair]}: {outcomes[pair].message}" for pair in differing)
        assert found == self.expected, f"not as the case expects:\n{lines}"


def changed(store: Store, host: str, kind: type[Fact], change: Callable[[Any], Fact | Missing]) -> None:
    known = store[host]
    values = {**known.values, kind.name: change(known.values.get(kind.name))}
    store[host] = HostFacts(host, values, known.evidence)


def fact(host: str, kind: type[Fact], change: Callable[[Any], Fact | Missing]) -> Change:
    """A change of one fact of one host."""
    return lambda store: changed(store, host, kind, change)


def both(*changes: Change) -> Change:
    """One change after another."""

    def change(store: Store) -> None:
        for each in changes:
            each(store)

    return change
