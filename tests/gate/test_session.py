"""Runs that pytest itself starts: what is selected is judged, the exit code is the gate's, and none is ever GO."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.demo import embedded_estate
from readiness.gate.collecting import checks_folder
from readiness.gate.plugin import _report
from tests.main_job.job import environment
from tests.renderers.samples import failed

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


@pytest.mark.parametrize("option", ["--collect-only", "--co", "--setup-plan", "--setup-only"])
def test_what_would_judge_nothing_contacts_nothing_and_is_no_run(place: Place, option: str) -> None:
    ended = place.run(option, "-q", CLOCK)
    assert ended.code == 4
    assert "readiness checks" in ended.err
    assert "readiness plan" in ended.err
    assert not (place.folder / "reports").exists()


@pytest.mark.parametrize("option", ["--fixtures", "--fixtures-per-test", "--markers", "--help", "--cache-show"])
def test_what_only_shows_something_shows_it_and_is_no_run(place: Place, option: str) -> None:
    ended = place.run(CLOCK, option)
    assert (ended.code, len(ended.out.splitlines()) > 5, ended.err) == (0, True, "")
    assert not (place.folder / "reports").exists()


@pytest.mark.parametrize("hook", ["pytest_collection", "pytest_runtestloop"])
def test_a_conftest_that_keeps_a_run_from_beginning_is_never_a_verdict_s(place: Place, hook: str) -> None:
    conftest = place.folder / "checks" / "conftest.py"
    both = f"@pytest.hookimpl(tryfirst=True)\ndef {hook}(session):\n    return True\n"
    conftest.write_text(f"import pytest\n{both}")
    try:
        ended = place.run(CLOCK)
    finally:
        conftest.unlink()
    assert ended.code not in {0, 1}, ended.out + ended.err


def test_a_session_shows_each_target_as_pytest_shows_tests(place: Place) -> None:
    plain = place.run(CLOCK)
    assert re.search(r"^checks/test_clock.py [.F?]{13}$", plain.out, re.MULTILINE), plain.out
    assert "FAIL checks/test_clock.py::test_clock_agrees_with_the_estate[client03] - CLK-" in plain.out
    assert "___ test_clock_agrees_with_the_estate[client03] ___" in plain.out
    assert "CLK-001: expected a clock within " in plain.out
    assert re.search(r"1 failed, 10 passed, 2 errors in ", plain.out)
    verbose = place.run(CLOCK, "-v").out
    assert f"\n{SYNCHRONISED}[client01] PASS\n" in verbose
    assert f"\n{SYNCHRONISED}[client04] UNKNOWN\n" in verbose
    everything = place.run(CLOCK, "-rA", "--tb=no").out
    assert f"\nPASS {SYNCHRONISED}[client01]\n" in everything
    assert everything.count("\nPASS ") == 10
    assert "%]" not in plain.out + verbose + everything  # of items, of which each has many targets


def test_what_a_host_said_steers_no_terminal_of_a_session() -> None:
    hostile = failed(message="\x1b[2Jx\n::error::y\n##vso[z]", found="x")
    item: Any = SimpleNamespace(nodeid="t.py::x", location=("t.py", 1, "x"), path=Path("t.py"))
    assert _report(item, hostile).longrepr == "VER-002: \\x1b[2Jx : :error::y # #vso[z]"


@pytest.mark.parametrize("option", ["--junitxml", "--junit-xml"])
def test_the_junit_file_that_was_asked_for_is_the_run_s(place: Place, option: str) -> None:
    ended = place.run(CLOCK, f"{option}=of/junit.xml")
    (run,) = place.folder.glob("reports/*/*")
    assert (place.folder / "of" / "junit.xml").read_bytes() == (run / "junit.xml").read_bytes()
    assert ended.code == 1


def test_a_session_that_judges_nothing_leaves_no_older_junit_file(place: Place) -> None:
    old = place.folder / "old.xml"
    for options in ((SYNCHRONISED + "[nobody]",), (CLOCK, "-k", "nothing_of_that_name"), (CLOCK, "--collect-only")):
        old.write_text("<testsuites/>")
        ended = place.run(*options, "--junitxml=old.xml")
        assert ended.code not in {0, 1}, ended.out
        assert not old.exists()


def test_a_junit_file_that_cannot_be_written_is_told_before_the_run(place: Place) -> None:
    ended = place.run(CLOCK, "--junitxml=checks/pytest.ini/x.xml")
    assert (ended.code, ended.judgement) == (4, None)
    assert "checks/pytest.ini" in ended.err


@pytest.mark.parametrize("kind", ["a pipe", "a link"])
def test_what_is_no_junit_file_is_not_taken_away(place: Place, kind: str) -> None:
    """Root's own `--junitxml=/dev/full` would take the device away."""
    path = place.folder / "odd"
    makes = {"a pipe": os.mkfifo, "a link": lambda path: path.symlink_to("/dev/null")}
    makes[kind](path)
    ended = place.run(CLOCK, "--junitxml=odd")
    assert (ended.code, ended.judgement) == (4, None)
    assert f"{path} is no regular file" in ended.err
    assert path.lstat()
    path.unlink()


@pytest.mark.parametrize("word", ["cluster or synchronised", "test_a_snapshot or synchronised"])
def test_a_check_without_a_target_on_this_estate_is_passed_over(place: Place, word: str) -> None:
    ended = place.run("checks", "-k", word)  # which has no cluster
    assert {pair.split()[0] for pair in ended.pairs} >= {"CLK-002"}, ended.out
    assert ended.judgement["verdict"] in {"INCOMPLETE", "NO_GO"}


def test_deselected_targets_are_left_out(place: Place) -> None:
    ended = place.run(SYNCHRONISED, f"--deselect={SYNCHRONISED.removeprefix('checks/')}[client04]")
    assert {pair.split()[1] for pair in ended.pairs} == {"client01", "client02", "client03", "dir01", "sd01"}


@pytest.mark.parametrize("how", [">/dev/full", ">&-", "| true; exit ${PIPESTATUS[0]}"])
def test_a_session_that_cannot_print_is_a_fault(place: Place, how: str) -> None:
    ended = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m pytest {CLOCK} --estate={place.estate} {how}"],
        env=environment(place.folder),
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (3, False), ended.stderr


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
