"""What listens for TCP connections, and which program it is, which only root may see of other users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output
from readiness.probes.probe import Probe
from readiness.probes.reading import complaints, counted, fields, lines, number, script, shown, tag_of

_TEXT = script("listening")
# proc(5): the kernel prints an address as numbers of its own byte order.
_BIG_ENDIAN = frozenset({"ppc", "ppc64", "s390", "s390x", "sparc64"})
_MACHINE = re.compile(r"[a-z0-9_]+")
_LOCAL = re.compile(r"([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})")
_HELD = re.compile(r"row\t/proc/([1-9][0-9]{0,9})/fd/[0-9]{1,10}\tsocket:\[([0-9]{1,15})\]\t\.")
_PROGRAM = re.compile(r"row\t/proc/([1-9][0-9]{0,9})/exe\t([\t -~]+)\t\.")
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Socket:
    """A listening socket: its address (an IPv4 address that an IPv6 socket has is shown as such), port and inode."""

    address: str
    port: int
    inode: int

    @property
    def is_loopback(self) -> bool:
        """Whether only the host itself can connect to it."""
        return ip_address(self.address).is_loopback

    def __str__(self) -> str:
        """Address and port as they are written."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a socket, and the path of its program, the one it had where that was replaced since."""

    pid: int
    program: str


@dataclass(frozen=True, slots=True)
class Listening(Fact):
    """The listening sockets by port and address, and the processes that hold each by its inode.

    `holders` is Missing where they may not be seen; a socket without one there is the kernel's, or was held by
    a process that ended meanwhile, or by one that is kept even from root.
    """

    name: ClassVar[str] = "listening"
    sockets: tuple[Socket, ...]
    holders: Mapping[int, tuple[Holder, ...]] | Missing


def parse_listening(output: Output) -> Listening:
    """One line a socket and their number, then rows of find for whom they belong to, and their number."""
    machine, read, *rest = lines(output)
    (name,) = fields(machine, "machine", 1)
    if not _MACHINE.fullmatch(name):
        raise ValueError(f"no machine: {shown(name)}")
    order = "big" if name in _BIG_ENDIAN else "little"
    if fields(read, "read", 1) != ["0"]:
        raise ValueError(f"/proc/net cannot be read: {shown(' '.join(rest))}")
    at = next((at for at, line in enumerate(rest) if tag_of(line) == "count"), 0)
    sockets = sorted(
        (_socket(local, inode, order) for local, inode in counted(rest[:at], rest[at], "socket", 2)),
        key=lambda socket: (socket.port, socket.address, socket.inode),
    )
    if len({socket.inode for socket in sockets}) != len(sockets):
        raise ValueError("one socket twice")
    rows = rest[at + 1 : -1]
    if number(*fields(rest[-1], "count", 1)) != len(rows):
        raise ValueError(f"{len(rows)} rows, and {shown(rest[-1])}")
    return Listening(tuple(sockets), _holders(output, rows, sockets))


def _socket(local: str, inode: str, order: str) -> Socket:
    match = _LOCAL.fullmatch(local)
    if match is None:
        raise ValueError(f"no address: {shown(local)}")
    words = (bytes.fromhex(match[1][at : at + 8]) for at in range(0, len(match[1]), 8))
    address = ip_address(b"".join(word if order == "big" else word[::-1] for word in words))
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return Socket(str(mapped or address), int(match[2], 16), number(inode))


def _holders(output: Output, rows: list[str], sockets: list[Socket]) -> Mapping[int, tuple[Holder, ...]]:
    """The holders of each socket; ValueError for what find does not print or says in other words."""
    if strange := complaints(output):
        raise ValueError(f"find: {shown(strange[0])}")
    if rows[-1:] not in (["row\t/status\t0\t."], ["row\t/status\t1\t."]):
        raise ValueError(f"find did not come to its end: {shown(' '.join(rows[-1:]))}")
    programs: dict[int, str] = {}
    pids_of: dict[int, set[int]] = {socket.inode: set() for socket in sockets}
    for row in rows[:-1]:
        if match := _HELD.fullmatch(row):
            pids_of[number(match[2])].add(int(match[1]))
        elif (match := _PROGRAM.fullmatch(row)) and int(match[1]) not in programs:
            programs[int(match[1])] = match[2].removesuffix(_DELETED)
        else:
            raise ValueError(f"not one process: {shown(row)}")
    if not programs:  # find itself is one
        raise ValueError("no process at all")
    return {
        inode: tuple(Holder(pid, programs[pid]) for pid in sorted(pids & programs.keys()))
        for inode, pids in pids_of.items()
    }


PROBES = (Probe(Listening, _TEXT, parse_listening, cost=45, as_root=True),)
