"""One pytest function a check, an outcome a target; whatever keeps a function from its targets leaves no GO."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.core.errors import ToolFault
from readiness.core.outcomes import Result, Verdict
from readiness.gate.collecting import collect_checks
from readiness.gate.plugin import judge_plan
from readiness.gate.steps import conclude, plan_run
from readiness.planning.plan import Narrowing
from readiness.renderers.report import Report
from tests.small import HOSTS, facts, inputs

from .files import CHECK, HEAD, MAJOR, PASSES, write

INPUTS = inputs()
STORE = {name: facts(name) for name in HOSTS}


def judged(folder: Path, code: str, conftest: str = "") -> Report:
    collected = collect_checks(write(folder, code, conftest))
    plan = plan_run(INPUTS, collected, Narrowing())
    return conclude(judge_plan(folder, INPUTS, plan, STORE), run_id="run-1")


def test_a_check_is_judged_on_each_of_its_targets(tmp_path: Path) -> None:
    code = (
        f"{HEAD}from readiness.checking import Login\n{MAJOR.replace('source', 'needs=(Login,), source')}"
        "def test_x(target, facts):\n    'A title.'\n"
        "    expect(target.id + facts.need(Login).user, equals='dir01readiness')\n"
    )
    report = judged(tmp_path, code)
    assert [(one.target, one.outcome) for one in report.outcomes] == [
        ("dir01", Result.PASS),
        *((host, Result.FAIL) for host in HOSTS if host != "dir01"),
    ]
    assert {one.evidence for one in report.outcomes} == {(f"{host}#1",) for host in HOSTS}


def test_users_own_conftest_and_fixtures_count(tmp_path: Path) -> None:
    code = PASSES.replace("test_x(target)", "test_x(target, wanted)").replace("equals=1", "equals=wanted")
    assert judged(
        tmp_path, code, "import pytest\n@pytest.fixture\ndef wanted():\n    return 2\n"
    ).judgement.verdict is (Verdict.NO_GO)


def test_estate_and_baseline_are_there_for_a_check(tmp_path: Path) -> None:
    code = PASSES.replace("test_x(target)", "test_x(target, estate, baseline, inputs)").replace(
        "expect(1, equals=1)",
        "agreed(baseline, 'clock.max_offset_s', target)\n    expect(estate.service, equals='backup')\n    "
        "expect(inputs.baseline, equals=baseline)",
    )
    assert judged(tmp_path, code).judgement.verdict is Verdict.GO


def test_a_plain_assertion_says_what_it_found(tmp_path: Path) -> None:
    (first, *_) = judged(tmp_path, PASSES.replace("expect(1, equals=1)", "assert target.id")).outcomes
    assert first.outcome is Result.PASS
    assert "dir01" in first.found


MINOR = HEAD + CHECK.format("minor") + "def test_x(target):\n    'A title.'\n    expect(1, equals=1)\n"
# The checks are collected once and run once: true the second time.
SECOND = (
    "import pathlib, pytest\nmark = pathlib.Path(__file__).with_name('seen')\nsecond = mark.exists()\nmark.touch()\n"
)


@pytest.mark.parametrize("code", [PASSES, MINOR], ids=["major", "minor"])
@pytest.mark.parametrize(
    "conftest",
    [
        "def pytest_runtest_setup(item):\n    raise RuntimeError('no')\n",
        "def pytest_runtest_setup(item):\n    pytest.skip('later')\n",
        "def pytest_runtest_setup(item):\n    pytest.exit('enough', returncode=0)\n",
        "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_protocol(item):\n    return True\n",
        "def pytest_collection_modifyitems(items):\n    items[:] = [] if second else items\n",
        "def pytest_sessionstart():\n    if second:\n        raise RuntimeError\n",
        "def pytest_cmdline_main():\n    return 0 if second else None\n",
        "@pytest.fixture(autouse=True)\ndef broken():\n    raise KeyboardInterrupt\n",
    ],
    ids=["breaks", "skips", "exits", "leaves out", "drops", "session", "main", "interrupts"],
)
def test_a_check_that_does_not_come_to_its_targets_is_never_go(tmp_path: Path, code: str, conftest: str) -> None:
    report = judged(tmp_path, code, SECOND + conftest)
    assert report.judgement.verdict is Verdict.INCOMPLETE
    assert {one.outcome for one in report.outcomes} == {Result.UNKNOWN}
    assert len(report.outcomes) == len(HOSTS)


@pytest.mark.parametrize(
    ("line", "reason"),
    [("raise RuntimeError('no')", "RuntimeError: no"), ("pytest.skip('later')", "Skipped: later")],
)
def test_why_a_check_was_not_run_stands_in_its_outcomes(tmp_path: Path, line: str, reason: str) -> None:
    report = judged(tmp_path, PASSES, f"import pytest\ndef pytest_runtest_setup(item):\n    {line}\n")
    assert {one.message for one in report.outcomes} == {f"planned but not run: {reason}"}


def test_a_session_that_is_stopped_is_never_go(tmp_path: Path) -> None:
    conftest = "def pytest_runtest_setup(item):\n    item.session.shouldstop = 'enough'\n"
    assert judged(tmp_path, PASSES, conftest).judgement.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("conftest", ["if second:\n    raise SystemExit(0)\n", "if second:\n    import gone\n"])
def test_what_ends_pytest_before_its_session_is_never_go(tmp_path: Path, conftest: str) -> None:
    try:
        report = judged(tmp_path, PASSES, SECOND + conftest)
    except ToolFault:
        return
    assert report.judgement.verdict is Verdict.INCOMPLETE


def test_what_was_not_planned_is_not_run(tmp_path: Path) -> None:
    collected = collect_checks(write(tmp_path, PASSES))
    plan = plan_run(INPUTS, collected, Narrowing(hosts="dir01"))
    marker = tmp_path / "run"
    more = f"\n{MAJOR.replace('001', '002')}def test_y(target):\n    'Another.'\n    open({str(marker)!r}, 'w')\n"
    (tmp_path / "test_more.py").write_text(HEAD + more)
    report = conclude(judge_plan(tmp_path, INPUTS, plan, STORE), run_id="run-1")
    assert [(one.check, one.target) for one in report.outcomes] == [("TST-001", "dir01")]
    assert not marker.exists()


@pytest.mark.parametrize(("needs", "outcome"), [("", Result.UNKNOWN), ("needs=(Login,), ", Result.PASS)])
def test_what_an_overridden_fixture_read_counts_like_that_of_the_one_in_its_place(
    tmp_path: Path, needs: str, outcome: Result
) -> None:
    conftest = (
        "import pytest\nfrom readiness.checking import Login\n"
        "@pytest.fixture(scope='session')\ndef known(all_facts):\n    return all_facts.every(Login)\n"
    )
    code = (
        f"{HEAD}from readiness.checking import Login\n"
        "@pytest.fixture(scope='session')\ndef known(known):\n    return known\n"
        f"{MAJOR.replace('source', f'{needs}source')}"
        "def test_x(target, known):\n    'A title.'\n    expect(len(known), at_least=1)\n"
    )
    outcomes = judged(tmp_path, code, conftest).outcomes
    assert {judged_pair.outcome for judged_pair in outcomes} == {outcome}
    assert {judged_pair.evidence for judged_pair in outcomes} == {tuple(f"{host}#1" for host in sorted(HOSTS))}
