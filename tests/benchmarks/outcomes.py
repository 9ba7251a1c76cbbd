"""40,000 outcomes, 1,000 hosts by 40 checks: one item a check against pytest's functions parametrised by host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.main_job.job import ROOT

HOSTS, CHECKS = 1000, 40

_OURS = """
from readiness.checking import Baseline, Facts, Login, Target, agreed, check, each_host, expect
"""
_OUR_CHECK = """
@check("BEN-{number:03}", severity="major", targets=each_host, needs=(Login,), remedy="none", source="benchmark")
def test_{number}(target: Target, facts: Facts, baseline: Baseline) -> None:
    \"\"\"The login is the agreed one.\"\"\"
    agreed(baseline, "clock.max_offset_s", target)
    expect(facts.need(Login).user, equals={expected!r})
"""
_THEIRS = """
import pytest
HOSTS = [f"h{{number:05}}" for number in range({hosts})]
@pytest.fixture(scope="session")
def logins():
    return dict.fromkeys(HOSTS, "readiness")
"""
_THEIR_TEST = """
@pytest.mark.parametrize("host", HOSTS)
def test_{number}(host, logins):
    assert logins[host] == "readiness"
"""


def ours(folder: Path, hosts: int = HOSTS, *, failing: int = 0) -> list[str]:
    """The command that judges with our plugin; of the 40 checks, `failing` find every host wrong."""
    checks = folder / f"ours{failing}"
    checks.mkdir(exist_ok=True)
    (checks / "pytest.ini").write_text((ROOT / "checks" / "pytest.ini").read_text())
    expected = ["nobody"] * failing + ["readiness"] * (CHECKS - failing)
    body = "".join(_OUR_CHECK.format(number=number, expected=user) for number, user in enumerate(expected))
    (checks / "test_bench.py").write_text(_OURS + body)
    return [sys.executable, "-m", "tests.benchmarks.judge_many", str(checks), str(hosts)]


def theirs(folder: Path) -> list[str]:
    """The command that judges with functions parametrised by host."""
    tests = folder / "theirs"
    tests.mkdir(exist_ok=True)
    (tests / "pytest.ini").write_text("[pytest]\n")
    body = "".join(_THEIR_TEST.format(number=number) for number in range(CHECKS))
    (tests / "test_bench.py").write_text(_THEIRS.format(hosts=HOSTS) + body)
    options = ["-q", "-p", "no:pytest11.testinfra", "-p", "no:cacheprovider", "-c", str(tests / "pytest.ini")]
    return [sys.executable, "-m", "pytest", *options, str(tests)]


def holds(stdout: str, expected: int) -> bool:
    """Whether a run really gave all outcomes."""
    return any(f"{expected} {word}" in stdout for word in ("GO", "NO_GO", "passed"))


def check_once(command: list[str], expected: int) -> None:
    """Run once and demand all outcomes, so that what is timed is the whole work."""
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    if not holds(ended.stdout, expected):
        raise SystemExit(f"not the whole work: {ended.stdout[-300:]}")
