"""Where a folder of ours may lie: where nobody but root and the caller can change it, or put another in its place."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from readiness.run_folder.safe_files import FOLDER, PRIVATE_FOLDER, entries, refuse, replace, write_fault

_MOST_LINKS = 40
_OWN_HINT = "name a folder below one of your own"
# What is wrong with the machine, not with the name that was given.
_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


def usual(estate: Path, run_id: str, working: Path = Path()) -> Path:
    """Where a run goes unless told otherwise: reports/ in the working folder, beside the estate from within it."""
    folder, here = Path(os.path.realpath(estate)), Path(os.path.realpath(working))
    within = folder == here or folder in here.parents
    return (folder.parent if within else working) / "reports" / (folder.name or "estate") / run_id


def chosen(path: Path, apart_from: Collection[Path] = ()) -> Path:
    """The folder that was named, absolute and without links; InputError when no run may be written there.

    `apart_from` are folders that the run reads, which it may neither replace nor write into.
    """
    if path.name in {"", ".."}:
        refuse(path, "is no name of a folder for one run", "name a new or an empty folder, such as reports/today")
    with _mistakes(path):
        if path.is_symlink():
            refuse(path, "is a symbolic link", "name the folder itself")
        _refuse_shared_ways(path.absolute())
        place = Path(os.path.realpath(path.parent)) / path.name
        for folder in (Path(os.path.realpath(folder)) for folder in apart_from):
            if folder == place or place in folder.parents:
                refuse(path, f"would be emptied, and {folder} is read", "choose another folder")
            if folder in place.parents:
                refuse(path, f"lies in {folder}, which is only read", "choose another --out, or another working folder")
        return place


def make_folder(path: Path) -> int:
    """Make a folder and what leads to it, for nobody else to enter, or open it; InputError when others may change it.

    `path` is absolute and without links.
    """
    with _mistakes(path):
        _refuse_shared_ways(path)
        for folder in [*reversed([above for above in path.parents if not above.exists()]), path]:
            try:
                folder.mkdir(PRIVATE_FOLDER)
            except FileExistsError:
                continue  # it was there, or another run has just made it
            folder.chmod(PRIVATE_FOLDER)  # whatever the umask took away
        _refuse_shared_ways(path)  # once more, now that all of it is there
        descriptor = os.open(path, FOLDER | os.O_NOFOLLOW)
    state = os.fstat(descriptor)
    if who := _who_may_write(state):
        os.close(descriptor)
        refuse(path, f"{who} may write into it", f"chmod go-w {path}, or choose another --out")
    return descriptor


def new_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder that holds these files by their names; InputError for one that already holds anything."""
    directory = make_folder(chosen(path))
    try:
        if list(entries(directory, ())):
            refuse(path, "is not empty", "name a new folder")
        for name, data in files.items():
            replace(directory, name, data)
    except OSError as error:
        raise write_fault(path, error) from error
    finally:
        os.close(directory)


def _refuse_shared_ways(path: Path) -> None:
    """InputError when others may put another folder or link in the place of one on the way to this one."""
    for folder, name in _ways(path):
        state = folder.stat()
        who = _who_may_write(state)
        if not who:
            continue
        owner = _owned_by_another(state)
        if owner or not state.st_mode & stat.S_ISVTX:
            hint = _OWN_HINT if owner else f"chmod go-w {folder}, or choose another --out"
            refuse(path, f"{who} may rename what lies in {folder}", hint)
        entry = folder / name
        if os.path.lexists(entry) and (owner := _owned_by_another(entry.lstat())):
            refuse(path, f"{owner} may rename {entry}", _OWN_HINT)


def _who_may_write(state: os.stat_result) -> str:
    """Who else may write into a folder, empty for nobody.

    Where it has an access list, the bits of its group say what the list allows at most.
    """
    if state.st_mode & stat.S_IWOTH:
        return "everybody"
    return _owned_by_another(state) or ("its group" if state.st_mode & stat.S_IWGRP else "")


def _owned_by_another(state: os.stat_result) -> str:
    # In a user namespace the machine's root has no number of its own: what owns `/` stands for it.
    known = {0, os.geteuid(), Path("/").stat().st_uid}
    return "" if state.st_uid in known else f"its owner (uid {state.st_uid})"


def _ways(path: Path) -> Iterator[tuple[Path, str]]:
    """Each folder that is looked into on the way to an absolute path, as far as it exists, with the name in it."""
    folder, names, links = Path("/"), list(reversed(path.parts[1:])), 0
    while names:
        name = names.pop()
        if name == "..":
            folder = folder.parent
            continue
        if not folder.is_dir():
            return
        yield folder, name
        entry = folder / name
        if not entry.is_symlink():
            folder = entry
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = entry.readlink()
        folder = Path("/") if target.is_absolute() else folder
        names += reversed([part for part in target.parts if part != "/"])


@contextlib.contextmanager
def _mistakes(path: Path) -> Iterator[None]:
    """What the system says of a path is a mistake in it, unless the machine is at its end."""
    try:
        yield
    except OSError as error:
        if error.errno in _FAULTS:
            raise write_fault(path, error) from error
        refuse(path, f"cannot be a run folder: {error.strerror}", "name a new or an empty folder")
    except ValueError as error:
        refuse(path, f"is no path: {error}", "name a new or an empty folder")
