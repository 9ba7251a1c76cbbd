"""What a lab consists of: its hosts, their addresses and roles, the names of everything it makes."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

Role = Literal["director", "storage", "client"]

DOMAIN = "lab.example"
MAX_LABS = 16
MAX_CLIENTS = 150
STATE_FILE = "lab.json"
# Where the storage host has a filesystem of its own.
SPOOL = "/srv/spool"
NEW_STATE_FILE = "lab.json.new"

DAEMONS: dict[Role, str] = {"director": "bacula-director", "storage": "bacula-sd", "client": "bacula-fd"}


@dataclass(frozen=True)
class Host:
    """One host of the lab, as it is meant to be when nothing is wrong with it."""

    name: str
    role: Role
    address: str
    machine_id: str
    redhat: bool = False

    @property
    def fqdn(self) -> str:
        return f"{self.name}.{DOMAIN}"

    @property
    def daemon(self) -> str:
        """The systemd unit, and on Debian the package, of the host's Bacula daemon."""
        return DAEMONS[self.role]


@dataclass(frozen=True)
class Plan:
    """The lab of one state folder: every name follows from the folder, so that `down` needs nothing else."""

    state: Path
    clients: int
    redhat: bool
    subnet: int = 0

    @property
    def lab_id(self) -> str:
        return hashlib.sha256(bytes(self.state)).hexdigest()[:8]

    @property
    def name(self) -> str:
        """The name of the lab's cgroup and the mark on its interface."""
        return f"readiness-lab-{self.lab_id}"

    @property
    def interface(self) -> str:
        """The lab's interface in the namespace of who started it."""
        return f"rlab{self.subnet}"

    @property
    def network(self) -> str:
        return f"10.77.{self.subnet}.0/24"

    @property
    def admin_address(self) -> str:
        return f"10.77.{self.subnet}.1"

    @property
    def time_address(self) -> str:
        """Where the lab's time server is, which is none of the estate's hosts."""
        return f"10.77.{self.subnet}.2"

    @property
    def hosts(self) -> dict[str, Host]:
        return {host.name: host for host in self._hosts()}

    def _hosts(self) -> Iterator[Host]:
        yield self._host("dir01", "director", 11)
        yield self._host("sd01", "storage", 12)
        for number in range(1, self.clients + 1):
            yield self._host(f"client{number:02}", "client", 20 + number)
        if self.redhat:
            yield self._host("client-rh", "client", 200, redhat=True)

    def _host(self, name: str, role: Role, last: int, *, redhat: bool = False) -> Host:
        # The leading letter keeps YAML from ever reading a number in it.
        machine_id = "a" + hashlib.sha256(f"{self.lab_id}/{name}".encode()).hexdigest()[:31]
        return Host(name, role, f"10.77.{self.subnet}.{last}", machine_id, redhat)

    def save(self) -> None:
        text = json.dumps({"clients": self.clients, "redhat": self.redhat, "subnet": self.subnet})
        new = self.state / NEW_STATE_FILE
        new.write_text(text + "\n")
        new.replace(self.state / STATE_FILE)

    @classmethod
    def load(cls, state: Path) -> Self:
        state = state.resolve()
        return cls(state, **json.loads((state / STATE_FILE).read_text()))
