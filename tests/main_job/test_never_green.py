"""It is never green because it did not look: each way of not looking ends in its own exit code, and none in 0."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from readiness.demo import embedded_estate
from readiness.demo import server as demo_server
from tests.bench import hostile
from tests.main_job.job import ROOT, Job, command, environment, run

HEAD = "import pytest\nfrom readiness.checking import check, each_host\n"
CHECK = "@check('TST-001', severity='major', targets=each_host, remedy='r', source='s')\n"


@pytest.fixture
def estate() -> Iterator[Path]:
    """An estate of six hosts that is GO."""
    with embedded_estate(planted=False) as folder:
        yield folder


@contextmanager
def changed(estate: Path, file: str = "estate.yaml") -> Iterator[dict[str, Any]]:
    """A file of the estate, to be changed inside."""
    document = json.loads((estate / file).read_text())
    yield document
    (estate / file).write_text(json.dumps(document, indent=2))


def recorded(monkeypatch: pytest.MonkeyPatch, script: str, stdout: str, status: int = 0) -> None:
    """Make every host answer one script in another way."""
    honest = demo_server.Answers.answer

    def answer(self: demo_server.Answers, name: str, text: str, nonce: str) -> tuple[str, str, int]:
        return (stdout, f"{name}: not found", status) if name == script else honest(self, name, text, nonce)

    monkeypatch.setattr(demo_server.Answers, "answer", answer)


def test_the_embedded_estate_without_faults_is_go(estate: Path, tmp_path: Path) -> None:
    job = run(estate, tmp_path / "run")
    assert job.wrong() == {}
    assert (job.code, job.verdict["judgement"]["verdict"]) == (0, "GO")
    assert "Recorded answers" in (tmp_path / "run" / "summary.md").read_text()


def test_an_empty_estate_has_nothing_to_check(estate: Path, tmp_path: Path) -> None:
    with changed(estate) as document:
        document["hosts"], document["groups"] = {}, {}
    with changed(estate, "baseline.yaml") as document:
        del document["same_version_groups"]
    job = run(estate, tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (5, "NOTHING_TO_CHECK"), job.stdout + job.stderr
    assert job.last_line.startswith("NOTHING TO CHECK")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--hosts", "nothing*"), "hosts and groups: client01"),
        (("--area", "clocks"), "areas: certificates, clock, cluster, cluster_snapshots, config, connectivity"),
    ],
)
def test_a_filter_that_matches_nothing_is_wrong_input(
    estate: Path, tmp_path: Path, options: tuple[str, ...], hint: str
) -> None:
    job = run(estate, tmp_path / "run", *options)
    assert (job.code, job.verdict["judgement"]["verdict"]) == (4, "ERROR")
    assert hint in job.stderr


EVERY_AREA = tuple(
    word for path in sorted((ROOT / "checks").glob("test_*.py")) for word in ("--area", path.stem.removeprefix("test_"))
)


@pytest.mark.parametrize(
    "options",
    [("--hosts", "client*"), ("--area", "clock"), ("--hosts", "*"), EVERY_AREA, (*EVERY_AREA, "--hosts", "*")],
)
def test_a_narrowed_run_is_incomplete_even_if_it_left_nothing_out(
    estate: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    job = run(estate, tmp_path / "run", *options)
    assert job.wrong() == {}
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")
    assert job.verdict["judgement"]["partial"]


@pytest.mark.parametrize("folder", [".", "", "tests/infra"])
def test_from_within_the_estate_a_run_goes_beside_it(estate: Path, tmp_path: Path, folder: str) -> None:
    """`readiness run .` works, and works once more: nothing of a run lies in the estate."""
    working = estate / folder
    working.mkdir(parents=True, exist_ok=True)
    before = sorted(estate.rglob("*"))
    named = "." if folder == "." else str(estate)
    for number in (1, 2):
        ended = subprocess.run(
            command("run", named, "--area", "clock"),
            env=environment(tmp_path),
            cwd=working,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == (4 if folder == "tests/infra" else 2), ended.stdout + ended.stderr
        assert len(list((estate.parent / "reports" / estate.name).iterdir())) == number
    assert sorted(estate.rglob("*")) == before


def test_a_typo_in_the_estate_is_told_with_its_place(estate: Path, tmp_path: Path) -> None:
    (estate / "estate.yaml").write_text((estate / "estate.yaml").read_text().replace('"owner"', '"ownr"', 1))
    job = run(estate, tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (4, "ERROR")
    assert "estate.yaml:" in job.stderr
    assert "owner" in job.stderr


def test_a_file_that_cannot_be_judged_is_an_error(estate: Path, tmp_path: Path) -> None:
    (estate / "waivers.yaml").write_text("[]")
    assert run(estate, tmp_path / "run").code == 4


def run_with_more(
    code: str, estate: Path, tmp_path: Path, name: str = "test_zz_more.py"
) -> subprocess.CompletedProcess[str]:
    """A run of a copy of the program that has one more file beside its checks."""
    app = tmp_path / "app"
    for part in ("readiness", "checks"):
        shutil.copytree(ROOT / part, app / part, ignore=shutil.ignore_patterns("__pycache__"))
    (app / "checks" / name).write_text(code)
    return subprocess.run(
        command("run", estate, "--out", tmp_path / "run"),
        env={**environment(tmp_path), "PYTHONPATH": str(app)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Every other way for a file to be no file of checks: tests/gate/test_collecting.py.
@pytest.mark.parametrize(
    ("code", "exit_code", "word"),
    [
        ("import nothing_of_that_name\n", 4, "does not load"),
        ("def test_that_is_no_check() -> None:\n    pass\n", 4, "is no check"),
        ((ROOT / "checks" / "test_os.py").read_text(), 4, "OS-001 is also at"),
        ("raise SystemExit(0)\n", 3, "ERROR"),
        (f"{HEAD}{CHECK}def tset_x(target): 'A title.'\n", 4, "TST-001 is not collected"),
        (
            f"{HEAD}class TestX:\n    def __init__(self): ...\n    {CHECK}    def test_x(self): 'A title.'\n",
            4,
            "TST-001 is not collected",
        ),
    ],
)
def test_a_check_file_that_does_not_load_ends_it(
    estate: Path, tmp_path: Path, code: str, exit_code: int, word: str
) -> None:
    ended = run_with_more(code, estate, tmp_path)
    assert ended.returncode == exit_code, ended.stdout + ended.stderr
    assert word in ended.stdout + ended.stderr
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]["verdict"]
    assert verdict == "ERROR"
    assert not (tmp_path / "run" / "facts.jsonl").read_bytes()


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(0)\n",
        "def pytest_configure():\n    raise SystemExit(0)\n",
        "import pytest\ndef pytest_sessionstart():\n    pytest.exit('enough', returncode=0)\n",
        "import os\ndef pytest_sessionfinish():\n    os._exit(0)\n",
    ],
)
def test_a_conftest_that_ends_pytest_ends_in_an_error(estate: Path, tmp_path: Path, code: str) -> None:
    ended = run_with_more(code, estate, tmp_path, "conftest.py")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("ERROR")
    assert json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]["verdict"] == "ERROR"


@pytest.mark.parametrize("leave", ["os._exit(0)", "os.execv('/bin/true', ['true'])"])
def test_a_check_that_ends_the_process_is_unknown(estate: Path, tmp_path: Path, leave: str) -> None:
    code = f"import os\n{HEAD}{CHECK}def test_x(target):\n    'A title.'\n    {leave}\n"
    ended = run_with_more(code, estate, tmp_path)
    assert (ended.returncode, ended.stdout.splitlines()[-1][:10]) == (2, "INCOMPLETE"), ended.stdout + ended.stderr


def under_pytest(estate: Path, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    settings = ["-c", str(ROOT / "checks" / "pytest.ini"), "-p", "no:cacheprovider", str(ROOT / "checks")]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *settings, "--estate", estate, *options],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "code", "last"),
    [
        ((), 2, "INCOMPLETE"),
        (("-k", "nothing_of_that_name"), 5, "NOTHING TO CHECK"),
        (("-k", "client01 and reached"), 2, "INCOMPLETE"),
        (("--deselect", "test_clock.py::test_clock_is_synchronised"), 2, "INCOMPLETE"),
    ],
)
def test_pytest_itself_never_says_go(
    estate: Path, tmp_path: Path, options: tuple[str, ...], code: int, last: str
) -> None:
    ended = under_pytest(estate, tmp_path, *options)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].startswith(last)


def test_pytest_options_in_the_environment_narrow_nothing(estate: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        command("run", estate, "--out", tmp_path / "run"),
        env={**environment(tmp_path), "PYTEST_ADDOPTS": "-k reached"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0
    assert len(Job(0, "", "", tmp_path / "run").results) > 90


def down(estate: Path, names: Callable[[str], bool]) -> None:
    with changed(estate) as document:
        for number, (name, host) in enumerate(document["hosts"].items(), start=2):
            if names(name):  # no known_hosts line is needed: nobody answers there
                host["ssh"] = {"port": 1}
                host["address"] = f"127.0.0.{number}"


def test_whoever_listens_to_pytest_hears_of_each_target_also_without_a_terminal(estate: Path, tmp_path: Path) -> None:
    down(estate, lambda name: name == "client02")
    (tmp_path / "listener.py").write_text(
        "def pytest_runtest_logreport(report):\n"
        "    with open('heard', 'a') as file:\n"
        "        file.write(f'{report.nodeid} {report.outcome}\\n')\n"
    )
    ended = under_pytest(estate, tmp_path, "-p", "no:terminal", "-p", "listener")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "test_host_is_reached[client02] failed\n" in (tmp_path / "heard").read_text()


@pytest.mark.parametrize("one", [True, False])
def test_hosts_that_are_down_are_not_judged(estate: Path, tmp_path: Path, one: bool) -> None:
    down(estate, lambda name: not one or name == "client02")
    job = run(estate, tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")
    wanted = {"client02"} if one else {"dir01", "sd01", *(f"client0{number}" for number in range(1, 5))}
    unreached = {f"CON-001 {name}": "UNKNOWN" for name in wanted}
    clocks = {} if one else {"CLK-003 controller": "UNKNOWN"}
    assert job.wrong() == unreached | clocks
    assert job.blockers() == unreached.keys()


def test_a_tool_that_is_missing_is_not_passed(estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(monkeypatch, "services", "", status=127)
    job = run(estate, tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")
    assert {pair.split()[0] for pair in job.wrong()} == {"ROL-001", "SVC-001", "SVC-002", "SVC-003"}
    assert "tool absent" in job.message("SVC-002 sd01/bacula.storage")


def test_output_that_was_cut_is_not_passed(estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(monkeypatch, "services", "x" * 70_000)
    with changed(estate) as document:
        document["limits"] = {"probe_bytes": 65_536}
    job = run(estate, tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE"), job.stderr
    assert {pair.split()[0] for pair in job.wrong()} == {"ROL-001", "SVC-001", "SVC-002", "SVC-003"}
    assert "output cut" in job.message("SVC-002 sd01/bacula.storage")


def test_report_only_changes_the_exit_code_and_says_so(estate: Path, tmp_path: Path) -> None:
    down(estate, lambda name: name == "client02")
    job = run(estate, tmp_path / "run", "--report-only")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (0, "INCOMPLETE")
    assert job.verdict["judgement"]["report_only"] is True
    assert "report" in (job.folder / "summary.md").read_text().lower()


@contextmanager
def misbehaving(
    estate: Path, name: str, shell: hostile.Shell | None, behave: hostile.Behaviour | None
) -> Iterator[None]:
    """Put a hostile server in the place of one host, with its key pinned."""
    key = hostile.host_key()
    behaviour = behave or hostile.ssh_server(key, shell or hostile.never_ends)
    with hostile.listening(behaviour) as port:
        with changed(estate) as document:
            document["hosts"][name]["ssh"] = {"port": port}
        with (estate / "known_hosts").open("a") as pins:
            pins.write(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
        yield


@pytest.mark.parametrize(
    ("shell", "behave"),
    [
        (None, hostile.silent),
        (hostile.floods, None),
        (hostile.never_ends, None),
        (hostile.dies_half_way, None),
    ],
)
def test_a_host_that_misbehaves_costs_only_itself(
    estate: Path, tmp_path: Path, shell: hostile.Shell | None, behave: hostile.Behaviour | None
) -> None:
    with changed(estate) as document:
        document["limits"] = {"connect_s": 2, "login_s": 2, "probe_s": 1, "host_s": 8, "run_s": 12}
    with misbehaving(estate, "client02", shell, behave):
        begun = time.monotonic()
        job = run(estate, tmp_path / "run")
        assert time.monotonic() - begun < 16
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")
    asked = [one for one in job.results if one["check"] == "NAM-002"]  # their names lead to it: is it that machine?
    healthy = [one for one in job.results if one["host"] not in {"client02", None} and one not in asked]
    assert {one["outcome"] for one in asked} <= {"PASS", "UNKNOWN"}
    assert {one["outcome"] for one in healthy} == {"PASS", "NOT_APPLICABLE"}  # the lab's kernel is not its hosts'
    own = [one for one in job.results if one["host"] == "client02"]
    assert len(own) == len([one for one in job.results if one["host"] == "client01"])
    assert any(one["outcome"] == "UNKNOWN" for one in own)
    roots = {f"{one['check']} {one['target']}" for one in own if one["outcome"] == "UNKNOWN" and not one["blocked_by"]}
    assert roots
    assert job.blockers() <= job.wrong().keys()


def test_the_run_s_deadline_ends_it(estate: Path, tmp_path: Path) -> None:
    with misbehaving(estate, "client02", hostile.never_ends, None):
        begun = time.monotonic()
        job = run(estate, tmp_path / "run", "--deadline", "3")
        assert time.monotonic() - begun < 8
    assert job.code == 2
    assert any(pair == "CON-001 client02" for pair in job.wrong())


@contextmanager
def started(estate: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that has come to a host that holds it up."""
    with ExitStack() as stack:
        stack.enter_context(misbehaving(estate, "client02", hostile.never_ends, None))
        process = subprocess.Popen(
            command("run", estate, "--out", folder),
            env=environment(folder.parent),
            cwd=folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        yield process


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_kill_9_half_way_leaves_running_and_no_older_go(estate: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(estate, folder).code == 0

    def said() -> str:
        return str(json.loads((folder / "verdict.json").read_text())["judgement"]["verdict"])

    with started(estate, folder) as process:
        until(lambda: said() != "GO", seconds=5)
        assert said() == "RUNNING"
        until(lambda: not (folder / "junit.xml").exists())  # the older run's files go next, and its facts first
        until(lambda: (folder / "facts.jsonl").exists() and (folder / "facts.jsonl").read_text().count("\n") >= 5)
        assert not (folder / "junit.xml").exists()
        process.kill()
        process.wait(10)
    assert said() == "RUNNING"
    ended = subprocess.run(
        command("judge", folder), env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode in {2, 4}, ended.stdout + ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_judged_as_such(estate: Path, tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "run"
    with started(estate, folder) as process:
        until(lambda: (folder / "facts.jsonl").exists() and (folder / "facts.jsonl").read_text().count("\n") >= 5)
        begun = time.monotonic()
        process.send_signal(number)
        stdout, _ = process.communicate(timeout=15)
        assert time.monotonic() - begun < 10
    job = Job(process.returncode, stdout, "", folder)
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")
    assert "interrupted" in job.verdict["judgement"]["partial"]
    assert job.last_line.startswith("INCOMPLETE")


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    ended = subprocess.run(
        command("run", "--nonsense"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    assert ended.stdout.splitlines()[-1].startswith("ERROR")


def asked(word: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(word, folder),
        env=environment(folder.parent),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_changed_file_is_noticed(estate: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(estate, folder).code == 0
    assert asked("verify", folder).returncode == 0
    for name in ("results.jsonl", "facts.jsonl", "inputs/estate.yaml", "junit.xml"):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data.replace(b"client01", b"client09", 1))
        changed_one = asked("verify", folder)
        assert changed_one.returncode == 4
        assert name in changed_one.stderr
        assert asked("judge", folder).returncode == 4
        (folder / name).write_bytes(data)
    assert asked("verify", folder).returncode == 0


@pytest.mark.parametrize("mark", ["skip(reason='later')", "xfail(reason='known')", "usefixtures('broken')"])
def test_a_mark_softens_nothing(estate: Path, tmp_path: Path, mark: str) -> None:
    fixture = "@pytest.fixture\ndef broken():\n    raise RuntimeError('no')\n"
    body = f"{HEAD}{fixture}@pytest.mark.{mark}\n{CHECK}def test_x(target):\n    'A title.'\n    assert False\n"
    ended = run_with_more(body, estate, tmp_path)
    own = [one["outcome"] for one in Job(0, "", "", tmp_path / "run").results if one["check"] == "TST-001"]
    assert len(own) == 6
    assert ended.returncode == (1 if "xfail" in mark else 2), ended.stdout + ended.stderr
    assert set(own) == ({"FAIL"} if "xfail" in mark else {"UNKNOWN"})


def test_a_judged_run_is_kept_whole_and_never_over_the_one_it_judges(estate: Path, tmp_path: Path) -> None:
    folder, kept, again = tmp_path / "run", tmp_path / "kept", tmp_path / "again"
    assert run(estate, folder).code == 0

    def judge(*arguments: str | Path) -> int:
        return subprocess.run(
            command("judge", *arguments), env=environment(tmp_path), capture_output=True, timeout=60, check=False
        ).returncode

    assert judge(folder, "--out", folder) == 4
    assert (folder / "facts.jsonl").read_bytes()
    assert judge(folder, "--out", kept) == 0
    assert (kept / "transcript.jsonl").read_bytes() == (folder / "transcript.jsonl").read_bytes()
    assert judge(kept, "--out", again) == 0
    assert (again / "results.jsonl").read_bytes() == (folder / "results.jsonl").read_bytes()


def test_a_run_of_pytest_is_judged_again_as_it_was(estate: Path, tmp_path: Path) -> None:
    ended = under_pytest(estate, tmp_path, "-k", "client01 and clock")
    assert ended.returncode == 2, ended.stdout
    (folder,) = (tmp_path / "reports" / estate.name).iterdir()
    judged = subprocess.run(
        command("judge", folder, "--out", tmp_path / "again"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert judged.returncode == 2, judged.stdout + judged.stderr
    first, again = Job(0, "", "", folder), Job(0, "", "", tmp_path / "again")
    assert (again.folder / "results.jsonl").read_bytes() == (folder / "results.jsonl").read_bytes()
    assert again.verdict["judgement"] == first.verdict["judgement"]
