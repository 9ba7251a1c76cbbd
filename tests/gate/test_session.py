"""Runs that pytest itself starts: what is selected is judged, the exit code is the gate's, and none is ever GO."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from readiness.demo import embedded_estate
from readiness.gate.collecting import checks_folder
from tests.main_job.job import environment

CLOCK = "checks/test_clock.py"
SYNCHRONISED = f"{CLOCK}::test_clock_is_synchronised"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    judgement: Any
    pairs: set[str]


@dataclass(frozen=True)
class Place:
    """A folder with the checks beside an estate with planted faults."""

    folder: Path
    estate: Path

    def run(self, *options: str) -> Ended:
        shutil.rmtree(self.folder / "reports", ignore_errors=True)
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "--estate", str(self.estate), *options],
            env=environment(self.folder),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        folders = list(self.folder.glob("reports/*/*"))
        if not folders:
            return Ended(ended.returncode, ended.stdout, ended.stderr, None, set())
        (run,) = folders
        verdict = json.loads((run / "verdict.json").read_text())["judgement"]
        results = run / "results.jsonl"
        rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
        pairs = {f"{row['check']} {row['target']} {row['outcome']}" for row in rows}
        return Ended(ended.returncode, ended.stdout, ended.stderr, verdict, pairs)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("session")
    left_out = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(checks_folder(), folder / "checks", ignore=left_out)
    with embedded_estate() as estate:
        yield Place(folder, estate)


def test_a_node_id_selects_one_target(place: Place) -> None:
    ended = place.run(f"{SYNCHRONISED}[client01]")
    assert ended.pairs == {"CLK-002 client01 PASS"}, ended.out + ended.err
    assert (ended.code, ended.judgement["verdict"]) == (2, "INCOMPLETE")
    assert "pytest itself" in ended.judgement["partial"]["run"]


def test_a_node_id_without_a_target_selects_a_check(place: Place) -> None:
    ended = place.run(SYNCHRONISED)
    assert {pair.split()[0] for pair in ended.pairs} == {"CLK-002"}, ended.out + ended.err
    assert len(ended.pairs) > 1


def test_what_failed_last_is_judged_alone(place: Place) -> None:
    assert place.run(CLOCK).code == 1
    ended = place.run(CLOCK, "--lf")
    assert ended.pairs, ended.out + ended.err
    assert not [pair for pair in ended.pairs if pair.endswith((" PASS", " NOT_APPLICABLE"))]
    assert ended.judgement["verdict"] in {"NO_GO", "INCOMPLETE"}  # fewer hosts are read: a median may be missing


def test_a_session_that_stops_at_the_first_failure_is_incomplete(place: Place) -> None:
    ended = place.run("checks", "-x")
    assert (ended.code, ended.judgement["verdict"]) == (2, "INCOMPLETE"), ended.out + ended.err
    assert ended.judgement["partial"]["not run"]


@pytest.mark.parametrize("options", [("--collect-only", "checks"), ("--collect-only", "-q", CLOCK)])
def test_collecting_alone_contacts_nothing_and_is_no_run(place: Place, options: tuple[str, ...]) -> None:
    ended = place.run(*options)
    assert ended.code == 4
    assert "readiness plan" in ended.err
    assert ended.judgement is None


@pytest.mark.parametrize("option", [(), ("--estate=",), ("--estate", " ")])
def test_without_an_estate_it_is_a_usage_error(place: Place, option: tuple[str, ...]) -> None:
    """An empty word is none, and not the folder that pytest runs in."""
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "checks", *option],
        env=environment(place.folder),
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    assert ("is given nothing" if option else "--estate=ESTATE") in ended.stderr
