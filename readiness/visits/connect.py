"""Routes to the hosts of a plan, as their transports make them of the estate's settings; contacts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from readiness.core.errors import InputError, Problem
from readiness.core.scripts import PlannedLogin, Transport
from readiness.estate import Host, LoadedEstate
from readiness.planning.inputs import Inputs
from readiness.transports import TRANSPORTS, CannotReach, PlannedLogins, Route, Stop, Surroundings

ESTATE_FILE = "estate.yaml"
Connect = Callable[[Sequence[str]], Mapping[str, Route]]


class Connector:
    """Makes the routes to hosts by name, and nothing for the hosts that nobody asks for."""

    def __init__(self, inputs: Inputs, surroundings: Surroundings, stop: Stop) -> None:
        self._inputs, self._surroundings, self._stop = inputs, surroundings, stop
        self._makers: dict[str, Callable[[Host], Transport]] = {}

    def __call__(self, names: Sequence[str]) -> Mapping[str, Route]:
        """The routes by host; raises InputError with every mistake about these hosts at once."""
        hosts = [self._inputs.estate.hosts[name] for name in names]
        problems = self._make_makers({host.transport for host in hosts})
        routes: dict[str, Route] = {}
        for host in hosts:
            if host.transport not in self._makers:
                continue  # its transport cannot be made, which is among the problems
            try:
                routes[host.name] = Route(TRANSPORTS[host.transport], self._makers[host.transport](host))
            except CannotReach as mistake:
                problems += self._problems(mistake, host)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        return routes

    def logins(self, names: Sequence[str]) -> tuple[Sequence[PlannedLogin], Sequence[Problem]]:
        """The logins that lead to these hosts, and every mistake that would keep a run from making them."""
        hosts = [self._inputs.estate.hosts[name] for name in names]
        made: list[PlannedLogin] = []
        problems: list[Problem] = []
        makers: dict[str, PlannedLogins] = {}
        for transport in sorted({host.transport for host in hosts}):
            try:
                makers[transport] = TRANSPORTS[transport].logins(self._inputs.estate, self._surroundings)
            except CannotReach as mistake:
                problems += self._problems(mistake)
            except InputError as error:
                problems += error.problems
        for host in hosts:
            if host.transport in makers:
                try:
                    logins, missing = makers[host.transport](host)
                except CannotReach as mistake:
                    problems += self._problems(mistake, host)
                except InputError as error:
                    problems += error.problems
                else:
                    made += logins
                    problems += [problem for mistake in missing for problem in self._problems(mistake, host)]
        return made, tuple(dict.fromkeys(problems))

    def _make_makers(self, transports: set[str]) -> list[Problem]:
        problems: list[Problem] = []
        for name in sorted(transports - self._makers.keys()):
            try:
                maker = TRANSPORTS[name].maker(self._inputs.estate, self._surroundings, self._stop)
            except CannotReach as mistake:
                problems += self._problems(mistake)
            except InputError as error:
                problems += error.problems
            else:
                self._makers[name] = maker
        return problems

    def _problems(self, mistake: CannotReach, host: Host | None = None) -> list[Problem]:
        """Each mistake at what states it: for the host, else for all, else at the host's entry in estate.yaml."""
        return [self._problem(one, host) for one in (mistake, *mistake.others)]

    def _problem(self, mistake: CannotReach, host: Host | None) -> Problem:
        if mistake.problem:
            return mistake.problem
        entry = ("hosts", host.name) if host else ()
        paths = ((*entry, *mistake.key), mistake.key) if mistake.key else ()
        stated = [path for path in paths if self._states(path)]
        line, column = self._written.locate(ESTATE_FILE, stated[0] if stated else entry, key=not stated)
        return Problem(str(self._surroundings.folder / ESTATE_FILE), line, column, mistake.message, mistake.hint)

    def _states(self, path: tuple[str | int, ...]) -> bool:
        """Whether it stands there; the number of an item does not count, since a text may stand for a list of one."""
        names = path[:-1] if isinstance(path[-1], int) else path
        return self._written.states(ESTATE_FILE, names)

    @cached_property
    def _written(self) -> LoadedEstate:
        """The estate with the locations of its entries, read only for mistakes."""
        inputs = self._inputs
        return LoadedEstate(inputs.estate, inputs.baseline, {ESTATE_FILE: inputs.files[ESTATE_FILE]})
