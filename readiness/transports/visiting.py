"""One visit to one host, the same for every transport: connect, run the batch, and connect once more if that broke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import ClassVar

from readiness.core.facts import Fact, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.transports.batch_run import BatchRun, Start
from readiness.transports.budget import Budget, Failed
from readiness.transports.shells.batch import Dialect

# What ends a visit before its time, so that the host was not really reached.
_CUT_SHORT = {Why.CONNECTION_LOST, Why.HOST_TIMED_OUT, Why.RUN_TIMED_OUT, Why.INTERRUPTED}


class Link:
    """What a transport adds to a visit: how to connect, and what that tells of the host.

    It lasts for all connections of the visit: `facts` learnt on the way, `attempts` to connect in words, and what was
    `left_behind` on the host. `closing_s` are kept for closing what is open at the end of the visit.
    """

    closing_s: ClassVar[float] = 0.0

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self.limits, self.budget = limits, budget
        self.facts: dict[type[Fact], Fact] = {}
        self.attempts: list[str] = []
        self.left_behind = ""

    def learn(self, fact: Fact) -> None:
        """Keep what connecting told of the host; `Login` once the host let us in."""
        self.facts[type(fact)] = fact

    def connected(self) -> AbstractContextManager[Start]:
        """Connect and log in, for shells to be started; everything is closed on the way out. Raises Failed."""
        raise NotImplementedError


class Visiting:
    """One visit over a link: the outputs so far, and whether the host has let us in."""

    def __init__(
        self, host: str, link: Link, dialect: Dialect, scripts: tuple[Script, ...], done: Callable[[Output], None]
    ) -> None:
        limits, budget = link.limits, link.budget
        early = replace(budget, deadline=budget.deadline - min(link.closing_s, limits.host_s / 2))
        self._host, self._link, self._budget, self._dialect = host, link, budget, dialect
        self._run = BatchRun(dialect, scripts, limits, early, done)
        self._connected = False

    def visit(self) -> Visit:
        """See `Transport.visit`; connects a second time only when the first connection broke under a script."""
        missing = self._missing()
        logged_in = Login in self._link.facts
        if logged_in and missing is not None:
            self._run.give_up(missing)
        return Visit(
            host=self._host,
            facts=self._facts(missing if logged_in else None),
            missing=missing,
            outputs=tuple(self._run.outputs),
            attempts=tuple(filter(None, (*self._link.attempts, self._link.left_behind))),
            command=self._dialect.command if logged_in else "",
        )

    def _facts(self, lost: Missing | None) -> Mapping[type[Fact], Fact | Missing]:
        """What is known of the host; where the visit was cut short, the host does not count as reached.

        A login that runs no commands is not the one that is asked for.
        """
        ends = (lost, *(output.missing for output in self._run.outputs))
        cut_short = next((missing for missing in ends if missing and missing.why in _CUT_SHORT), None)
        facts: dict[type[Fact], Fact | Missing] = dict(self._link.facts)
        if cut_short:
            facts[Reached] = cut_short
        elif self._run.no_commands and Login in facts:
            facts[Login] = self._run.no_commands
        return facts

    def _missing(self) -> Missing | None:
        """Run the scripts; gives why the rest of them has no output, None when there is no rest."""
        first = self._over_one_connection()
        if first is None:
            return None
        if not (self._connected and first.again):
            return first.missing
        second = self._over_one_connection()
        if second is None:
            return None
        if second.missing.why is Why.OUTPUT_CUT:
            return second.missing
        detail = f"{first.missing.detail}; once more: {second.missing}"
        return self._budget.spent(detail) or Missing(Why.CONNECTION_LOST, detail)

    def _over_one_connection(self) -> Failed | None:
        """One connection, from its beginning to the last script; gives why it ended before that."""
        self._connected = False
        if missing := self._budget.spent():
            return Failed(missing)
        try:
            with self._link.connected() as start:
                self._connected = True
                self._run.over(start)
        except Failed as failed:
            return self._broken(failed) if self._connected else failed
        return None

    def _broken(self, failed: Failed) -> Failed:
        """What ended the connection under the scripts, and how far they came."""
        broke = "the connection broke " if failed.again else ""
        self._link.attempts.append(f"{broke}{self._run.progress}: {failed.missing}")
        missing = replace(failed.missing, detail=f"{self._run.progress}: {failed.missing.detail}")
        cause = self._budget.cause(missing)
        return Failed(cause, again=cause is missing) if failed.again else failed
