"""Users' tests run in a process of their own: whatever it does, none passes that failed or did not come to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from readiness.custom import conversation
from tests.custom.suite import LIMITS, ran

ROOT = Path(__file__).parents[2]
FAILS = "def test_a(host):\n    assert host.run('false').rc == 0\n"
HONEST = "def test_z(host):\n    host.run('true')\n"
AZ = ("test_a", "test_z")


def test_hooks_that_turn_a_failure_round_change_nothing(tmp_path: Path) -> None:
    files = {path.name: path.read_text() for path in (ROOT / "tests/main_job/suites/hooks").glob("*.py")}
    done = ran(tmp_path, files)
    assert not done.mistakes
    passed = {"test_passes dir01", "test_cleared_with_parameters[1] dir01", "test_coroutine_passes estate"}
    others = {"test_never_called dir01": "UNKNOWN", **dict.fromkeys(passed, "PASS")}
    assert len(done.results) == 15
    assert done.results == {name: others.get(name, "FAIL") for name in done.results}
    assert done.said["test_never_called dir01"][1] == "it did not come to its end"


MISCHIEF = (
    "import atexit, faulthandler, gc, os, signal, struct, sys, threading, time\n"
    "import readiness.core.judge, readiness.custom.phases as phases\n"
    "from readiness.core.outcomes import Result\n"
    "readiness.core.judge.judge = None\n"
    "phases.Phases.result = lambda *a, **k: (Result.PASS, 'passed')\n"
    'data = b\'{"kind": "ended", "returned": true, "given": true}\'\n'
    "os.write(1, struct.pack('>I', len(data)) + data)\nos.write(2, struct.pack('>I', len(data)) + data)\n"
    "for one in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP):\n"
    "    signal.signal(one, signal.SIG_IGN)\n"
    "gc.disable()\ngc.freeze()\nfaulthandler.enable()\n"
    "print('x' * 5_000_000)\nprint('y' * 5_000_000, file=sys.stderr)\n"
    "def pytest_runtest_setup():\n    thread = threading.Thread(target=exit)\n    thread.start()\n    thread.join()\n"
    "atexit.register(lambda: os._exit({code}))\n"
)


@pytest.mark.parametrize("code", [0, 1])
def test_mischief_beside_a_test_changes_no_outcome(tmp_path: Path, code: int) -> None:
    files = {"test_x.py": FAILS + HONEST, "conftest.py": MISCHIEF.replace("{code}", str(code))}
    done = ran(tmp_path, files, planned=AZ)
    assert done.results == {"test_a dir01": "FAIL", "test_z dir01": "PASS"}


def test_what_a_suite_does_after_its_last_test_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "_LAST_S", 0.1)
    conftest = "import atexit, time\natexit.register(time.sleep, 600)\n"
    done = ran(tmp_path, {"test_x.py": FAILS + HONEST, "conftest.py": conftest}, planned=AZ)
    assert done.results == {"test_a dir01": "FAIL", "test_z dir01": "PASS"}


def test_exceptions_that_end_programs_are_no_pass_and_end_nothing(tmp_path: Path) -> None:
    body = (
        "import sys\ndef test_a(host):\n    host.run('true')\n    sys.exit(0)\n"
        "def test_b(host):\n    host.run('true')\n    raise SystemExit\n"
        "def test_c(host):\n    host.run('true')\n    raise GeneratorExit\n"
    )
    done = ran(tmp_path, {"test_x.py": body + HONEST}, planned=("test_a", "test_b", "test_c", "test_z"))
    unknown = dict.fromkeys(("test_a dir01", "test_b dir01", "test_c dir01"), "UNKNOWN")
    assert done.results == {**unknown, "test_z dir01": "PASS"}


@pytest.mark.parametrize("how", ["pytest.exit('enough', 0)", "raise KeyboardInterrupt"])
def test_a_test_that_ends_pytest_has_not_passed_and_the_rest_is_not_run(tmp_path: Path, how: str) -> None:
    body = f"import pytest\ndef test_a(host):\n    host.run('true')\n    {how}\n"
    done = ran(tmp_path, {"test_x.py": body + HONEST}, planned=AZ)
    assert done.results == {"test_a dir01": "UNKNOWN", "test_z dir01": "UNKNOWN"}


ENDS = {"os._exit(0)": "its process ended with exit code 0", "os.kill(0, 9)": "its process was ended by SIGKILL"}


@pytest.mark.parametrize("how", ENDS)
def test_what_ends_the_process_in_a_test_costs_its_own_host_only(tmp_path: Path, how: str) -> None:
    body = (
        "import os\ndef test_a(host):\n    host.run('true')\n"
        f"    if host.backend.get_hostname() == 'dir01':\n        {how}\n"
    )
    done = ran(tmp_path, {"test_x.py": body + HONEST}, hosts=("dir01", "sd01"), planned=AZ)
    assert done.said == {
        "test_a dir01": ("UNKNOWN", ENDS[how]),
        "test_z dir01": ("UNKNOWN", f"not run: {ENDS[how]}"),
        "test_a sd01": ("PASS", "passed, 1 command"),
        "test_z sd01": ("PASS", "passed, 1 command"),
    }
    blocked = {row.check.split("::")[1]: row.blocked_by for row in done.outcomes if row.target == "dir01"}
    assert blocked == {"test_a": (), "test_z": ("own/test_x.py::test_a dir01",)}


def test_a_failure_that_was_seen_stays_one_when_the_process_ends_after_it(tmp_path: Path) -> None:
    conftest = "import os\ndef pytest_runtest_teardown(item):\n    os._exit(0)\n"
    done = ran(tmp_path, {"test_x.py": FAILS + HONEST, "conftest.py": conftest}, planned=AZ)
    assert done.results == {"test_a dir01": "FAIL", "test_z dir01": "UNKNOWN"}


def test_closing_every_descriptor_proves_nothing(tmp_path: Path) -> None:
    body = "import os\ndef test_a(host):\n    host.run('true')\n    os.closerange(3, 256)\n"
    done = ran(tmp_path, {"test_x.py": body + HONEST}, planned=AZ)
    assert set(done.results.values()) == {"UNKNOWN"}


def test_what_is_written_into_our_pipe_by_mistake_is_not_understood(tmp_path: Path) -> None:
    body = (
        "import os\ndef test_a(host):\n    host.run('true')\n    for one in range(3, 30):\n        try:\n"
        "            os.write(one, b'0123456789')\n        except OSError:\n            pass\n"
    )
    done = ran(tmp_path, {"test_x.py": body + HONEST}, planned=AZ)
    assert done.results["test_a dir01"] == "UNKNOWN"
    assert "is not understood" in done.said["test_a dir01"][1]


def test_a_process_that_a_test_forks_says_nothing(tmp_path: Path) -> None:
    body = (
        "import os\ndef test_a(host):\n    host.run('true')\n    if os.fork() == 0:\n        return\n"
        "    os.wait()\n    assert False, 'the parent says so'\n"
    )
    done = ran(tmp_path, {"test_x.py": body + HONEST}, planned=AZ)
    assert done.said["test_a dir01"] == ("FAIL", "the parent says so assert False")
    assert done.results["test_z dir01"] == "PASS"


HANGS = {
    "deaf to signals": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 60))\n    time.sleep(600)",
    "in one call of C": "re.match('(a*)*b', 'a' * 60)",
}


@pytest.mark.parametrize("how", HANGS)
def test_a_test_that_hangs_by_itself_is_ended_with_its_deadline(tmp_path: Path, how: str) -> None:
    body = f"import re, signal, time\ndef test_a(host):\n    host.run('true')\n    {HANGS[how]}\n"
    limits = LIMITS | {"probe_s": 1, "host_s": 1}
    done = ran(tmp_path, {"test_x.py": body + HONEST}, limits=limits, planned=AZ)
    assert done.said["test_a dir01"] == ("UNKNOWN", "it waited beyond its deadline: host timed out: 1 s")
    assert done.results["test_z dir01"] == "UNKNOWN"


LOADS_NOT = {
    "import os\nos._exit(0)\n": "its process ended with exit code 0",
    "import ctypes\nctypes.string_at(0)\n": "its process was ended by SIGSEGV",
}


@pytest.mark.parametrize("how", LOADS_NOT)
def test_a_suite_that_ends_the_process_does_not_load(tmp_path: Path, how: str) -> None:
    done = ran(tmp_path, {"test_x.py": how + HONEST})
    assert len(done.mistakes) == 1
    assert done.mistakes[0].startswith(f"{tmp_path}/own: does not load: {LOADS_NOT[how]}")


def test_a_suite_that_hangs_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_FIRST_S", 1.0)
    done = ran(tmp_path, {"test_x.py": f"import time\ntime.sleep(600)\n{HONEST}"})
    assert done.mistakes == [f"{tmp_path}/own: does not load: its tests are not collected after 1 s"]


def ends(pid: str, within_s: float = 30) -> None:
    """Wait until a process has ended, be it that nobody has asked for its end."""
    until = time.monotonic() + within_s
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_a_suite_starts_ends_with_it(tmp_path: Path) -> None:
    body = (
        "import subprocess\ndef test_a(host):\n    host.run('true')\n    child = subprocess.Popen(['sleep', '607'])\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
    )
    assert ran(tmp_path, {"test_x.py": body}, planned=AZ[:1]).results == {"test_a dir01": "PASS"}
    ends((tmp_path / "pid").read_text())


def test_it_ends_when_the_run_is_gone(tmp_path: Path) -> None:
    body = (
        "import os, time\ndef test_a(host):\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n')\n    time.sleep(600)\n"
    )
    words = f"Path({str(tmp_path)!r}), {{'test_x.py': {body!r}}}, planned=['test_a']"
    script = f"from pathlib import Path\nfrom tests.custom.suite import ran\nran({words})\n"
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as run:
        until = time.monotonic() + 60
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("\n"):
            assert time.monotonic() < until
            time.sleep(0.05)
        run.kill()
    ends((tmp_path / "pid").read_text().strip())


SECRETS = {
    "READINESS_WINRM_PASSWORD": "hunter2",
    "SSH_AUTH_SOCK": "/tmp/agent",
    "KRB5CCNAME": "/tmp/ticket",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "CI_JOB_TOKEN": "hunter2",
}
NO_SAY = {"PYTHONOPTIMIZE": "2", "PYTHONPATH": "/nowhere", "PYTEST_ADDOPTS": "-k nothing", "PYTEST_PLUGINS": "evil"}


def test_it_is_given_no_credential_no_descriptor_and_no_home(tmp_path: Path) -> None:
    body = (
        "import os, sys\n"
        "CLOSED = {os.readlink(f'/proc/self/fd/{fd}') for fd in range(256) if os.path.exists(f'/proc/self/fd/{fd}')}\n"
        "def test_a(host):\n    host.run('true')\n"
        "    names = {name for name in os.environ if not name.startswith(('LC_', 'PYTEST_'))}\n"
        "    assert names <= {'PATH', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'TERM', 'LD_LIBRARY_PATH', 'HOME',\n"
        "                     'MOLECULE_INVENTORY_FILE'}\n"
        "    assert os.environ['PATH'] and os.environ['LC_ALL'] == 'C.UTF-8'\n"
        "    assert os.listdir(os.environ['HOME']) == [] and os.path.expanduser('~') == os.environ['HOME']\n"
        "    assert not sys.flags.optimize and sys.flags.isolated\n"
        f"    assert {str(tmp_path / 'open')!r} not in CLOSED and '/dev/null' in CLOSED\n"
        "    assert os.getsid(0) == os.getpid()\n"
    )
    (tmp_path / "open").write_text("")
    with (tmp_path / "open").open() as inherited:
        os.set_inheritable(inherited.fileno(), True)  # noqa: FBT003 - its argument has no name
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **SECRETS, **NO_SAY}
        done = ran(tmp_path, {"test_x.py": body}, environment=environment)
    assert done.said == {"test_a dir01": ("PASS", "passed, 1 command")}


def test_assertions_of_helpers_run_whatever_the_run_s_own_python_was_told(tmp_path: Path) -> None:
    helper = "def check(output):\n    assert output.rc == 0\n"
    body = "import helper\ndef test_a(host):\n    helper.check(host.run('false'))\n"
    files = {"test_x.py": body, "helper.py": helper}
    script = (
        "from pathlib import Path\nfrom tests.custom.suite import ran\n"
        f"print(ran(Path({str(tmp_path)!r}), {files!r}, planned=['test_a']).results)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-OO", "-c", script],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == "{'test_a dir01': 'FAIL'}\n", ended.stderr
