"""How far the scripts of one visit came, whatever runs them: over one connection or a second one."""

from __future__ import annotations

import time
from collections.abc import Callable

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script
from readiness.transports import Budget


class Progress:
    """What came back of the scripts, what is left to run, and whether anything more may be read."""

    def __init__(
        self, scripts: tuple[Script, ...], limits: Limits, budget: Budget, done: Callable[[Output], None]
    ) -> None:
        self.outputs: list[Output] = []
        self._scripts, self._limits, self._budget, self._done = scripts, limits, budget, done
        self._read_bytes = 0

    @property
    def pending(self) -> tuple[Script, ...]:
        """The scripts that have no output yet."""
        return self._scripts[len(self.outputs) :]

    @property
    def progress(self) -> str:
        """How far the batch came, in words."""
        return f"after {len(self.outputs)} of {len(self._scripts)} probes"

    def give_up(self, missing: Missing) -> None:
        """Answer for everything that is left."""
        now_s = time.time()
        for script in self.pending:
            self._add(Output(script.name, None, b"", b"", now_s, now_s, 0.0, missing))

    def _too_much(self) -> Missing | None:
        if self._read_bytes > self._limits.host_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {self._limits.host_bytes} bytes from this host")
        return None

    def _spent(self) -> Missing | None:
        return self._too_much() or self._budget.spent(self.progress)

    def _add(self, output: Output) -> None:
        self.outputs.append(output)
        self._done(output)
