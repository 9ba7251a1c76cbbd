"""What listens for TCP connections, and which program it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from readiness.core.facts import Fact, Missing


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

    `holders` is Missing where the login may not see them; a socket without one there is the kernel's, or was held by
    a process that ended meanwhile, or by one that is kept even from root.
    """

    name: ClassVar[str] = "listening"
    sockets: tuple[Socket, ...]
    holders: Mapping[int, tuple[Holder, ...]] | Missing
