"""The one way to open a file that somebody names, wherever it leads: nothing else may hold a run up, or fill memory.

Links are followed, since ~/.ssh often is one. Whatever is no regular file is refused before it is opened, because
opening a device may act; and what does not answer in time, as on a dead mount, is left behind in a thread.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from glob import glob
from pathlib import Path
from typing import TypeVar

from readiness.core.errors import Problem

ANSWER_S = 5.0
MOST_MATCHES = 1000
T = TypeVar("T")

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NOT_OPENED = getattr(os, "O_PATH", 0) | _READ  # a system without it opens, and waits for nothing
_NULL = os.makedev(1, 3)
_PIECE = 1 << 20
_KINDS = (
    *((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket")),
    *((stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device")),
)
# What the kernel makes up while it is read: reading may wait, act or never end, and the size says nothing.
_MADE_UP = frozenset(
    {
        *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl"),
        *("mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs"),
    }
)
_silent: set[Path] = set()  # folders with a file that did not answer: the others there are not waited for again


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file should be, as in `name a private key`, and how large it may be."""

    name: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read: `mode` are the permissions of what was read, whatever its path leads to by now."""

    data: bytes
    mode: int


class Unusable(Exception):
    """A file that cannot be used: what is wrong with it, and what would be right."""

    def __init__(self, path: Path, message: str, hint: str = "") -> None:
        self.path, self.message, self.hint = path, message, hint
        super().__init__(f"{path}: {message}")

    def at(self, file: str, line: int = 0, column: int = 0) -> Problem:
        """The mistake at the place that names the file."""
        return Problem(file, line, column, str(self), self.hint)

    def here(self) -> Problem:
        """The mistake of a file that nothing names."""
        return Problem(str(self.path), 0, 0, self.message, self.hint)


class Absent(Unusable):
    """A file that is not there."""


def read(path: Path, kind: Kind, within_s: float = ANSWER_S) -> bytes:
    """The bytes of a file; raises Unusable."""
    return read_file(path, kind, within_s).data


def read_file(path: Path, kind: Kind, within_s: float = ANSWER_S) -> File:
    """A file with its mode; raises Unusable."""
    return answered(path, lambda: _read(path, kind), within_s)


def read_of(folder: Path, path: Path, kind: Kind, within_s: float = ANSWER_S) -> bytes:
    """The bytes of a file that the author of a folder names; raises Unusable, too, where one in it leads out of it.

    Whoever may change the folder could else have any file of whoever reads it taken for the folder's own, and kept.
    """
    data = read(path, kind, within_s)
    refuse_ways_out(folder, path, within_s)
    return data


def refuse_ways_out(folder: Path, path: Path, within_s: float = ANSWER_S) -> None:
    """Raise Unusable where a path that is written as one within a folder leads out of it by a link."""
    if not Path(os.path.normpath(path.absolute())).is_relative_to(os.path.normpath(folder.absolute())):
        return
    real = answered(path, lambda: os.path.realpath(path), within_s)
    if not Path(real).is_relative_to(answered(folder, lambda: os.path.realpath(folder), within_s, folder)):
        hint = "put the file itself there, or name it where it lies, as ~/..."
        raise Unusable(path, "leads out of the estate's folder", hint)


def answered(path: Path, ask: Callable[[], T], within_s: float = ANSWER_S, folder: Path | None = None) -> T:
    """What asking the system about a path gives; raises Unusable when that fails, or is not done in time.

    `folder` is the one to blame then, without it the one that the path is in.
    """
    folder = (folder or path.parent).absolute()
    late = Unusable(path, f"does not answer within {within_s:g} s", "is it on a mount that is gone?")
    if not _silent.isdisjoint((folder, *folder.parents)):
        raise late
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(ask())
        except BaseException as error:  # noqa: BLE001 - raised by who waits for it
            errors.append(error)

    worker = threading.Thread(target=work, name="file", daemon=True)  # it may never end, and must not hold the exit up
    worker.start()
    worker.join(within_s)
    if results:
        return results[0]
    if not errors:
        _silent.add(folder)
        raise late
    if isinstance(error := errors[0], OSError):
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        raise (Absent if gone else Unusable)(path, f"cannot be read: {error.strerror or error}") from error
    raise error


def entries(folder: Path) -> list[str]:
    """The names in a folder, sorted; raises Unusable."""
    return answered(folder, lambda: sorted(entry.name for entry in os.scandir(folder)), folder=folder)


def is_folder(path: Path) -> bool:
    """Whether there is a folder, or a link to one; raises Unusable."""
    return answered(path, path.is_dir)


def matching(pattern: str) -> list[Path]:
    """The paths that match a pattern, sorted; raises Unusable, for too many of them, too."""
    found = answered(Path(pattern), lambda: sorted(glob(pattern)))  # noqa: PTH207 - a pattern of any depth
    if len(found) > MOST_MATCHES:
        raise Unusable(Path(pattern), f"matches {len(found)} files", f"at most {MOST_MATCHES}")
    return [Path(name) for name in found]


def size(count: int) -> str:
    """A limit in words."""
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


def _read(path: Path, kind: Kind) -> File:
    """Look at what the path leads to, and open that very thing only when it is a regular file."""
    looked_at = os.open(path, _NOT_OPENED)
    try:
        status = os.fstat(looked_at)
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == _NULL:
            return File(b"", stat.S_IMODE(status.st_mode))  # the usual way to say "no such file"
        _refuse_other_kinds(path, kind, status)
        descriptor = os.open(f"/dev/fd/{looked_at}", _READ)
    finally:
        os.close(looked_at)
    try:
        return File(_whole(descriptor, path, kind), stat.S_IMODE(status.st_mode))
    finally:
        os.close(descriptor)


def _refuse_other_kinds(path: Path, kind: Kind, status: os.stat_result) -> None:
    hint = f"name {kind.name}, a regular file of at most {size(kind.max_bytes)}"
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            raise Unusable(path, f"{name}, not a regular file", hint)
    if status.st_dev in _made_up_devices():
        raise Unusable(path, "the kernel makes it up as it is read, so it is no regular file", hint)
    if status.st_size > kind.max_bytes:
        raise _too_large(path, kind)


def _whole(descriptor: int, path: Path, kind: Kind) -> bytes:
    """Everything up to the limit, however fast the file grows meanwhile."""
    data = bytearray()
    while piece := os.read(descriptor, min(_PIECE, kind.max_bytes + 1 - len(data))):
        data += piece
        if len(data) > kind.max_bytes:
            raise _too_large(path, kind)
    return bytes(data)


def _too_large(path: Path, kind: Kind) -> Unusable:
    return Unusable(path, f"the file is larger than {size(kind.max_bytes)}", f"is it {kind.name}?")


@lru_cache(maxsize=1)
def _made_up_devices() -> frozenset[int]:
    """The numbers of the file systems that the kernel makes up; none where it does not tell them."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    devices = set()
    for line in lines:
        before, _, after = line.partition(" - ")
        if after.split(" ", 1)[0] in _MADE_UP:
            major, _, minor = before.split(" ")[2].partition(":")
            devices.add(os.makedev(int(major), int(minor)))
    return frozenset(devices)
