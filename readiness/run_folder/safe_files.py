"""Files in a folder that others may have prepared: no link is followed, nothing is written in part.

Everything goes through the descriptor of the folder, so that swapping the folder's path for another changes nothing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from readiness.core.errors import InputError, Problem, ToolFault

OWN = ".readiness-"
"""How the names of our lock and our temporary files begin; such files are no part of a run."""
LOCK = f"{OWN}lock"
ASIDE = f"{OWN}older"
"""What an older verdict is called from when a new run cannot say that it runs; by it the folder is known as a run's."""
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
"""The modes of all that a run writes: it says how the hosts are set up."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
MAX_BYTES = 1 << 30  # of one file that is read back; the transcript of 10,000 hosts is smaller
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # not blocked by a pipe of that name


def refuse(path: Path, message: str, hint: str = "") -> NoReturn:
    """End with an InputError about one path."""
    raise InputError([Problem(str(path), 0, 0, message, hint)])


def write_fault(path: Path, error: OSError) -> ToolFault:
    """What could not be written and why, in the system's own words."""
    code = errno.errorcode.get(error.errno or 0, "no errno")
    return ToolFault(f"cannot write {path}: {error.strerror or error} ({code})")


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; the system may take them in parts."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def parts(name: str) -> list[str]:
    """The parts of a name below a folder; ToolFault for one that leads out of it or stands for a file of ours."""
    split = name.split("/")
    if any(part in {"", ".", ".."} or "\0" in part or part.startswith(OWN) for part in split):
        raise ToolFault(f"{name!r} is no name of a file below the run folder")
    return split


def take_lock(path: Path, directory: int, now: datetime) -> int:
    """Take the folder's lock, given back however this process ends; InputError while another process has it."""
    try:
        lock = _opened_private(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, directory)
    except OSError as error:
        raise write_fault(path / LOCK, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(os.pread(lock, 4096, 0))
        os.close(lock)
        refuse(path, f"another run is writing into it: {holder}", "wait for it, or choose another --out")
    except OSError as error:
        os.close(lock)
        raise write_fault(path / LOCK, error) from error
    if not os.fstat(lock).st_nlink:  # its holder ended, and removed it, between our opening and our locking it
        os.close(lock)
        return take_lock(path, directory, now)
    with contextlib.suppress(OSError):  # who holds it is told to others only; a full disk stops what is needed
        os.ftruncate(lock, 0)
        write_all(lock, json.dumps({"pid": os.getpid(), "started_at": now.isoformat()}).encode())
    return lock


def _opened_private(name: str, flags: int, directory: int) -> int:
    """A file that only its owner may read and write, whatever the umask or an older run made of it."""
    descriptor = os.open(name, flags, PRIVATE_FILE, dir_fd=directory)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def forget_lock(directory: int) -> None:
    """Remove the lock's file; the lock itself lasts until its descriptor is closed."""
    with contextlib.suppress(OSError):  # a folder that can no longer be written has been reported already
        os.unlink(LOCK, dir_fd=directory)


def put_aside(path: Path, directory: int, name: str) -> None:
    """Have no file of that name any more, which takes no room on a disk; it is kept as `ASIDE` where that can be."""
    try:
        try:
            os.rename(name, ASIDE, src_dir_fd=directory, dst_dir_fd=directory)
        except OSError:
            os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
    except OSError as error:
        raise write_fault(path / name, error) from error


def is_aside(directory: int) -> bool:
    """Whether something was put aside."""
    try:
        return stat.S_ISREG(os.stat(ASIDE, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _holder(text: bytes) -> str:
    try:
        owner = json.loads(text)
        return f"pid {int(owner['pid'])}, started at {datetime.fromisoformat(owner['started_at']).isoformat()}"
    except (ValueError, TypeError, KeyError):
        return "it has just begun"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A folder for reading; InputError when it is none."""
    try:
        descriptor = os.open(path, FOLDER)
    except OSError as error:
        refuse(path, f"cannot be read: {error.strerror}", "name the folder of a run")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _below(directory: int, folders: Sequence[str], *, make: bool) -> Iterator[int]:
    """A folder some levels down, one level after another, so that none of them can be a link."""
    current = os.dup(directory)
    try:
        for folder in folders:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, PRIVATE_FOLDER, dir_fd=current)
                    os.chmod(folder, PRIVATE_FOLDER, dir_fd=current)  # whatever the umask took away
            lower = os.open(folder, FOLDER | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = lower
        yield current
    finally:
        os.close(current)


def replace(directory: int, name: str, data: bytes) -> None:
    """Write a file below the folder whole or not at all, on the disk when this returns; raises OSError."""
    *folders, last = parts(name)
    temporary = f"{OWN}{secrets.token_hex(8)}"
    with _below(directory, folders, make=True) as folder, contextlib.ExitStack() as undo:
        descriptor = _opened_private(temporary, _NEW_FILE, folder)
        undo.callback(os.unlink, temporary, dir_fd=folder)
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
        undo.pop_all()
        os.fsync(folder)


def new_journal(directory: int, name: str) -> int:
    """Make a file that is only appended to; raises OSError."""
    return _opened_private(name, _NEW_FILE | os.O_APPEND, directory)


def remove(directory: int, name: str) -> None:
    """Remove a file, a link or a folder with all that is in it; raises OSError."""
    if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        shutil.rmtree(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)


def read(directory: int, name: str) -> bytes:
    """The bytes of a regular file below the folder; raises OSError."""
    *folders, last = parts(name)
    with _below(directory, folders, make=False) as folder, open(_regular(folder, last), "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:  # it has grown since
        raise _too_large()
    return data


def digest(directory: int, name: str) -> str:
    """The sha256 of a regular file below the folder; raises OSError."""
    *folders, last = parts(name)
    with _below(directory, folders, make=False) as folder, open(_regular(folder, last), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _regular(directory: int, name: str) -> int:
    descriptor = os.open(name, _READ, dir_fd=directory)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no regular file")
    if status.st_size > MAX_BYTES:
        os.close(descriptor)
        raise _too_large()
    return descriptor


def entries(directory: int, folders: Collection[str]) -> Iterator[tuple[str, int]]:
    """What lies in the folder itself and in those folders below it, each with its kind as `stat.S_IFMT` gives it.

    A folder that is not there, cannot be read or is none now has nothing in it.
    """
    for above in ["", *folders]:
        with contextlib.suppress(OSError), _below(directory, parts(above) if above else [], make=False) as folder:
            for name in os.listdir(folder):  # noqa: PTH208 - pathlib knows no descriptors
                kind = stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
                yield f"{above}/{name}" if above else name, kind


def _too_large() -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {MAX_BYTES >> 20} MiB")


def names_below(directory: int) -> list[str]:
    """All that lies below the folder but folders, sorted; our own lock and temporary files left out."""
    return sorted(_names(directory, ""))


def _names(directory: int, above: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(OWN):
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield above + entry.name
                continue
            with _below(directory, [entry.name], make=False) as lower:
                yield from _names(lower, f"{above}{entry.name}/")
