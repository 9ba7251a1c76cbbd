"""Where a run folder may lie, and that nobody else can read it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.place import usual
from readiness.run_folder.saved import SavedRun

from .whole_run import NOW, REPORTS, go

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def refused(path: Path, words: str, *apart_from: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        RunFolder.create(path, REPORTS, apart_from=apart_from)
    assert all(problem.hint for problem in caught.value.problems)


def modes(path: Path) -> set[tuple[bool, int]]:
    """Of the folder and all in it: whether it is a folder, and its mode."""
    return {(one.is_dir(), one.stat().st_mode & 0o7777) for one in (path, *path.rglob("*"))}


PRIVATE = {(True, 0o700), (False, 0o600)}


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077, 0o277, 0o777])
def test_whatever_the_umask_nobody_else_can_read_a_run_nor_what_was_made_for_it(tmp_path: Path, mask: int) -> None:
    made = tmp_path / "reports" / "estate" / "run"
    with umask(mask):
        go(made)
        with RunFolder.create(tmp_path / "begun", REPORTS) as folder:
            folder.begin("run-1", NOW, "0.1.0")
            assert modes(tmp_path / "begun") == PRIVATE
    assert modes(tmp_path / "reports") == PRIVATE


def test_an_older_run_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "run"
    go(path)
    (path / ".readiness-lock").touch()
    for one in (path, *path.rglob("*")):
        one.chmod(0o755 if one.is_dir() else 0o644)
    assert SavedRun.open(path).check_manifest() == [
        ".readiness-lock: left by a run that was killed, or by one that is writing"
    ]
    with RunFolder.create(path, REPORTS):
        assert path.stat().st_mode & 0o777 == 0o700
        assert (path / ".readiness-lock").stat().st_mode & 0o777 == 0o600
    go(path)
    assert modes(path) == PRIVATE


def test_an_empty_folder_is_closed_and_one_that_is_refused_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir(0o755)
    (path / "mine").touch()
    refused(path, "is not empty, and no run folder")
    assert path.stat().st_mode & 0o777 == 0o755
    (path / "mine").unlink()
    go(path)
    assert modes(path) == PRIVATE


def test_an_access_list_that_is_inherited_gives_nobody_anything(tmp_path: Path) -> None:
    if not shutil.which("setfacl"):
        pytest.skip("setfacl is not there")
    listed = ["setfacl", "-d", "-m", f"u:{NOBODY}:rwx,g:{NOBODY}:rwx", str(tmp_path)]
    if subprocess.run(listed, check=False, capture_output=True).returncode:
        pytest.skip("this file system has no access lists")
    go(tmp_path / "a" / "run")
    assert modes(tmp_path / "a") == PRIVATE  # the group's bits are what a list allows at most
    subprocess.run(["setfacl", "-m", f"u:{NOBODY}:rwx", str(tmp_path / "a")], check=True)
    refused(tmp_path / "a" / "new", "its group may rename what lies in")


@pytest.mark.parametrize(
    ("mode", "who"), [(0o777, "everybody"), (0o775, "its group"), (0o770, "its group"), (0o702, "everybody")]
)
def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path, mode: int, who: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "below").mkdir()
    shared.chmod(mode)
    refused(shared, f"{who} may write into it")
    for path in (shared / "run", shared / "new" / "run", shared / "below", shared / "below" / "run"):
        refused(path, f"{who} may rename what lies in {shared}")
    assert [one.name for one in shared.rglob("*")] == ["below"]
    shared.chmod(mode | 0o1000)
    refused(shared, f"{who} may write into it")
    go(shared / "below" / "run")
    go(shared / "new" / "run")
    assert modes(shared / "new") == PRIVATE


@AS_ROOT
def test_another_user_s_folder_is_refused_wherever_it_is_on_the_way(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "run").mkdir(parents=True, mode=0o755)
    os.chown(theirs, NOBODY, NOBODY)
    refused(theirs, rf"its owner \(uid {NOBODY}\) may write into it")
    refused(theirs / "run", rf"its owner \(uid {NOBODY}\) may rename what lies in {theirs}")
    refused(theirs / "new" / "run", "may rename what lies in")
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    theirs.rename(sticky / "theirs")
    refused(sticky / "theirs" / "run", rf"its owner \(uid {NOBODY}\) may rename {sticky}/theirs")
    assert [one.name for one in sticky.rglob("*")] == ["theirs", "run"]


@AS_ROOT
def test_a_link_on_the_way_counts_with_all_that_it_leads_through(tmp_path: Path) -> None:
    mine, theirs, sticky = tmp_path / "mine", tmp_path / "theirs", tmp_path / "sticky"
    for folder in (mine, theirs, sticky):
        folder.mkdir()
    sticky.chmod(0o1777)
    (tmp_path / "good").symlink_to("mine")
    go(tmp_path / "good" / "run")
    assert SavedRun.open(mine / "run").check_manifest() == []
    (theirs / "link").symlink_to(mine)
    os.chown(theirs, NOBODY, NOBODY)
    (tmp_path / "through").symlink_to(theirs / "link")
    refused(tmp_path / "through" / "new", rf"may rename what lies in {theirs}")
    (sticky / "planted").symlink_to(mine)
    os.chown(sticky / "planted", NOBODY, NOBODY, follow_symlinks=False)
    refused(sticky / "planted" / "new", rf"its owner \(uid {NOBODY}\) may rename {sticky}/planted")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop" / "new", "cannot be a run folder: Too many levels of symbolic links")
    assert not (mine / "new").exists()


def test_links_and_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    refused(tmp_path / "run", "symbolic link")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "cannot be a run folder")
    refused(tmp_path / "file" / "below", "cannot be a run folder")


@pytest.mark.parametrize(
    "name",
    ["/", "", ".", "..", "a/..", "/dev/null", "/dev/null/x", "/proc/x", "a\0b", "\ud800", "x" * 300, "x/" * 3000],
)
def test_what_names_no_folder_for_a_run_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(Path(name), "is no name of a folder|cannot be a run folder|is no path")
    assert list(tmp_path.iterdir()) == []


def test_a_slash_at_the_end_and_dots_within_a_path_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("run/", "./again//", "new/../third"):
        go(Path(name))
    assert {one.name for one in tmp_path.iterdir()} == {"run", "again", "third"}
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    refused(Path("run"), "cannot be a run folder: No such file or directory")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("estate", "would be emptied, and .*/estate is read"),
        ("", "would be emptied, and .*/estate is read"),
        ("estate/run", "lies in .*/estate, which is only read"),
        ("estate/.runs/run", "lies in .*/estate, which is only read"),
        ("link/run", "lies in .*/estate, which is only read"),
        ("other/../estate", "would be emptied"),
    ],
)
def test_what_the_run_reads_is_neither_replaced_nor_written_into(tmp_path: Path, name: str, words: str) -> None:
    place = tmp_path / "place"
    (place / "estate").mkdir(parents=True)
    (place / "other").mkdir()
    (place / "link").symlink_to("estate")
    for estate in (place / "estate", place / "link", place / "other" / ".." / "estate"):
        refused(place / name, words, estate)
    assert list((place / "estate").iterdir()) == []


def test_the_inputs_of_an_older_run_are_not_lost_by_running_on_them(tmp_path: Path) -> None:
    go(tmp_path / "run")
    refused(tmp_path / "run", "would be emptied", tmp_path / "run" / "inputs")
    assert SavedRun.open(tmp_path / "run").check_manifest() == []


def test_a_folder_that_was_put_there_meanwhile_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., None] = Path.mkdir

    def late(path: Path, *_: object) -> None:
        real(path)
        path.chmod(0o777)
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", late)
    refused(tmp_path / "a" / "run", "everybody may rename what lies in")


def test_where_a_run_goes_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate, link = tmp_path / "inventories" / "x", tmp_path / "link"
    (estate / "tests").mkdir(parents=True)
    link.symlink_to(estate)
    beside = tmp_path / "inventories" / "reports" / "x" / "r"
    monkeypatch.chdir(tmp_path)
    assert usual(Path("inventories/x"), "r") == Path("reports/x/r")
    assert usual(estate, "r", tmp_path / "inventories") == beside
    for working in (estate, estate / "tests", link):
        monkeypatch.chdir(working)
        assert usual(estate, "r") == usual(link, "r") == beside
    monkeypatch.chdir(estate)
    assert usual(Path(), "r") == usual(Path(), "r", Path.cwd()) == beside
