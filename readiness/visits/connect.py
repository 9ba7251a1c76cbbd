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
                problems += self._problems(host, mistake.reasons)
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
            except InputError as error:
                problems += error.problems
        for host in hosts:
            if host.transport in makers:
                try:
                    logins, reasons = makers[host.transport](host)
                except CannotReach as mistake:
                    logins, reasons = (), mistake.reasons
                except InputError as error:
                    logins, reasons = (), ()
                    problems += error.problems
                made += logins
                problems += self._problems(host, reasons)
        return made, tuple(dict.fromkeys(problems))

    def _make_makers(self, transports: set[str]) -> list[Problem]:
        problems: list[Problem] = []
        for name in sorted(transports - self._makers.keys()):
            try:
                maker = TRANSPORTS[name].maker(self._inputs.estate, self._surroundings, self._stop)
            except InputError as error:
                problems += error.problems
            else:
                self._makers[name] = maker
        return problems

    def _problems(self, host: Host, reasons: Sequence[tuple[str, str]]) -> list[Problem]:
        """The reasons as mistakes at the host's entry in estate.yaml."""
        if not reasons:
            return []
        line, column = self._written.locate(ESTATE_FILE, ("hosts", host.name), key=True)
        file = str(self._surroundings.folder / ESTATE_FILE)
        return [Problem(file, line, column, message, hint) for message, hint in reasons]

    @cached_property
    def _written(self) -> LoadedEstate:
        """The estate with the locations of its entries, read only for mistakes."""
        inputs = self._inputs
        return LoadedEstate(inputs.estate, inputs.baseline, {ESTATE_FILE: inputs.files[ESTATE_FILE]})
