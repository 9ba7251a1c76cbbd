"""What is said between a run and the process of a folder's tests: the run is told, bounds, asks hosts, and decides."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from readiness.core.errors import Problem
from readiness.core.facts import Missing, Why
from readiness.custom.live_hosts import LiveHosts
from readiness.custom.phases import ESTATE, Phases
from readiness.custom.process import Process, started
from readiness.estate import CustomChecks, Estate
from readiness.transports.shells.posix import bounding

_PATIENCE_S = 2.0  # commands end by themselves at the deadline; after that only the test itself waits
_FIRST_S = 120.0  # for what it does before its first test: collecting
_LAST_S = 5.0  # for what a suite does after its last test
Pair = tuple[str, str]
"""The name of a test and its target."""


class Done(Protocol):
    """Takes what came of a test; `examined` says whether anything was asked for it."""

    def __call__(self, pair: Pair, phases: Phases, *, examined: bool) -> None:
        """Take it."""


@dataclass
class Collected:
    """What a folder's process found: its tests with where they are, the files it looked at, and mistakes."""

    tests: list[dict[str, Any]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    functions: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)


class Folder:
    """A folder of users' tests, and what its processes are given."""

    def __init__(self, suite: CustomChecks, estate: Estate, folder: Path, environment: Mapping[str, str]) -> None:
        self.name, self.root = suite.folder, folder / suite.folder
        self._suite, self._estate, self._environment = suite, estate, environment
        self._limits = estate.limits

    def collect(self, stopped: Callable[[], bool]) -> Collected:
        """Have its tests collected; contacts no host. Raises KeyboardInterrupt where a stopped run does not go on."""
        collected, until = Collected(), time.monotonic() + _FIRST_S
        complete = False
        with self._started() as process:

            def late() -> str | None:
                if stopped():
                    raise KeyboardInterrupt
                return _over(until, f"its tests are not collected after {_FIRST_S:g} s")

            process.send(self._job(()), late)
            while (said := process.receive(late)) is not None:
                match said["kind"]:
                    case "test":
                        collected.tests.append(said)
                    case "module":
                        collected.files.add(said["file"])
                    case "problem":
                        collected.problems.append(Problem(said["file"], 0, 0, said["message"], said["hint"]))
                    case "collected":
                        collected.functions = tuple(said["functions"])
                    case "finished":
                        complete, until = True, time.monotonic() + _LAST_S
        if not complete:
            collected.problems.append(Problem(str(self.root), 0, 0, f"does not load: {process.ending}"))
        return collected

    def run(self, wanted: Sequence[Pair], hosts: LiveHosts, done: Done) -> Lost | None:
        """Run these tests in this order; `done` is called after each. Gives what a process that broke off left."""
        running = _Running(hosts, done, wanted)
        with self._started() as process:
            try:
                process.send(self._job(wanted), running.late)
                while (said := process.receive(running.late)) is not None:
                    running.hear(said, process)
            finally:
                hosts.close()
        return None if running.finished else Lost(running.last, running.phases, process.ending)

    def _started(self) -> Any:
        return started(self.root, self._environment, json.dumps(self._inventory()))

    def _job(self, wanted: Sequence[Pair]) -> dict[str, Any]:
        hosts = self._estate.hosts
        known = {name: [text for text in (host.fqdn, host.address) if text] for name, host in hosts.items()}
        groups = {group: self._members(group, hosts) for group in self._estate.groups}
        return {
            "folder": self.name,
            "root": str(self.root),
            "hosts": list(self._suite.hosts),
            "known": known,
            "groups": groups,
            "inventory": self._inventory(),
            "sudo_prefix": bounding(self._limits.probe_s, "/bin/sh"),
            "wanted": [list(pair) for pair in wanted],
        }

    def _inventory(self) -> dict[str, Any]:
        """The folder's hosts as Ansible lists them: tests that were written for it see no others."""
        names = self._suite.hosts
        groups = {
            group: {"hosts": members} for group in self._estate.groups if (members := self._members(group, names))
        }
        grouped = {name for group in groups.values() for name in group["hosts"]}
        variables = {name: {"ansible_host": self._address(name)} for name in names}
        rest = [name for name in names if name not in grouped]
        everything = {"all": {"children": [*groups, "ungrouped"]}, "ungrouped": {"hosts": rest}}
        return {"_meta": {"hostvars": variables}, **everything, **groups}

    def _members(self, group: str, names: Collection[str]) -> list[str]:
        return [name for name in names if group in self._estate.hosts[name].groups]

    def _address(self, name: str) -> str:
        host = self._estate.hosts[name]
        return host.address or host.fqdn or name


