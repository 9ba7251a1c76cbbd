"""All folders of users' tests of an estate: planned as checks, run after the facts are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from readiness.core.checks import Check
from readiness.core.errors import Problem, ToolFault
from readiness.core.facts import HostFacts, Login, Missing, Reached, Why
from readiness.core.outcomes import Outcome, Result, Target
from readiness.core.text import one_line
from readiness.custom.accounting import mistakes
from readiness.custom.conversation import Folder, Pair
from readiness.custom.live_hosts import LiveHosts
from readiness.custom.naming import live_check
from readiness.custom.phases import ESTATE, Phases, outcome_of
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Plan


class CustomTests:
    """The tests of an estate's `custom_checks`; `hosts` is None where nothing may be contacted.

    Their code runs in processes of its own, which are given little of `environment`.
    """

    def __init__(self, inputs: Inputs, folder: Path, environment: Mapping[str, str], hosts: LiveHosts | None) -> None:
        estate, place = inputs.estate, folder.absolute()
        self._order = {target: number for number, target in enumerate([ESTATE, *estate.hosts])}
        self._folders = [Folder(suite, estate, place, environment) for suite in estate.custom_checks]
        self._files, self._place, self._hosts = inputs.files, place, hosts

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        """Every test as a check; a mistake for each file that does not load, and for each test that is left out."""
        checks: list[Check] = []
        problems: list[Problem] = []
        for folder in self._folders:
            collected = folder.collect(lambda: self._hosts is not None and self._hosts.over() is not None)
            problems += mistakes(self._files, folder.name, self._place, collected)
            by_name: dict[str, list[Mapping[str, Any]]] = {}
            for test in collected.tests:
                by_name.setdefault(test["name"], []).append(test)
            for name, tests in by_name.items():
                words = {key: one_line(tests[0][key]) for key in ("title", "location")}
                checks.append(live_check(name, targets=[test["target"] for test in tests], **words))
        return checks, problems

    def outcomes(
        self, plan: Plan, store: Mapping[str, HostFacts], blockers: Callable[[str, Why], str | None]
    ) -> Iterator[Outcome]:
        """Run what is planned on every host that was logged in to; the others' tests follow from why they were not."""
        pairs = {(check.id, target.id): (check, target) for check, target in plan.pairs if check.live}
        reachable: dict[Pair, tuple[Check, Target]] = {}
        for key, (check, target) in pairs.items():
            missing, evidence = _unreached(target, store)
            if missing is None:
                reachable[key] = check, target
            else:
                blocker = blockers(target.host, missing.why) if target.host else None
                reason = f"not run: {missing}"
                yield outcome_of(check, target, Result.UNKNOWN, reason, evidence=evidence, blocker=blocker)
        if not reachable:
            return
        if self._hosts is None:
            raise ToolFault(f"{len(reachable)} tests must not be run")
        for folder in self._folders:
            own = {key: pair for key, pair in reachable.items() if key[0].startswith(f"{folder.name}/")}
            yield from self._run(folder, own, self._hosts, blockers)

    def _run(
        self,
        folder: Folder,
        pairs: Mapping[Pair, tuple[Check, Target]],
        hosts: LiveHosts,
        blockers: Callable[[str, Why], str | None],
    ) -> Iterator[Outcome]:
        """Run a folder's tests; a process that breaks off costs the tests of its host, and another one goes on."""
        left = sorted(pairs, key=lambda pair: self._order[pair[1]])
        outcomes: list[Outcome] = []

        def done(pair: Pair, phases: Phases, *, examined: bool) -> None:
            missing = tuple(hosts.missing)
            result, reason = phases.result(missing, examined=examined)
            blocker = hosts.ended_by or (blockers(pair[1], missing[0].why) if missing else None)
            evidence = tuple(hosts.references)
            outcomes.append(outcome_of(*pairs[pair], result, reason, evidence=evidence, blocker=blocker))
            left.remove(pair)

        def unknown(pair: Pair, reason: str, blocker: str | None) -> None:
            check, target = pairs[pair]
            outcomes.append(outcome_of(check, target, Result.UNKNOWN, reason, evidence=(), blocker=blocker))
            left.remove(pair)

        while left and (lost := folder.run(left, hosts, done)) is not None:
            blocker = None
            if lost.last in left:
                blocker = " ".join(lost.last)
                lost.phases.unknown = lost.phases.unknown or lost.reason
                done(lost.last, lost.phases, examined=True)
            over = hosts.over()
            for pair in list(left):
                if over or lost.last is None or pair[1] == lost.last[1]:
                    unknown(pair, f"not run: {over or lost.reason}", None if over else blocker)
        yield from outcomes


def _unreached(target: Target, store: Mapping[str, HostFacts]) -> tuple[Missing | None, tuple[str, ...]]:
    """Why the target's host was not logged in to, with the evidence for it."""
    if target.host is None:
        return None, ()
    facts = store.get(target.host)
    if facts is None:
        return Missing(Why.NOT_ASKED, f"{target.host} was not contacted"), ()
    for kind in (Login, Reached):
        value = facts.values.get(kind.name)
        proves_none = kind is Reached and isinstance(value, Missing) and value.why is Why.NOT_ASKED
        if isinstance(value, Missing) and not proves_none:  # a login without TCP is one, too
            return value, (facts.evidence[kind.name],)
    return None, ()
