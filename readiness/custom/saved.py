"""Users' tests of a run that was saved: their outcomes are taken over, since they cannot be run offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from readiness.core.checks import Check
from readiness.core.errors import InputError, Problem
from readiness.core.facts import HostFacts, Why
from readiness.core.outcomes import Disposition, Outcome, Result, Severity
from readiness.custom.naming import live_check
from readiness.planning.inputs import Inputs
from readiness.planning.plan import Plan
from readiness.run_folder.saved import SavedRun


class SavedTests:
    """The tests of a saved run, judged for `inputs`; `then` are the inputs of that run."""

    def __init__(self, saved: SavedRun, then: Inputs, inputs: Inputs) -> None:
        self._saved = saved
        suites = inputs.estate.custom_checks
        strange = [suite.folder for suite in suites if not _same(suite.folder, then, inputs)]
        self.left_out: Mapping[str, object] = {"custom checks that were not run": strange} if strange else {}

    def collect(self) -> tuple[Sequence[Check], Sequence[Problem]]:
        """The tests as they were planned."""
        listed = self._saved.plan().get("live", [])
        return [
            live_check(test["check"], title=test["title"], location=test["place"], targets=test["targets"])
            for test in listed
        ], ()

    def outcomes(
        self,
        plan: Plan,
        store: Mapping[str, HostFacts],  # noqa: ARG002 - outcomes that are taken over rest on no facts
        blockers: Callable[[str, Why], str | None],  # noqa: ARG002 - as above
    ) -> Iterator[Outcome]:
        """The outcome that each test had in that run."""
        wanted = {(check.id, target.id) for check, target in plan.pairs if check.live}
        for number, row in enumerate(self._saved.results() if wanted else (), start=1):
            if (row.get("check"), row.get("target")) in wanted:
                yield self._outcome(row, number)

    def _outcome(self, row: Mapping[str, Any], number: int) -> Outcome:
        try:
            own = {"outcome": Result(row["outcome"]), "severity": Severity(row["severity"])}
            lists = {key: tuple(row[key]) for key in ("agreed", "blocked_by", "evidence")}
            return Outcome(**{**row, **own, **lists, "waiver": None, "disposition": Disposition.BLOCKING})
        except (KeyError, TypeError, ValueError) as error:
            file = str(self._saved.path / "results.jsonl")
            raise InputError([Problem(file, number, 1, f"is no outcome of this version: {error}")]) from error


def _same(folder: str, then: Inputs, now: Inputs) -> bool:
    """Whether the tests of a folder, and the hosts they are for, are those of that run."""

    def tests(inputs: Inputs) -> tuple[object, object]:
        hosts = [suite.hosts for suite in inputs.estate.custom_checks if suite.folder == folder]
        return hosts, {name: data for name, data in inputs.files.items() if name.startswith(f"{folder}/")}

    return tests(then) == tests(now)
