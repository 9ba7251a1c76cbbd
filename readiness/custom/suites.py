"""All folders of users' tests of an estate: planned as checks, run after the facts are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.core.checks import Check
from readiness.core.errors import Problem, ToolFault
from readiness.core.facts import HostFacts, Login, Missing, Reached, Why
from readiness.core.outcomes import Outcome, Result, Target
from readiness.custom.live_hosts import LiveHosts
from readiness.custom.naming import live_check
from readiness.custom.phases import Phases, outcome_of
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Plan

if TYPE_CHECKING:
    from readiness.custom.suite import Test


class CustomTests:
    """The tests of an estate's `custom_checks`; `hosts` is None where nothing may be contacted."""

    def __init__(self, inputs: Inputs, folder: Path, hosts: LiveHosts | None) -> None:
        self._estate, self._folder, self._hosts = inputs.estate, folder.absolute(), hosts

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        """Every test as a check; a mistake for each file that does not load. testinfra comes in only here."""
        checks: list[Check] = []
        problems: list[Problem] = []
        for suite in self._estate.custom_checks:
            from readiness.custom.collecting import Collecting  # noqa: PLC0415 - costs start-up

            collecting = Collecting(suite, self._estate, self._folder)
            by_name: dict[str, list[Test]] = {}
            for test in collecting.collect():
                by_name.setdefault(test.name, []).append(test)
            problems += collecting.problems
            checks += [
                live_check(
                    name, title=tests[0].title, location=tests[0].location, targets=(test.target for test in tests)
                )
                for name, tests in by_name.items()
            ]
        return checks, problems

    def outcomes(
        self, plan: Plan, store: Mapping[str, HostFacts], blockers: Callable[[str, Why], str | None]
    ) -> Iterator[Outcome]:
        """Run what is planned on every host that was logged in to; the others' tests follow from why they were not."""
        pairs = {(check.id, target.id): (check, target) for check, target in plan.pairs if check.live}
        reachable: dict[tuple[str, str], tuple[Check, Target]] = {}
        for key, (check, target) in pairs.items():
            missing, evidence = _unreached(target, store)
            if missing is None:
                reachable[key] = check, target
            else:
                blocker = blockers(target.host, missing.why) if target.host else None
                reason = f"not run: {missing}"
                yield outcome_of(check, target, Result.UNKNOWN, reason, evidence=evidence, blocker=blocker)
        if reachable:
            yield from self._run(reachable, blockers)

    def _run(
        self, pairs: Mapping[tuple[str, str], tuple[Check, Target]], blockers: Callable[[str, Why], str | None]
    ) -> Iterator[Outcome]:
        from readiness.custom.running import Running  # noqa: PLC0415 - as above

        hosts = self._hosts
        if hosts is None:
            raise ToolFault(f"{len(pairs)} tests must not be run")
        outcomes: list[Outcome] = []

        def done(test: Test, phases: Phases, examined: bool) -> None:
            missing = tuple(hosts.missing)
            result, reason = phases.result(missing, examined=examined)
            check, target = pairs[test.name, test.target]
            blocker = hosts.ended_by or (blockers(test.target, missing[0].why) if missing else None)
            outcomes.append(
                outcome_of(check, target, result, reason, evidence=tuple(hosts.references), blocker=blocker)
            )

        order = {host: number for number, host in enumerate([None, *self._estate.hosts])}
        wanted = {key: order[target.host] for key, (_, target) in pairs.items()}
        for suite in self._estate.custom_checks:
            Running(suite, self._estate, self._folder, hosts, wanted, done).run()
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
