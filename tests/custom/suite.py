"""Users' tests of a folder planned and run as a run does it, in a process of their own, on hosts that are a table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from readiness.core.errors import Problem
from readiness.core.facts import HostFacts, Login, Missing, Reached
from readiness.core.outcomes import Outcome, Result
from readiness.core.scripts import Limits, Output
from readiness.custom.live_hosts import LiveHosts
from readiness.custom.naming import live_check
from readiness.custom.suites import CustomTests
from readiness.transports import TRANSPORTS, Budget, Route, Stop
from tests import small

LIMITS = {"connect_s": 1, "login_s": 1, "probe_s": 5, "host_s": 30}
HOSTS = ("dir01", "sd01", "web01")


class Table:
    """A host that says `ok` to what is asked of it, except `false` with status 1."""

    def __init__(self) -> None:
        self.attempts = ("10.0.0.1 port 22",)
        self.sent: list[str] = []

    def live(self, _limits: Limits, _budget: Budget) -> Table:
        return self

    def visit(self, *_: object) -> Any:
        raise AssertionError("nothing is visited here")

    def open(self) -> Missing | None:
        return None

    def run(self, command: str) -> Output:
        self.sent.append(command)
        return Output("command", int(command == "false"), b"ok\n", b"", 0.0, 0.0, 0.1)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Ran:
    """What came of a folder's tests: mistakes of collecting, or the outcomes."""

    problems: tuple[Problem, ...]
    outcomes: tuple[Outcome, ...]
    sent: dict[str, list[str]]

    @property
    def said(self) -> dict[str, tuple[str, str]]:
        """Outcome and message, by test and host."""
        rows = {f"{row.check.split('::')[-1]} {row.target}": row for row in self.outcomes}
        return {name: (row.outcome.value, row.message.removeprefix("live: ")) for name, row in rows.items()}

    @property
    def results(self) -> dict[str, str]:
        """The outcome, by test and host."""
        return {name: outcome for name, (outcome, _) in self.said.items()}

    @property
    def mistakes(self) -> list[str]:
        return [str(problem) for problem in self.problems]


def ran(
    folder: Path,
    files: Mapping[str, str],
    *,
    hosts: tuple[str, ...] = ("dir01",),
    environment: Mapping[str, str] | None = None,
    limits: Mapping[str, float] = LIMITS,
    planned: Iterable[str] | None = None,
) -> Ran:
    """What comes of these files as the tests of an estate with these hosts.

    With `planned` nothing is collected beforehand: these are the tests of `test_x.py`.
    """
    for name, text in files.items():
        (folder / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "own" / name).write_text(text)
    own = {f"own/{name}": text.encode() for name, text in files.items()}
    inputs = small.inputs(custom_checks=[{"folder": "own", "hosts": list(hosts)}], limits=limits)
    inputs = replace(inputs, files={**inputs.files, **own})
    tables = {host: Table() for host in HOSTS}
    routes = {host: Route(TRANSPORTS["ssh"], table) for host, table in tables.items()}
    live = LiveHosts(lambda names: {name: routes[name] for name in names}, inputs.estate.limits, Stop(), lambda _: None)
    tests = CustomTests(inputs, folder, os.environ if environment is None else environment, live)
    if planned is None:
        checks, problems = tests.collect()
        if problems:
            return Ran(tuple(problems), (), {})
    else:
        checks = [live_check(f"own/test_x.py::{name}", title="x", location="x", targets=hosts) for name in planned]
    pairs = [(check, target) for check in checks for target in check.targets(inputs)]
    values = {"reached": Reached("10.0.0.1", 22, 0.001), "login": Login("ops", "agent")}
    store = {host: HostFacts(host, values, dict.fromkeys(values, f"{host}#0")) for host in HOSTS}
    plan: Any = SimpleNamespace(pairs=pairs)
    outcomes = tuple(tests.outcomes(plan, store, lambda *_: None))
    assert len(outcomes) == len({(row.check, row.target) for row in outcomes}), "an outcome of a pair is its only one"
    missed = {(check.id, target.id) for check, target in pairs} - {(row.check, row.target) for row in outcomes}
    not_run = tuple(
        replace(outcomes[0], check=check, target=target, outcome=Result.UNKNOWN, message="planned but not run")
        for check, target in sorted(missed)
        if outcomes
    )
    return Ran((), outcomes + not_run, {host: table.sent for host, table in tables.items()})
