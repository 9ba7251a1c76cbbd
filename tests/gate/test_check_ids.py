"""The version knows its checks: its list is that of the source, and a check that is not there ends the run."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness.core.errors import ToolFault
from readiness.demo import embedded_estate
from readiness.gate import collecting
from readiness.gate.collecting import checks_folder, collect_checks, ids_of_version
from tests.main_job.job import ROOT, environment

LIST = ROOT / "readiness" / "gate" / "check_ids.txt"


def ids_in_source() -> list[str]:
    """What the decorators say, whatever pytest makes of them."""
    trees = [ast.parse(file.read_text()) for file in checks_folder().rglob("*.py")]
    decorators = [
        call
        for tree in trees
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in function.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "check"
    ]
    return sorted(ast.literal_eval(call.args[0]) for call in decorators)


def test_the_list_is_that_of_the_source() -> None:
    ids = ids_in_source()
    if os.environ.get("READINESS_GOLDEN") == "write":
        LIST.write_text("".join(f"{check_id}\n" for check_id in ids))
    told = "READINESS_GOLDEN=write writes check_ids.txt anew; an id that goes takes a check from every run"
    assert LIST.read_text().splitlines() == ids, told
    assert ids_of_version() == {check.id for check in collect_checks(checks_folder()).checks}


def test_a_version_that_does_not_know_its_checks_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "check_ids.txt").write_text("\n")
    monkeypatch.setattr(collecting, "__file__", str(tmp_path / "collecting.py"))
    with pytest.raises(ToolFault, match="does not know its checks"):
        ids_of_version()


def test_one_more_is_welcome_and_what_pytest_was_told_to_leave_out_narrows_the_run(tmp_path: Path) -> None:
    shutil.copytree(checks_folder(), tmp_path / "checks")
    settings = tmp_path / "checks" / "pytest.ini"
    settings.write_text(settings.read_text().replace("addopts = ", "addopts = -k clock "))
    some = collect_checks(tmp_path / "checks", {"CLK-001", "VER-001"})
    assert (some.problems, bool(some.deselected)) == ((), True)


def emptied(checks: Path) -> None:
    (checks / "test_clock.py").write_text("")


def taken_out(checks: Path) -> None:
    (checks / "test_clock.py").unlink()


def without_one(checks: Path) -> None:
    code = (checks / "test_clock.py").read_text()
    assert '@check(\n    "CLK-001"' in code
    (checks / "test_clock.py").write_text(code.replace('@check(\n    "CLK-001"', '@check(\n    "CLK-991"'))


def ignored(checks: Path) -> None:
    (checks / "conftest.py").write_text("collect_ignore = ['test_clock.py']\n")


def ignored_by_its_name(checks: Path) -> None:
    (checks / "conftest.py").write_text(
        "def pytest_ignore_collect(collection_path):\n    return 'clock' in collection_path.name or None\n"
    )


def renamed(checks: Path) -> None:
    (checks / "test_clock.py").rename(checks / "clock.txt")


def left_out_by_a_plugin(checks: Path) -> None:
    (checks / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [item for item in items if 'clock' not in item.nodeid]\n"
    )


def no_file_at_all(checks: Path) -> None:
    for file in checks.glob("test_*.py"):
        file.unlink()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The program as it is installed: with its checks in the package."""
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "readiness", tmp_path / "readiness", ignore=left_out)
    shutil.copytree(checks_folder(), tmp_path / "readiness" / "checks", ignore=left_out)
    return tmp_path


@pytest.fixture(scope="module")
def estate() -> Iterator[Path]:
    with embedded_estate(planted=False) as folder:
        yield folder


def run_in(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "readiness", *arguments],
        env={**environment(tree), "PYTHONPATH": str(tree)},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "damage",
    [emptied, taken_out, without_one, ignored, ignored_by_its_name, renamed, left_out_by_a_plugin, no_file_at_all],
)
def test_a_check_that_is_not_there_ends_the_run(tree: Path, estate: Path, damage: Callable[[Path], None]) -> None:
    damage(tree / "readiness" / "checks")
    ended = run_in(tree, "run", str(estate), "--out", "run")
    assert ended.returncode in {3, 4}, ended.stdout
    assert "checks of this version are not there: CLK-001" in ended.stderr or damage is no_file_at_all, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("ERROR  ")
    assert not (tree / "run" / "results.jsonl").exists()


def test_no_checks_folder_is_no_run_either(tree: Path, estate: Path) -> None:
    shutil.rmtree(tree / "readiness" / "checks")
    ended = run_in(tree, "run", str(estate), "--out", "run")
    assert (ended.returncode, ended.stdout.splitlines()[-1][:7]) == (3, "ERROR  "), ended.stdout + ended.stderr


def test_nothing_else_is_listed_or_judged_without_a_check(tree: Path, estate: Path) -> None:
    assert run_in(tree, "run", str(estate), "--out", "run").returncode in {0, 2}
    taken_out(tree / "readiness" / "checks")
    for arguments in (("checks",), ("explain", "VER-001"), ("plan", str(estate)), ("judge", "run")):
        ended = run_in(tree, *arguments)
        assert (ended.returncode, "are not there: CLK-001" in ended.stderr) == (4, True), arguments
