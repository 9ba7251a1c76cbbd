from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from readiness.core.errors import InputError
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.saved import SavedRun

from .whole_run import REPORTS, go

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run"


def verdict(path: Path) -> Any:
    return json.loads((path / "verdict.json").read_bytes())["judgement"]["verdict"]


def refused(path: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        RunFolder.create(path, REPORTS)
    assert all(problem.hint for problem in caught.value.problems)


LEFT = "left by a run that was killed, or by one that is writing"
HOLD = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from readiness.core.facts import HostFacts
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import facts_to_json
from readiness.run_folder.saved import SavedRun
folder = RunFolder.create(Path(sys.argv[1]), ["results.jsonl", "junit.xml"])
folder.begin("run-2", datetime.now(UTC), "0.1.0")
folder.transcript.append({"ref": "bk01#1"})
folder.facts.append(facts_to_json(HostFacts("bk01", {}, {})))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_run_is_refused_and_told_who_holds_the_folder(
    path: Path, holder: Callable[[], subprocess.Popen[str]]
) -> None:
    process = holder()
    refused(path, rf"another run is writing into it: pid {process.pid}, started at 20\d\d-")
    assert verdict(path) == "RUNNING"


def test_of_many_that_start_at_once_one_gets_the_folder(path: Path) -> None:
    held: list[RunFolder] = []
    refusals: list[InputError] = []

    def start() -> None:
        try:
            held.append(RunFolder.create(path, REPORTS))
        except InputError as error:
            refusals.append(error)

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(held), len(refusals)) == (1, 15)
    held[0].close()
    go(path)


def test_killed_in_the_middle_leaves_running_and_what_was_read(
    path: Path, holder: Callable[[], subprocess.Popen[str]]
) -> None:
    go(path)
    assert verdict(path) == "GO"
    process = holder()
    process.send_signal(signal.SIGKILL)
    process.wait()
    saved = SavedRun.open(path)
    assert (saved.verdict["run_id"], saved.verdict["judgement"]["verdict"]) == ("run-2", "RUNNING")
    assert saved.verdict["judgement"]["exit_code"] is None
    assert saved.facts({})[0].keys() == {"bk01"}
    assert saved.transcript() == ([{"ref": "bk01#1"}], False)
    assert saved.check_manifest() == ["manifest.json: missing; the verdict is RUNNING", f".readiness-lock: {LEFT}"]
    go(path, run_id="run-3")
    assert SavedRun.open(path).check_manifest() == []


AT_EVERY_CALL = """
import json, os, sys
from pathlib import Path
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.saved import SavedRun
from tests.run_folder.whole_run import NOW, REPORTS, go

def counted(call):
    def made(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return call(*args, **kwargs)
    return made

def second_run(path):
    for name in ("write", "fsync", "replace", "unlink", "mkdir", "ftruncate", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    with RunFolder.create(path, REPORTS) as folder:
        folder.begin("run-2", NOW, "0.1.0")
        folder.inputs({"estate.yaml": b""})
        folder.facts.append({"host": "x"})
        folder.write("junit.xml", b"<x/>")
        folder.finish({"verdict": "NO_GO", "exit_code": 1, "reasons": []}, as_of=NOW)
    os._exit(0)

path = Path(sys.argv[1])
for left in range(1000):
    go(path)
    child = os.fork()
    if not child:
        second_run(path)
    status = os.waitpid(child, 0)[1]
    saved = SavedRun.open(path)
    told = saved.verdict["run_id"], saved.verdict["judgement"]["verdict"], saved.check_manifest()
    print(json.dumps([status, *told]), flush=True)
    if status == 0:
        break
"""


def test_killed_at_any_moment_only_running_or_a_whole_runs_verdict_is_left(path: Path) -> None:
    """Every system call that changes a file is the last one in turn."""
    ended = subprocess.run(
        [sys.executable, "-c", AT_EVERY_CALL, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    *killed, whole = [json.loads(line) for line in ended.stdout.splitlines()]
    assert whole == [0, "run-2", "NO_GO", []]
    assert len(killed) > 30
    assert {status for status, *_ in killed} == {signal.SIGKILL}
    assert {(run, verdict) for _, run, verdict, _ in killed} == {
        ("run-1", "GO"),
        ("run-2", "RUNNING"),
        ("run-2", "NO_GO"),
    }
    # The older run as it was, nothing of it touched, or the new one with all that belongs to it.
    told = [line for _, _, verdict, differences in killed if verdict != "RUNNING" for line in differences]
    assert told
    assert not [line for line in told if not (line.startswith(".readiness-") and line.endswith(f": {LEFT}"))]