@dataclass(frozen=True)
class Lost:
    """The last test that a process began before it broke off, what was known of it, and how that came about."""

    last: Pair | None
    phases: Phases
    reason: str


class _Running:
    """One process that runs tests, as the run hears it."""

    def __init__(self, hosts: LiveHosts, done: Done, wanted: Sequence[Pair]) -> None:
        self.pair: Pair | None = None
        self.last: Pair | None = None
        self.phases = Phases()
        self.finished = False
        self._hosts, self._done, self._wanted = hosts, done, set(wanted)
        self._until = time.monotonic() + _FIRST_S
        self._spent_at: float | None = None

    def late(self) -> str | None:
        """Why the process has had its time: before its first test, in a test, or after its last."""
        if self.finished:
            return _over(self._until, "it did not end by itself")
        missing = self._hosts.over() or (self._hosts.spent() if self.last is not None else None)
        if missing is None:
            return _over(self._until, f"its tests did not begin within {_FIRST_S:g} s") if self.last is None else None
        self._spent_at = self._spent_at or time.monotonic()
        return _over(self._spent_at + _PATIENCE_S, f"it waited beyond its deadline: {missing}")

    def hear(self, said: Mapping[str, Any], process: Process) -> None:
        """Take in what the process says, and answer it."""
        match said["kind"]:
            case "began":
                self._begin((said["name"], said["target"]))
            case "open":
                process.send({"number": said["number"], "missing": self._unusable()}, self.late)
            case "run":
                process.send({"number": said["number"], **self._answer(said["host"], said["command"])}, self.late)
            case "noted":
                self.phases.failed, self.phases.unknown = said["failed"], said["unknown"]
            case "ended" if self.pair is not None:
                self._end(self.pair, returned=said["returned"], given=said["given"])
            case "finished":
                self.finished, self._until = True, time.monotonic() + _LAST_S

    def _begin(self, pair: Pair) -> None:
        if pair not in self._wanted:  # or a second time
            self.pair = None
            return
        self._wanted.discard(pair)
        self.pair = self.last = pair
        self.phases, self._spent_at = Phases(), None
        self._hosts.begin(None if pair[1] == ESTATE else pair[1], pair[0])

    def _end(self, pair: Pair, *, returned: bool, given: bool) -> None:
        self.phases.ended = returned
        examined = pair[1] == ESTATE or bool(self._hosts.references) or (given and self._hosts.asked(pair[1]))
        self._done(pair, self.phases, examined=examined)
        self.pair = None

    def _unusable(self) -> str:
        missing = self._hosts.unusable() if self.pair is not None else _NO_TEST
        return str(missing) if missing else ""

    def _answer(self, host: str, command: str) -> dict[str, Any]:
        if self.pair is None:
            return _unanswered(_NO_TEST)
        if host != self.pair[1]:
            missing = Missing(Why.NOT_ASKED, f"a test of {self.pair[1]} asks {host}")
            self._hosts.missing.append(missing)
            return _unanswered(missing)
        output = self._hosts.run(host, command)
        if output.missing is not None or output.status is None:
            return _unanswered(output.missing or Missing(Why.UNREADABLE, "no exit status"))
        stdout, stderr = (base64.b64encode(data).decode() for data in (output.stdout, output.stderr))
        return {"status": output.status, "stdout": stdout, "stderr": stderr, "missing": ""}


_NO_TEST = Missing(Why.NOT_ASKED, "hosts are asked by the test that runs, and by its fixtures")


def _unanswered(missing: Missing) -> dict[str, Any]:
    return {"status": 0, "stdout": "", "stderr": "", "missing": str(missing)}


def _over(until: float, reason: str) -> str | None:
    return reason if time.monotonic() >= until else None
