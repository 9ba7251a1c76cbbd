"""Free space: the filesystem that a path lies on, and whether it is mounted and can be written to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, counted, fields, lines, no_tool, number, script, shown, tag_of

# The statuses of `timeout`, as in transports.posix.
_TIMED_OUT = frozenset({"124", "137", "143"})
# proc_pid_mountinfo(5): a space, a tab, a line break and a backslash are written in octal.
_OCTAL = re.compile(r"\\([0-7]{3})")
_TAGS = ("asked", "path", "waited", "mount", "count")
_WORD = re.compile(r"[!-~]+")
_REASONS = {"No such file or directory": "absent", "Not a directory": "absent", "Permission denied": "kept"}


@dataclass(frozen=True, slots=True)
class Filesystem:
    """One filesystem: where it is mounted, its kind, and what is left in it for everybody but root.

    `inodes` and `free_inodes` are None where it has no fixed number of them (btrfs).
    """

    mount: str
    kind: str
    size_bytes: int
    free_bytes: int
    inodes: int | None
    free_inodes: int | None
    read_only: bool


@dataclass(frozen=True, slots=True)
class Space(Fact):
    """The filesystem of each path asked for, None for a path that is not there.

    One that gave no answer in time, or is kept from the login, is Missing.
    """

    name: ClassVar[str] = "space"
    filesystems: Mapping[str, Filesystem | Missing | None]


@dataclass(frozen=True, slots=True)
class _Mount:
    """A line of mountinfo; `over` is the number of the mount that it was mounted on."""

    number: int
    over: int
    point: str
    kind: str
    read_only: bool


def parse_space(output: Output) -> Space | Missing:
    """A line a path asked for, one a path that answered, whether all did, and all mounts with their number."""
    received = lines(output)
    (login,) = fields(received[0] if received else "", "login", 1)
    if missing := no_tool(received[1:]):
        return missing
    by_tag = {tag: [line for line in received[1:] if tag_of(line) == tag] for tag in _TAGS}
    if sum(map(len, by_tag.values())) != len(received) - 1 or not "".join(received).isascii():
        raise ValueError("a line out of its place")
    asked = [fields(line, "asked", 1)[0] for line in by_tag["asked"]]
    answers = dict(_answer(line) for line in by_tag["path"])
    if len({*asked}) != len(asked) or len(answers) != len(by_tag["path"]) or not answers.keys() <= {*asked}:
        raise ValueError("a path twice, or one that nobody asked for")
    (status,) = fields("".join(by_tag["waited"]), "waited", 1)
    if (status != "0" or len(answers) < len(asked)) and (status not in _TIMED_OUT or len(answers) == len(asked)):
        raise ValueError(f"{len(answers)} of {len(asked)} answers, and the status {shown(status)}")
    mounts = [_mount(line) for (line,) in counted(by_tag["mount"], "".join(by_tag["count"]), "mount", 1)]
    return Space({path: _filesystem(path, answers.get(path), mounts, login) for path in asked})


def _answer(line: str) -> tuple[str, list[str]]:
    path, *answer = line.split("\t")[1:-1]
    if not line.endswith("\t.") or len(answer) not in {3, 7}:
        raise ValueError(f"not one path: {shown(line)}")
    return path, answer


def _mount(line: str) -> _Mount:
    """`36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw`: the options of the mount and of the whole."""
    before, dash, after = line.partition(" - ")
    own, of_filesystem = before.split(" "), after.split(" ")
    if not dash or len(own) < 6 or len(of_filesystem) != 3 or not _WORD.fullmatch(of_filesystem[0]):
        raise ValueError(f"not one mount: {shown(line)}")
    switches = [chosen({"ro": True, "rw": False}, options.split(",")[0]) for options in (own[5], of_filesystem[2])]
    parent = number(own[1])
    return _Mount(
        number(own[0]),
        parent,
        _OCTAL.sub(lambda match: chr(int(match[1], 8)), own[4]),
        of_filesystem[0],
        read_only=any(switches),
    )


def _filesystem(path: str, answer: list[str] | None, mounts: list[_Mount], login: str) -> Filesystem | Missing | None:
    """What a path's answer says; None for a path that is not there."""
    if answer is None or answer[1] in _TIMED_OUT:
        return Missing(Why.TIMED_OUT, f"{path} gives no answer", "find out which server does not answer (findmnt)")
    resolved, status, *numbers = answer
    if number(status):
        message = " ".join(numbers)
        reason = next((reason for words, reason in _REASONS.items() if message.endswith(f": {words}")), "")
        if reason == "absent":
            return None
        if reason == "kept":
            remedy = f"let it be searched: setfacl -m u:{login}:x on the folders above {path}"
            return Missing(Why.NOT_PERMITTED, message, remedy)
        return Missing(Why.UNREADABLE, message)
    block, blocks, free, inodes, free_inodes = map(number, numbers)
    over = [mount for mount in mounts if resolved == mount.point or resolved.startswith(mount.point.rstrip("/") + "/")]
    if not over or not resolved.startswith("/"):
        raise ValueError(f"no mount for {shown(resolved)}")
    longest = max(len(mount.point) for mount in over)
    nearest = [mount for mount in over if len(mount.point) == longest]
    covered = {mount.over for mount in nearest}
    (mount,) = (mount for mount in nearest if mount.number not in covered)
    return Filesystem(
        mount=mount.point,
        kind=mount.kind,
        size_bytes=block * blocks,
        free_bytes=block * free,
        inodes=inodes or None,
        free_inodes=free_inodes if inodes else None,
        read_only=mount.read_only,
    )


def paths_of(asking: Asking) -> tuple[str, ...]:
    """The paths that space was agreed for, each once."""
    return tuple(sorted(set(asking.space_paths)))


PROBES = (Probe(Space, script("space"), parse_space, cost=30, arguments=paths_of),)
