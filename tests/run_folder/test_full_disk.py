"""A disk that is full before a run begins: an older GO never passes for this run's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NEXT_RUN = """
import json, os, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from readiness.core.errors import InputError, ToolFault
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.sealed import changes
from tests.run_folder.whole_run import NOW, REPORTS, go

path = Path(sys.argv[1])

def begun():
    try:
        with RunFolder.create(path, REPORTS) as folder:
            folder.begin("run-2", NOW, "0.1.0")
        return "begun"
    except ToolFault as fault:
        return str(fault)

def left():
    verdict = path / "verdict.json"
    return json.loads(verdict.read_bytes())["judgement"]["verdict"] if verdict.exists() else None
"""
LIMITED = (
    NEXT_RUN
    + """
go(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
said, verdict, names = begun(), left(), sorted(os.listdir(path))
try:
    unsealed = changes(path)
except InputError as error:
    unsealed = [problem.message for problem in error.problems]
again = begun(), left()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
after = begun(), left(), sorted(os.listdir(path))
print(json.dumps([said, verdict, names, unsealed, again, after]))
"""
)
FULL = (
    NEXT_RUN
    + """
go(path)
(path / "extra.csv").write_bytes(b"x" * int(sys.argv[2]))
files = []
try:
    while True:
        files.append(path.parent / f"fill{len(files)}")
        files[-1].write_bytes(b"x" * int(sys.argv[3]))
except OSError:
    pass
said, verdict = begun(), left()
for file in files:
    file.unlink(missing_ok=True)
print(json.dumps([said, verdict, (path / "junit.xml").exists(), begun(), left()]))
"""
)


def run(*words: str, within: tuple[str, ...] = ()) -> Any:
    ended = subprocess.run(
        [*within, sys.executable, "-c", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_where_nothing_can_be_written_the_older_verdict_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "run"
    fault = f"cannot write {path}/verdict.json: File too large (EFBIG)"
    said, verdict, names, unsealed, again, after = run(LIMITED, str(path))
    assert (said, verdict, names) == (fault, None, [".readiness-older"])
    assert unsealed == ["holds no verdict.json that this version wrote"]
    assert again == [fault, None], "and a second time"
    whole = ["facts.jsonl", "transcript.jsonl", "verdict.json"]
    assert after == ["begun", "RUNNING", whole], "the folder is still a run's"


def full_disk(tmp_path: Path, options: str, *words: str) -> Any:
    """What a run says on a real disk of that size that is full, and what it leaves there."""
    own = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
    within = (*own, "sh", "-c", f'mount -t tmpfs -o {options} none "$0" && exec "$@"', str(tmp_path))
    if shutil.which("unshare") is None or subprocess.run([*within, "true"], check=False).returncode != 0:
        if os.environ.get("READINESS_REQUIRE") == "all":
            pytest.fail("no file system of its own can be mounted")
        pytest.skip("no file system of its own can be mounted")
    return run(FULL, str(tmp_path / "run"), *words, within=within)


def test_the_older_run_gives_its_room_on_a_full_disk(tmp_path: Path) -> None:
    assert full_disk(tmp_path, "size=400k,mode=755", "100000", "4096") == [
        "begun",
        "RUNNING",
        False,
        "begun",
        "RUNNING",
    ]


def test_where_not_even_the_lock_can_be_made_the_older_verdict_is_gone(tmp_path: Path) -> None:
    said, verdict, _, after, running = full_disk(tmp_path, "nr_inodes=40,mode=755", "1", "0")
    assert said == f"cannot write {tmp_path}/run/.readiness-lock: No space left on device (ENOSPC)"
    assert verdict is None
    assert (after, running) == ("begun", "RUNNING")
