"""Every file and every test function below a folder is planned, or a mistake that says where and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.custom.suite import ran

GOOD = {
    "test_good.py": (
        "import pytest\nfrom base import Base\nfrom helper import wrapped\n"
        "@pytest.fixture\ndef test_data():\n    return 1\n"
        "@pytest.mark.parametrize('x', [1, 2])\n@pytest.mark.skipif(False, reason='x')\ndef test_a(host, x):\n    ...\n"
        "class TestB:\n    def test_b(self, host):\n        ...\n    class TestC:\n"
        "        def test_c(self, host): ...\n"
        "class TestD(Base):\n    ...\n"
        "if pytest:\n    def test_e(host): ...\nelse:\n    def test_e(host): ...\n"
        "try:\n    import nothing\nexcept ImportError:\n    def test_f(host): ...\nelse:\n    def test_f(host): ...\n"
        "@wrapped\ndef test_g(host): ...\n"
        "def made():\n    def test_inner(host): ...\n    return test_inner\ntest_h = made()\n"
        "async def other(): ...\n"
    ),
    "base.py": "class Base:\n    def test_base(self, host): ...\n    @staticmethod\n    def help(): ...\n",
    "helper.py": "def wrapped(function):\n    return lambda host: function(host)\n",
    "conftest.py": "import pytest\n@pytest.fixture\ndef testing(): ...\n",
    "deeper/__init__.py": "",
    "deeper/test_deep.py": "import unittest\nclass Anything(unittest.TestCase):\n    def test_u(self): ...\n",
}


def test_tests_as_people_write_them_are_all_there(tmp_path: Path) -> None:
    done = ran(tmp_path, GOOD)
    assert not done.mistakes
    names = {name.split()[0] for name in done.results}
    expected = {
        "test_a[1]",
        "test_a[2]",
        "test_b",
        "test_c",
        "test_base",
        "test_e",
        "test_f",
        "test_g",
        "test_h",
        "test_u",
    }
    assert names == expected


CONFTEST = (
    "import os\ncollect_ignore = ['test_ignored.py']\ncollect_ignore_glob = ['*globbed.py']\n"
    "def pytest_ignore_collect(collection_path):\n    return collection_path.name == 'test_hooked.py' or None\n"
    "def test_a(host): ...\n"
)
LEFT_OUT = {
    # What leaves it out, the file, the line and column, the test, and the hint.
    "test_tuple.py": (
        "def test_t(host):\n    assert (host.file('/x').exists, 'not there')\n",
        "2:5",
        "asserts a tuple, which is always true",
        "take the brackets away",
    ),
    "check_b.py": ("def test_a(host): ...\n", "1:1", "test_a is not collected", "name its file test_<what>.py"),
    "build/test_c.py": ("\ndef test_a(host): ...\n", "2:1", "test_a is not collected", "name its file test_<what>.py"),
    ".hidden/test_h.py": ("def test_a(host): ...\n", "1:1", "test_a is not collected", "name its file test_<what>.py"),
    "test_ignored.py": ("def test_a(host): ...\n", "1:1", "test_a is not collected", "let no pytest.ini or conftest"),
    "test_globbed.py": ("def test_a(host): ...\n", "1:1", "test_a is not collected", "let no pytest.ini or conftest"),
    "test_hooked.py": ("def test_a(host): ...\n", "1:1", "test_a is not collected", "let no pytest.ini or conftest"),
    "test_init.py": (
        "def test_z(host): ...\nclass TestA:\n    def __init__(self): ...\n    def test_a(self, host): ...\n",
        "4:5",
        "TestA.test_a is not collected",
        "take __init__ away from class TestA",
    ),
    "test_off.py": (
        "def test_z(host): ...\nclass TestA:\n    __test__ = False\n    def test_a(self, host): ...\n",
        "4:5",
        "TestA.test_a is not collected",
        "take `__test__ = False` away from class TestA",
    ),
    "test_module_off.py": ("__test__ = False\ndef test_a(host): ...\n", "2:1", "test_a is not collected", ""),
    "test_function_off.py": (
        "def test_z(host): ...\ndef test_a(host): ...\ntest_a.__test__ = False\n",
        "2:1",
        "test_a is not collected",
        "",
    ),
    "test_twice.py": (
        "def test_a(host): ...\n\ndef test_a(host): ...\n",
        "1:1",
        "test_a is defined again at line 3, and never run",
        "give each test a name of its own",
    ),
    "test_twice_in_a_class.py": (
        "class TestA:\n    def test_a(self, host): ...\n    def test_a(self, host): ...\n",
        "2:5",
        "TestA.test_a is defined again at line 3, and never run",
        "give each test a name of its own",
    ),
    "test_class_twice.py": (
        "class TestA:\n    def test_a(self, host): ...\nclass TestA:\n    def test_b(self, host): ...\n",
        "2:5",
        "TestA.test_a is not collected",
        "",
    ),
    "test_deleted.py": ("def test_z(host): ...\ndef test_a(host): ...\ndel test_a\n", "2:1", "is not collected", ""),
    "test_never_true.py": (
        "def test_z(host): ...\nif False:\n    def test_a(host): ...\n",
        "3:5",
        "is not collected",
        "",
    ),
    "test_misnamed_class.py": (
        "def test_z(host): ...\nclass Checks:\n    def test_a(self, host): ...\n",
        "3:5",
        "Checks.test_a is not collected",
        "its class Test<What>",
    ),
    "helper_broken.py": ("def helper(:\n    ...\n", "1:12", "does not load: ", "mend or remove it"),
    "test_without.py": ("x = 1\n", "", "no test of it is collected", "name its tests test_"),
    "conftest.py": (
        CONFTEST,
        "6:1",
        "test_a is not collected",
        "name its file test_<what>.py",
    ),
}


def test_every_test_that_is_left_out_is_a_mistake_with_its_place(tmp_path: Path) -> None:
    done = ran(tmp_path, {name: text for name, (text, *_) in LEFT_OUT.items()})
    mistakes = {mistake.split(": ")[0]: mistake for mistake in done.mistakes}
    assert len(mistakes) == len(done.mistakes) == len(LEFT_OUT), "\n".join(done.mistakes)
    for name, (_, place, message, hint) in LEFT_OUT.items():
        where = f"{tmp_path}/own/{name}" + (f":{place}" if place else "")
        assert where in mistakes, "\n".join(done.mistakes)
        assert message in mistakes[where]
        assert hint in mistakes[where]


SETTINGS = {
    "python_files = check_*.py": ["deeper/test_b.py:1:1", "test_a.py:1:1"],
    "norecursedirs = deeper": ["deeper/test_b.py:1:1"],
    "python_functions = check_*": ["check_c.py:1:1", "deeper/test_b.py:1:1", "test_a.py:1:1"],
    "collect_imported_tests = false": [],
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_that_leave_tests_out_are_mistakes(tmp_path: Path, setting: str) -> None:
    tests = {"test_a.py": "def test_a(host): ...\n", "deeper/test_b.py": "def test_b(host): ...\n"}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pytest.ini").write_text(f"[pytest]\n{setting}\n")
    done = ran(tmp_path, {**tests, "check_c.py": "def check_c(host): ...\ndef helper(): ...\n"})
    places = [mistake.removeprefix(f"{tmp_path}/own/").split(": ")[0] for mistake in done.mistakes]
    assert sorted(place for place in places if ":" in place) == SETTINGS[setting]


def test_own_names_of_functions_are_names_of_tests(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\npython_functions = check_*\n")
    body = "def check_x(host): ...\n"
    done = ran(tmp_path, {"check_a.py": body, "check_b.py": body, "conftest.py": "collect_ignore = ['check_b.py']\n"})
    assert len(done.mistakes) == 1
    assert done.mistakes[0].startswith(f"{tmp_path}/own/check_b.py:1:1: check_x is not collected")
