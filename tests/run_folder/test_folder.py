from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from readiness.core.errors import InputError, NothingToCheck, Problem, ToolFault
from readiness.renderers.report import renderers
from readiness.run_folder import safe_files
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.journals import parse_journal

from .whole_run import GO, NOW, REPORTS, go

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def folder(path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(path, REPORTS, clock=lambda: NOW) as made:
        made.begin("run-2", NOW, "0.1.0")
        yield made


def verdict(path: Path) -> Any:
    return json.loads((path / "verdict.json").read_bytes())["judgement"]["verdict"]


def refused(path: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        RunFolder.create(path, REPORTS)
    assert all(problem.hint for problem in caught.value.problems)


def test_an_older_run_gives_way_with_all_its_files(path: Path) -> None:
    go(path)
    for name in ("verdict.json.sig", "manifest.json.sig", ".readiness-0123"):
        (path / name).write_text("old")
    with RunFolder.create(path, REPORTS) as folder:
        folder.begin("run-2", NOW, "0.1.0")
        names = {one.name for one in path.iterdir()}
        assert names == {"verdict.json", "facts.jsonl", "transcript.jsonl", ".readiness-lock"}
        assert verdict(path) == "RUNNING"
    assert (path / "facts.jsonl").read_bytes() == b""


def test_a_folder_that_is_no_runs_is_refused_and_left_as_it_was(path: Path) -> None:
    path.mkdir()
    for name, content in {
        "notes.txt": "mine",
        "verdict.json": '{"schema": 1, "judgement": {"verdict": "MAYBE"}}',
    }.items():
        (path / name).write_text(content)
        refused(path, "is not empty, and no run folder")
    assert {one.name for one in path.iterdir()} == {"notes.txt", "verdict.json"}


def test_an_older_run_with_somebodys_notes_in_it_is_refused_and_left_as_it_was(path: Path) -> None:
    go(path)
    (path / "notes.txt").write_text("mine")
    before = sorted(path.rglob("*"))
    refused(path, r"no run's: notes\.txt")
    assert sorted(path.rglob("*")) == before
    assert verdict(path) == "GO"


@pytest.mark.parametrize("name", ["plan.json", "inputs/estate.yaml", *REPORTS, *renderers()])
def test_a_run_that_was_interrupted_after_any_file_gives_way(path: Path, name: str) -> None:
    with RunFolder.create(path, [*REPORTS, *renderers()]) as folder:
        folder.begin("run-1", NOW, "0.1.0")
        folder.write(name, b"half of it")
    assert verdict(path) == "RUNNING"
    with RunFolder.create(path, [*REPORTS, *renderers()]) as folder:
        folder.begin("run-2", NOW, "0.1.0")
        assert not (path / name).exists()


@pytest.mark.parametrize(
    "name", ["results.csv", "verdict.json", "manifest.json", "run.json", "facts.jsonl", "inputs", "manifest.json.sig"]
)
def test_what_is_no_report_is_not_written(folder: RunFolder, path: Path, name: str) -> None:
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    with pytest.raises(ToolFault, match="is not written now, or not this way"):
        folder.write(name, b"x")
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_a_report_may_not_take_a_name_of_the_run_s_own(path: Path) -> None:
    with pytest.raises(ToolFault, match=r"may not be called verdict\.json"):
        RunFolder.create(path, ["results.csv", "verdict.json"])


@pytest.mark.parametrize(
    ("error", "word", "code"),
    [
        (InputError([Problem("estate.yaml", 1, 1, "is wrong")]), "ERROR", 4),
        (NothingToCheck("no host"), "NOTHING_TO_CHECK", 5),
        (ToolFault("broken"), "ERROR", 3),
        (KeyboardInterrupt(), "INCOMPLETE", 2),
        (SystemExit(0), "ERROR", 3),
    ],
)
def test_what_ended_a_run_stands_in_its_verdict(path: Path, error: BaseException, word: str, code: int) -> None:
    def run() -> None:
        with RunFolder.create(path, REPORTS) as folder:
            folder.begin("run-1", NOW, "0.1.0")
            raise error

    with pytest.raises(type(error)):
        run()
    judgement = json.loads((path / "verdict.json").read_bytes())["judgement"]
    assert (judgement["verdict"], judgement["exit_code"]) == (word, code)
    assert str(error) in judgement["reasons"][0]


def test_what_ends_it_after_its_verdict_changes_nothing(path: Path) -> None:
    def run() -> None:
        with RunFolder.create(path, REPORTS) as folder:
            folder.begin("run-1", NOW, "0.1.0")
            folder.finish(GO, as_of=NOW)
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run()
    assert verdict(path) == "GO"


def test_a_link_in_place_of_a_file_is_replaced_and_never_followed(path: Path, tmp_path: Path) -> None:
    go(path)
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "folder").mkdir()
    for name in ("junit.xml", "facts.jsonl", "verdict.json.sig"):
        (path / name).unlink(missing_ok=True)
        (path / name).symlink_to(victim)
    with RunFolder.create(path, REPORTS) as folder:
        folder.begin("run-2", NOW, "0.1.0")
        (path / "junit.xml").symlink_to(victim)
        (path / "inputs").symlink_to(tmp_path / "folder")
        folder.write("junit.xml", b"<x/>")
        with pytest.raises(ToolFault, match="inputs/estate"):
            folder.inputs({"estate.yaml": b""})
    assert victim.read_text() == "untouched"
    assert list((tmp_path / "folder").iterdir()) == []
    assert not (path / "junit.xml").is_symlink()


def test_a_lock_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.mkdir()
    (path / safe_files.LOCK).symlink_to(tmp_path / "victim")
    with pytest.raises(ToolFault, match="ELOOP"):
        RunFolder.create(path, REPORTS)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("name", ["", ".", "../x", "/etc/x", "a//b", "a/../b", "a\0b", ".readiness-x", "a/"])
def test_a_name_that_leads_elsewhere_is_refused(folder: RunFolder, path: Path, name: str) -> None:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(ToolFault, match="is no name of a file"):
        folder.inputs({name: b""})
    assert sorted(path.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["verdict.json", "manifest.json", "facts.jsonl", "transcript.jsonl"])
def test_a_renderer_cannot_write_what_the_run_writes_itself(folder: RunFolder, name: str) -> None:
    with pytest.raises(ToolFault):
        folder.write(name, b"{}")


def test_the_verdict_comes_last_and_carries_the_manifest(path: Path) -> None:
    go(path)
    manifest = (path / "manifest.json").read_bytes()
    files = {one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file()}
    listed = json.loads(manifest)["sha256"]
    assert set(listed) == files - {"verdict.json", "manifest.json"}
    assert all(hashlib.sha256((path / name).read_bytes()).hexdigest() == digest for name, digest in listed.items())
    assert json.loads((path / "verdict.json").read_bytes()) == {
        "schema": 1,
        "run_id": "run-1",
        "started_at": "2026-11-25T08:00:00+00:00",
        "finished_at": "2026-11-25T08:00:00+00:00",
        "as_of": "2026-11-25T08:00:00+00:00",
        "tool_version": "0.1.0",
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "judgement": GO,
    }


def test_the_same_run_is_the_same_bytes(tmp_path: Path) -> None:
    go(tmp_path / "a")
    go(tmp_path / "b")
    for name in ("verdict.json", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_error_and_nothing_to_check_are_verdicts_of_their_own(folder: RunFolder, path: Path) -> None:
    folder.ended_by(InputError([Problem("estate.yaml", 3, 1, "unknown key")]))
    said = json.loads((path / "verdict.json").read_bytes())
    assert (said["judgement"]["verdict"], said["judgement"]["exit_code"]) == ("ERROR", 4)
    assert said["judgement"]["reasons"] == ["estate.yaml:3:1: unknown key"]
    assert (said["manifest_sha256"], said["run_id"]) == (None, "run-2")
    assert said["judgement"].keys() >= {"estate", "change", "valid_until", "counts", "partial", "inputs", "no_cutover"}
    folder.ended_by(NothingToCheck("no pair"))
    said = json.loads((path / "verdict.json").read_bytes())["judgement"]
    assert (said["verdict"], said["exit_code"]) == ("NOTHING_TO_CHECK", 5)


def test_a_run_ends_once_and_only_after_it_began(path: Path) -> None:
    with RunFolder.create(path, REPORTS) as folder:
        for early in (
            lambda: folder.write("junit.xml", b""),
            lambda: folder.finish(GO, as_of=NOW),
            lambda: folder.facts,
        ):
            with pytest.raises(ToolFault):
                early()
        folder.begin("run-2", NOW, "0.1.0")
        with pytest.raises(ToolFault, match="does not end here with RUNNING"):
            folder.finish({**GO, "verdict": "RUNNING"}, as_of=NOW)
        folder.finish(GO, as_of=NOW)
        for late in (
            lambda: folder.write("junit.xml", b""),
            lambda: folder.finish(GO, as_of=NOW),
            lambda: folder.facts.append({}),
        ):
            with pytest.raises(ToolFault):
                late()
    folder.close()
    assert not (path / safe_files.LOCK).exists()


def test_a_full_disk_is_a_fault_with_its_path_and_leaves_no_half_file(
    folder: RunFolder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("junit.xml", b"old")

    def full(descriptor: int, data: memoryview) -> int:
        if len(data) <= 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[:3])

    write = os.write
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ToolFault, match=r"cannot write .*/junit\.xml: No space left on device \(ENOSPC\)"):
        folder.write("junit.xml", b"a longer text")
    with pytest.raises(ToolFault, match=r"facts\.jsonl: No space"):
        folder.facts.append({"host": "bk01"})
    with pytest.raises(ToolFault, match=r"run\.json"):
        folder.finish(GO, as_of=NOW)
    monkeypatch.undo()
    assert (path / "junit.xml").read_bytes() == b"old"
    assert (path / "facts.jsonl").read_bytes() == b""
    assert verdict(path) == "RUNNING"
    assert not [one for one in path.iterdir() if one.name.startswith(".readiness-") and one.name != safe_files.LOCK]


def test_a_file_that_the_system_refuses_to_grow_is_a_fault(path: Path) -> None:
    script = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from readiness.core.errors import ToolFault
from readiness.run_folder.folder import RunFolder
with RunFolder.create(Path(sys.argv[1]), ["results.jsonl", "junit.xml"]) as folder:
    folder.begin("r", datetime.now(UTC), "0.1.0")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    for _ in range(3):
        folder.transcript.append({"x": "y" * 200})
    for write in (lambda: folder.write("junit.xml", b"x" * 2000), lambda: folder.transcript.append({"x": "y" * 500})):
        try:
            write()
        except ToolFault as fault:
            print(fault)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert ended.stdout == "".join(
        f"cannot write {path / name}: File too large (EFBIG)\n" for name in ("junit.xml", "transcript.jsonl")
    )
    assert not (path / "junit.xml").exists()
    assert parse_journal((path / "transcript.jsonl").read_bytes(), "") == ([{"x": "y" * 200}] * 3, False)


def test_a_disk_that_is_read_only_is_a_fault(folder: RunFolder, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ToolFault, match=rf"cannot write {path}/inputs/b: Read-only file system \(EROFS\)"):
        folder.write("inputs/b", b"")


def test_a_journal_may_be_written_by_many_threads(folder: RunFolder, path: Path) -> None:
    def append(number: int) -> None:
        for line in range(50):
            folder.transcript.append({"thread": number, "line": line, "text": "x" * 5000})

    threads = [threading.Thread(target=append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines, torn = parse_journal((path / "transcript.jsonl").read_bytes(), "")
    assert (len(lines), torn) == (400, False)
    assert [line["line"] for line in lines if line["thread"] == 3] == list(range(50))


def test_an_entry_that_is_not_json_is_a_fault_and_writes_nothing(folder: RunFolder, path: Path) -> None:
    for wrong in ({"x": float("nan")}, {"x": b""}, {"x": object()}):
        with pytest.raises(ToolFault, match="is not JSON"):
            folder.transcript.append(wrong)
    assert (path / "transcript.jsonl").read_bytes() == b""
