"""Checks are collected before anything is planned: what does not load, or is no check, is a mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.core.errors import ToolFault
from readiness.gate.collecting import Collected, collect_checks

from .files import HEAD, MAJOR, PASSES, write


def collected(folder: Path, code: str, conftest: str = "") -> Collected:
    """What is collected of one file of checks and its conftest."""
    return collect_checks(write(folder, code, conftest))


def test_a_check_has_its_area_and_its_place(tmp_path: Path) -> None:
    (check,) = collected(tmp_path, PASSES).checks
    assert (check.id, check.area, check.place, check.title) == ("TST-001", "disk", "test_disk.py:3", "A title")


def test_collecting_twice_gives_the_same_and_no_check_twice(tmp_path: Path) -> None:
    first = collected(tmp_path, PASSES)
    assert collect_checks(tmp_path) == first
    assert not first.problems


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import nothing_of_that_name\n", "test_disk.py:1:1: does not load: ModuleNotFoundError"),
        ("\n\ndef test_x(:\n", "test_disk.py:3:1: does not load: SyntaxError"),
        ("import pytest\npytest.skip('later', allow_module_level=True)\n", "test_disk.py: does not load"),
        ("import pytest\npytest.importorskip('nothing_of_that_name')\n", "test_disk.py: does not load"),
        ("import pytest\npytest.exit('enough')\n", "test_disk.py:2:1: does not load: _pytest.outcomes.Exit: enough"),
        (f"{HEAD}@check('X', severity='major')\ndef test_x(): ...\n", "test_disk.py:3:1: does not load: TypeError"),
        (
            f"{HEAD}{MAJOR.replace('major', 'grave')}def test_x(target): 'A title.'\n",
            "test_disk.py:3:1: does not load: ValueError: TST-001: severity 'grave' is none of blocker, major, minor",
        ),
        (
            f"{HEAD}{MAJOR}def test_x(target, fcts): 'A title.'\n",
            "test_disk.py:3:1: test_x asks for fcts (did you mean facts",
        ),
        (
            f"{HEAD}{MAJOR}def test_x(): 'A title.'\n{MAJOR.replace('001', '002')}def test_x(): 'A title.'\n",
            "test_disk.py:3:1: TST-001 is not collected (name its function test_..., and no other function so)",
        ),
        ("def test_x(): ...\n", "test_disk.py:1:1: test_x is no check (add @check(...))"),
        (f"{HEAD}{MAJOR}def tset_x(target): 'A title.'\n", "test_disk.py:3:1: TST-001 is not collected"),
        (
            f"{HEAD}@pytest.mark.parametrize('x', [1])\n{MAJOR}def test_x(x): 'A title.'\n",
            "test_disk.py:3:1: test_x[1] is parametrised",
        ),
        (
            f"{HEAD}@pytest.fixture\ndef mine(facts): ...\n{MAJOR}def test_x(mine): 'A title.'\n",
            "test_disk.py:5:1: fixture mine depends on facts",
        ),
    ],
)
def test_it_is_a_mistake(tmp_path: Path, code: str, problem: str) -> None:
    problems = [str(one) for one in collected(tmp_path, code).problems]
    assert len(problems) == 1, problems
    assert problems[0].startswith(problem)


def test_a_check_in_a_file_of_another_name_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "memory.py").write_text(PASSES)
    (tmp_path / "helpers.py").write_text('"""No @check( of its own."""\n')
    (problem,) = collected(tmp_path, PASSES).problems
    assert str(problem) == "memory.py:3:1: a check in a file that is not looked at (name it test_<area>.py)"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    code = f"{HEAD}def test_a(): ...\ndef test_b(): ...\n{MAJOR}def tset_x(target): 'A title.'\n"
    assert len(collected(tmp_path, code).problems) == 3


def test_what_a_conftest_deselects_narrows_the_run_and_is_not_missing(tmp_path: Path) -> None:
    conftest = (
        "def pytest_collection_modifyitems(config, items):\n"
        "    config.hook.pytest_deselected(items=items[:])\n"
        "    items.clear()\n"
    )
    gathered = collected(tmp_path, PASSES, conftest)
    assert (gathered.checks, gathered.problems, gathered.deselected) == ((), (), ("test_x",))


@pytest.mark.parametrize(
    ("code", "conftest"),
    [
        ("raise SystemExit(0)\n", ""),
        (PASSES, "raise SystemExit(0)\n"),
        (PASSES, "def pytest_configure():\n    raise SystemExit(0)\n"),
        (PASSES, "import pytest\ndef pytest_collection_modifyitems():\n    pytest.exit('enough', returncode=0)\n"),
        (PASSES, "def pytest_cmdline_main():\n    return 0\n"),
    ],
    ids=["file", "conftest", "configure", "pytest.exit", "main"],
)
def test_what_ends_pytest_early_is_a_fault(tmp_path: Path, code: str, conftest: str) -> None:
    with pytest.raises(ToolFault):
        collected(tmp_path, code, conftest)


def test_a_conftest_that_collects_nothing_leaves_no_check(tmp_path: Path) -> None:
    conftest = "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_collection():\n    return True\n"
    try:
        checks = collected(tmp_path, PASSES, conftest).checks
    except ToolFault:
        return
    assert checks == ()
