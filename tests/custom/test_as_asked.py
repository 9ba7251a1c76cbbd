"""A PASS is a test's own: of one that asked its host, asserted what it meant to, and is the only one of its name."""

from __future__ import annotations

from pathlib import Path

from tests.custom.suite import ran

HOSTS = ("dir01", "sd01")
NOTHING = "it asked the host nothing: nothing was examined"
ASKS = "def test_asks(host):\n    assert host.run('true').rc == 0\n"


def test_a_fixture_that_cannot_have_asked_its_host_is_no_look_at_it(tmp_path: Path) -> None:
    fixtures = {
        "": ("tmp_path", "monkeypatch"),
        "@pytest.fixture\ndef own():\n    return 1\n": ("own",),
        "@pytest.fixture(autouse=True)\ndef own():\n    yield\n": ("own",),
        "def setup_module():\n    pass\n": ("request",),
    }
    files = {"test_0.py": ASKS} | {
        f"test_{number}.py": f"import pytest\n{text}def test_{number}_nothing(host, {', '.join(given)}):\n    pass\n"
        for number, (text, given) in enumerate(fixtures.items(), start=1)
    }
    said = ran(tmp_path, files).said
    assert said.pop("test_asks dir01") == ("PASS", "passed, 1 command")
    assert said == {f"test_{number}_nothing dir01": ("UNKNOWN", NOTHING) for number in range(1, 5)}


def test_a_fixture_that_keeps_what_its_host_said_is_one(tmp_path: Path) -> None:
    body = (
        "import functools, pytest\n"
        "@pytest.fixture(scope='module')\ndef status(host):\n    return functools.cache(lambda: host.run('true').rc)\n"
        "@pytest.fixture\ndef code(status):\n    return status()\n"
        "def test_a(code, host):\n    assert code == 0\n"
        "def test_b(code, host):\n    assert code == 0\n"
        "@pytest.fixture(scope='module')\ndef by_name(request, host):\n    return request.getfixturevalue('status')()\n"
        "def test_c(by_name, host):\n    assert by_name == 0\n"
    )
    assert set(ran(tmp_path, {"test_x.py": body}, hosts=HOSTS).results.values()) == {"PASS"}


def test_parameters_that_make_the_same_name_are_tests_of_their_own(tmp_path: Path) -> None:
    body = (
        "import pytest\n"
        "@pytest.mark.parametrize('mode', ['c', 'b-c'])\n@pytest.mark.parametrize('path', ['a-b', 'a'])\n"
        "def test_x(host, path, mode):\n    host.run('true')\n    assert (path, mode) != ('a', 'b-c')\n"
    )
    results = ran(tmp_path, {"test_x.py": body}, hosts=HOSTS).results
    assert results == {
        f"test_x[{name} {host}": "FAIL" if name == "a-b-c]#2" else "PASS"
        for name in ("a-b-c]", "a-b-b-c]", "a-c]", "a-b-c]#2")
        for host in HOSTS
    }


def test_one_that_a_hook_lists_twice_runs_once(tmp_path: Path) -> None:
    hook = "def pytest_collection_modifyitems(items):\n    items[:] = items * 2\n"
    done = ran(tmp_path, {"test_x.py": ASKS, "conftest.py": hook})
    assert done.results == {"test_asks dir01": "PASS"}
    assert done.sent["dir01"] == ["true"]


def test_what_is_returned_or_raised_in_a_thread_is_not_passed_over(tmp_path: Path) -> None:
    body = (
        "import threading\n"
        "def test_returns(host):\n    return host.run('false').rc == 0\n"
        "def test_thread(host):\n    def look():\n        assert host.run('false').rc == 0\n"
        "    thread = threading.Thread(target=look)\n    thread.start()\n    thread.join()\n"
        "def test_good_thread(host):\n    thread = threading.Thread(target=host.run, args=('true',))\n"
        "    thread.start()\n    thread.join()\n"
    )
    said = ran(tmp_path, {"test_x.py": body}).said
    assert said["test_returns dir01"] == ("UNKNOWN", "RuntimeError: it returned False and asserted nothing")
    assert said["test_thread dir01"][0] == "UNKNOWN"
    assert "a thread broke: AssertionError" in said["test_thread dir01"][1]
    assert said["test_good_thread dir01"][0] == "PASS"


def test_a_suite_that_makes_warnings_errors_loads(tmp_path: Path) -> None:
    files = {"test_x.py": ASKS, "pytest.ini": "[pytest]\nfilterwarnings = error\n"}
    assert ran(tmp_path, files).results == {"test_asks dir01": "PASS"}
