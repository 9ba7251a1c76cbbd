"""The one guarded open: whatever a name leads to, it is told in time, and only a regular file is read."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.files import guarded
from readiness.files.guarded import Absent, Kind, Unusable

SMALL = Kind("a small file", 64 << 10)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Folders that did not answer are remembered for a process only."""
    yield
    guarded._silent.clear()


def refused(path: Path, kind: Kind = SMALL) -> str:
    begun = time.monotonic()
    with pytest.raises(Unusable) as caught:
        guarded.read(path, kind)
    assert time.monotonic() - begun < 1
    return caught.value.message


def test_a_regular_file_and_links_to_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x" * SMALL.max_bytes)
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("../real")
    (tmp_path / "other").symlink_to("folder")
    read = guarded.read_file(tmp_path / "other" / "link", SMALL)
    assert (len(read.data), read.mode) == (SMALL.max_bytes, 0o640)


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device"])
def test_anything_else_is_named(tmp_path: Path, kind: str, linked: bool) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    if linked:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    assert refused(path) == f"a {kind}, not a regular file"


def test_a_pipe_that_somebody_writes_to_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    os.write(descriptor, b"bait\n")
    assert refused(tmp_path / "pipe") == "a pipe, not a regular file"
    assert os.read(descriptor, 10) == b"bait\n"
    os.close(descriptor)


def test_a_device_is_not_even_opened(tmp_path: Path) -> None:
    """Opening one may act: it rewinds a tape, or starts a watchdog."""
    program = f"""
from pathlib import Path
from readiness.files.guarded import Kind, Unusable, read
for path in ('/dev/zero', '/dev/tty', {str(tmp_path / "pipe")!r}):
    try:
        read(Path(path), Kind('x', 10))
    except Unusable:
        pass
"""
    os.mkfifo(tmp_path / "pipe")
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-e", "trace=open,openat", "-o", str(trace)]
    try:
        subprocess.run([*strace, sys.executable, "-c", program], check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("strace is not installed")
    opened = [line for line in trace.read_text().splitlines() if "/dev/zero" in line or "pipe" in line]
    assert opened
    assert all("O_PATH" in line for line in opened)


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path / "absent" / "below"):
        with pytest.raises(Absent, match="No such file"):
            guarded.read(path, SMALL)
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(Absent):
        guarded.read(tmp_path / "dangling", SMALL)
    (tmp_path / "round").symlink_to("round")
    assert "symbolic links" in refused(tmp_path / "round")


def test_the_null_device_is_an_empty_file() -> None:
    assert guarded.read(Path("/dev/null"), SMALL) == b""


def test_what_the_kernel_makes_up_is_not_read() -> None:
    names = (
        "/proc/self/environ",
        "/proc/version",
        "/proc/kmsg",
        "/proc/kcore",
        "/sys/kernel/notes",
        "/sys/power/state",
    )
    paths = [path for path in map(Path, names) if path.exists()]
    assert len(paths) > 1
    for path in paths:
        assert "the kernel makes it up" in refused(path), path


def test_too_large_is_told_by_the_size_and_while_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10 << 30)
    assert refused(tmp_path / "sparse") == "the file is larger than 64 KiB"
    assert refused(tmp_path / "sparse", Kind("x", 16 << 20)) == "the file is larger than 16 MiB"


def test_a_file_that_grows_while_it_is_read_comes_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = tmp_path / "log", os.read
    path.write_bytes(b"x" * 1000)

    def and_grow(descriptor: int, count: int) -> bytes:
        with path.open("ab") as file:
            file.write(b"y" * 2000)
        return read(descriptor, min(count, 1000))

    monkeypatch.setattr(os, "read", and_grow)
    assert refused(path) == "the file is larger than 64 KiB"


def test_the_path_may_lead_elsewhere_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked at is what is read."""
    path, fstat = tmp_path / "file", os.fstat
    path.write_text("first")

    def swapped(descriptor: int) -> os.stat_result:
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        return fstat(descriptor)

    monkeypatch.setattr(os, "fstat", swapped)
    assert guarded.read(path, SMALL) == b"first"


@pytest.mark.parametrize("standard_input", ["pipe", "file"])
def test_standard_input_by_its_path(tmp_path: Path, standard_input: str) -> None:
    program = "from pathlib import Path; from readiness.files.guarded import Kind, read; "
    program += "print(read(Path('/dev/stdin'), Kind('x', 10)))"
    (tmp_path / "file").write_text("text")
    with (tmp_path / "file").open() as file:
        source = file if standard_input == "file" else subprocess.PIPE
        with subprocess.Popen(
            [sys.executable, "-c", program], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            process.wait(20)
            assert process.stdout is not None
            assert process.stderr is not None
            out, errors = process.stdout.read(), process.stderr.read()
    if standard_input == "file":
        assert out.strip() == "b'text'"
    else:
        assert "a pipe, not a regular file" in errors


def test_a_file_that_is_open_already_may_be_named_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with (tmp_path / "file").open("rb") as file:
        file.read(2)
        assert guarded.read(Path(f"/proc/self/fd/{file.fileno()}"), SMALL) == b"text"
    reading, writing = os.pipe()
    assert refused(Path(f"/proc/self/fd/{reading}")) == "a pipe, not a regular file"
    os.close(reading)
    os.close(writing)


def test_a_mount_that_does_not_answer_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    awake, plain = threading.Event(), os.open
    (tmp_path / "dead").mkdir()
    (tmp_path / "well").write_text("well")

    def open_(path: str, flags: int) -> int:
        if "dead" in str(path):
            awake.wait(20)
        return plain(path, flags)

    monkeypatch.setattr(os, "open", open_)
    begun = time.monotonic()
    for name in ("first", "second", "third"):
        with pytest.raises(Unusable, match=r"does not answer within 0\.3 s"):
            guarded.read(tmp_path / "dead" / name, SMALL, 0.3)
    assert time.monotonic() - begun < 0.8, "only the first is waited for"
    assert guarded.read(tmp_path / "well", SMALL) == b"well"
    awake.set()


def test_a_pattern_with_too_many_matches_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / f"{number}.conf").touch()
    assert len(guarded.matching(f"{tmp_path}/*.conf")) == 3
    monkeypatch.setattr(guarded, "MOST_MATCHES", 2)
    with pytest.raises(Unusable, match="matches 3 files"):
        guarded.matching(f"{tmp_path}/*.conf")
