"""Hosts as users' tests reach them: one connection at a time, deadlines, everything in the transcript."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from readiness.core.errors import ToolFault
from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output
from readiness.core.text import decode, one_line
from readiness.custom.phases import ESTATE
from readiness.transports import Budget, CommandTransport, LiveCommands, Route, Stop

_KEPT_BYTES = 1 << 16
_HARMLESS = "unable to resolve host"  # sudo says so, and runs the command


class LiveHosts:
    """One host after another, as tests come to it; `note` takes each line of the transcript."""

    def __init__(
        self,
        connect: Callable[[Sequence[str]], Mapping[str, Route]],
        limits: Limits,
        stop: Stop,
        note: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.limits = limits
        self._connect, self._stop, self._note = connect, stop, note
        self._until = time.monotonic() + limits.run_s
        self._budgets: dict[str | None, Budget] = {}
        self._sent: dict[str, int] = {}
        self._host: str | None = None
        self._connection: LiveCommands | None = None
        self._test = self._before = ""
        self._ended_by: dict[str | None, str] = {}
        self.ended_by: str | None = None  # of the current test
        self.references: list[str] = []  # of the current test
        self.missing: list[Missing] = []  # of the current test, whatever the test made of it

    def begin(self, host: str | None, test: str) -> None:
        """A test of this host comes next, of none with None; the connection to another host ends."""
        self._before, self._test = self._test, test
        self.references, self.missing, self.ended_by = [], [], None
        if host != self._host:
            self.close()
            self._host, self._before = host, ""
        if host not in self._budgets:
            self._budgets[host] = Budget.of(min(self.limits.host_s, self._until - time.monotonic()), self._stop)

    def close(self) -> None:
        """End the connection to the current host."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._host = None

    def asked(self, host: str) -> bool:
        """Whether anything was sent to the host for a test."""
        return self._sent.get(host, 0) > 0

    def unusable(self) -> Missing | None:
        """Why the current host's tests cannot go on; connects to it where that is still to be done.

        `ended_by` then names the pair during which that came about.
        """
        missing = self.over() or self.spent()
        if missing is None and self._host is not None:
            missing = self._connected(self._host).open()
            self._note_connection(self._host, missing)
        if missing is not None:
            self.missing.append(missing)
            if self._before:
                self._ended_by.setdefault(self._host, f"{self._before} {self._host or ESTATE}")
            self.ended_by = self._ended_by.get(self._host)
        return missing

    def run(self, host: str, command: str) -> Output:
        """Run a command of the current test on its host; what has no usable output is noted with the test."""
        if host != self._host:
            raise ToolFault(f"a test of {self._host} asks {host}")
        output = _sudo_refused(command, self._connected(host).run(command))
        self._sent[host] = self._sent.get(host, 0) + 1
        reference = f"{host}#live{self._sent[host]}"
        self._note(_command_line(reference, host, self._test, command, output))
        self.references.append(reference)
        if output.missing is not None:
            self.missing.append(output.missing)
        return output

    def _connected(self, host: str) -> LiveCommands:
        if self._connection is None:
            route = self._connect((host,))[host]
            if not isinstance(route.transport, CommandTransport):
                raise ToolFault(f"{host} is reached by {route.kind.title}, which runs no single commands")
            self._connection = route.transport.live(self.limits, self._budgets[host])
        return self._connection

    def _note_connection(self, host: str, missing: Missing | None) -> None:
        if host in self._sent or self._connection is None:
            return
        self._sent[host] = 0
        line = {"ref": f"{host}#live0", "host": host, "what": "connection", "attempts": list(self._connection.attempts)}
        self._note({**line, "result": str(missing) if missing else "logged in"})

    def over(self) -> Missing | None:
        """Why no host's tests may go on: the run's time is over, or it was stopped."""
        if time.monotonic() >= self._until:
            self._stop.set(Why.RUN_TIMED_OUT)
        return Missing(self._stop.why) if self._stop.why is not None else None

    def spent(self) -> Missing | None:
        """Why the current host's tests may not go on: their time is over, or the run was stopped."""
        return self._budgets[self._host].spent()


def _sudo_refused(command: str, output: Output) -> Output:
    """Mark a command that sudo did not run as missing: its status says nothing about the host."""
    if "sudo -n" not in command or output.missing or output.status not in {1, 127}:
        return output
    refusals = [line for line in decode(output.stderr).splitlines() if "sudo: " in line and _HARMLESS not in line]
    if not refusals:
        return output
    why = Why.NOT_PERMITTED if output.status == 1 else Why.TOOL_ABSENT
    return replace(output, status=None, missing=Missing(why, one_line(refusals[0], 200)))


def _command_line(reference: str, host: str, test: str, command: str, output: Output) -> dict[str, Any]:
    return {
        "ref": reference,
        "host": host,
        "what": "command",
        "test": test,
        "command": command,
        "status": output.status,
        "duration_s": round(output.duration_s, 3),
        "stdout": _kept(output.stdout),
        "stderr": _kept(output.stderr),
        "missing": str(output.missing) if output.missing else None,
    }


def _kept(data: bytes) -> str:
    cut = f"... ({len(data)} bytes, cut here)" if len(data) > _KEPT_BYTES else ""
    return decode(data[:_KEPT_BYTES]) + cut
