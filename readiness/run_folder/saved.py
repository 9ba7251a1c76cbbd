"""A run that was saved, read back: its verdict, inputs, facts and results, and whether its files are those it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from readiness.core.errors import InputError, Problem
from readiness.core.facts import Fact, HostFacts
from readiness.run_folder import safe_files
from readiness.run_folder.journals import facts_from_json, parse_journal
from readiness.run_folder.names import FACTS, INPUTS, PLAN, RESULTS, RUN, TRANSCRIPT, json_object, verdict_in
from readiness.run_folder.safe_files import refuse
from readiness.run_folder.sealed import changes


class SavedRun:
    """A run folder as it was left; whatever it lacks or holds broken is an InputError."""

    def __init__(self, path: Path, verdict: Mapping[str, Any]) -> None:
        self.path, self.verdict = path, verdict

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run in a folder, whatever its verdict; InputError when it is no run of this schema."""
        with safe_files.opened(path) as directory:
            verdict = verdict_in(directory)
        if verdict is None:
            refuse(path, "holds no verdict.json that this version wrote", "name the folder of a run")
        return cls(path, verdict)

    def plan(self) -> dict[str, Any]:
        """The plan as it was written before any host was contacted."""
        return json_object(self._read(PLAN)) or refuse(self.path / PLAN, "is no plan that this version wrote")

    def run(self) -> dict[str, Any]:
        """What stands in the verdict of a run that ended, as it was sealed."""
        return json_object(self._read(RUN)) or refuse(self.path / RUN, "is no end of a run that this version wrote")

    def file(self, name: str) -> bytes:
        """The bytes of a file of the run."""
        return self._read(name)

    @property
    def as_of(self) -> datetime:
        """The run's own time."""
        return datetime.fromisoformat(self.plan()["as_of"])

    def inputs(self) -> dict[str, bytes]:
        """The estate's files as they were read, by their path in the estate's folder."""
        with safe_files.opened(self.path) as directory:
            names = [name for name in safe_files.names_below(directory) if name.startswith(f"{INPUTS}/")]
        return {name.removeprefix(f"{INPUTS}/"): self._read(name) for name in names}

    def facts(self, kinds: Mapping[str, type[Fact]]) -> tuple[dict[str, HostFacts], bool]:
        """The facts by host, and whether the last line was torn; `kinds` are the fact types by name."""
        file = str(self.path / FACTS)
        lines, torn = self._lines(FACTS)
        by_host: dict[str, HostFacts] = {}
        for number, line in enumerate(lines, start=1):
            facts = facts_from_json(line, kinds, file=file, line=number)
            if facts.host in by_host:
                raise InputError([Problem(file, number, 1, f"{facts.host} stands there twice")])
            by_host[facts.host] = facts
        return by_host, torn

    def transcript(self) -> tuple[list[dict[str, Any]], bool]:
        """What was sent and what came back, and whether the last line was torn."""
        return self._lines(TRANSCRIPT)

    def results(self) -> list[dict[str, Any]]:
        """The outcomes as they were written; they are written at once, so a torn line is no run's."""
        lines, torn = self._lines(RESULTS)
        return refuse(self.path / RESULTS, "is cut off") if torn else lines

    def check_manifest(self) -> list[str]:
        """What is not as the run left it, a line each; empty when nothing is."""
        return changes(self.path)

    def _lines(self, name: str) -> tuple[list[dict[str, Any]], bool]:
        return parse_journal(self._read(name), str(self.path / name))

    def _read(self, name: str) -> bytes:
        try:
            with safe_files.opened(self.path) as directory:
                return safe_files.read(directory, name)
        except OSError as error:
            refuse(self.path / name, f"cannot be read: {error.strerror}", "the run may have ended before")
