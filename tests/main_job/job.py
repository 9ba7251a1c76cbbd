"""Running the program as a user does, in a process of its own, and reading what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEADLINE_S = 120


@dataclass(frozen=True)
class Job:
    """One ended run: exit code, what it said and what stands in its folder."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text())
        return found

    @property
    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "results.jsonl").read_text().splitlines()]

    @property
    def last_line(self) -> str:
        return self.stdout.splitlines()[-1]

    def wrong(self) -> dict[str, str]:
        """The pairs that are neither PASS nor NOT_APPLICABLE and follow from no other one, with their outcome."""
        return {
            f"{one['check']} {one['target']}": one["outcome"]
            for one in self.results
            if one["outcome"] in {"FAIL", "UNKNOWN"} and not one["blocked_by"]
        }

    def blockers(self) -> set[str]:
        """Every pair that another one's outcome is put down to."""
        return {name for one in self.results for name in one["blocked_by"]}

    def message(self, pair: str) -> str:
        check, target = pair.split(" ")
        found = [one["message"] for one in self.results if (one["check"], one["target"]) == (check, target)]
        assert len(found) == 1, pair
        return str(found[0])


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "readiness", *map(str, arguments)]


def environment(home: Path) -> Mapping[str, str]:
    """A user's environment that holds nothing of this one's: no agent, no ssh_config, no pytest options."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "CI": "1"}


def run(estate: Path, folder: Path, *options: str, variables: Mapping[str, str] | None = None) -> Job:
    ended = subprocess.run(
        command("run", estate, "--out", folder, *options),
        env={**environment(folder.parent), **(variables or {})},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Job(ended.returncode, ended.stdout, ended.stderr, folder)
