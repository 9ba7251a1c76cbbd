"""The reader of each host as files to hand out: one script a set of roles, and which hosts get which. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from readiness.estate import Host
from readiness.planning.inputs import Inputs
from readiness.planning.scripts import asking_of
from readiness.probes import READER
from readiness.probes.reader import rule_for
from readiness.probes.reader_text import reader_text
from readiness.transports import TRANSPORTS

_LOGIN = "readiness"
_HOW = ("hand-out.sh", "hand-out.yaml")


@dataclass(frozen=True, slots=True)
class HostReader:
    """A host, its reader's text, and the sudo rule for its login."""

    host: Host
    text: str
    rule: str


def readers_of(inputs: Inputs, login: str | None = None) -> Iterator[HostReader]:
    """The reader of each host that has one, in the estate's order.

    `login` is who reads the hosts; without it the one that the estate states. Raises ValueError for no login's name.
    """
    for host in inputs.estate.hosts.values():
        if TRANSPORTS[host.transport].speaks == "posix":
            text = reader_text(asking_of(host, inputs), READER.parts)
            yield HostReader(host, text, rule_for(login or host.ssh.user or _LOGIN))


def files_to_hand_out(readers: list[HostReader]) -> Mapping[str, str]:
    """Each file by its name: the readers, which host gets which, and two ways to bring them there."""
    names: dict[str, str] = {}
    for reader in readers:
        if reader.text not in names:
            names[reader.text] = _name(reader.host, list(names.values()))
    rows = [(reader, names[reader.text]) for reader in readers]
    inventory = {"all": {"hosts": {reader.host.name: _variables(reader, name) for reader, name in rows}}}
    return {
        **{name: text for text, name in names.items()},
        "hosts.tsv": "".join(f"{_row(reader, name)}\n" for reader, name in rows),
        "inventory.yaml": json.dumps(inventory, indent=2) + "\n",  # JSON is YAML, too
        **{name: (files("readiness.planning") / "hand_out" / name).read_text(encoding="utf-8") for name in _HOW},
    }


def _name(host: Host, taken: list[str]) -> str:
    """A file's name by the host's roles, with a number where folders of its own make another reader of them."""
    roles = sorted(f"{product}-{role}" for product, own in host.products.items() for role in own)
    name = f"readiness-read.{'+'.join(roles) or 'no-role'}"
    count = sum(other == name or other.startswith(f"{name}.") for other in taken)
    return f"{name}.{count + 1}" if count else name


def _row(reader: HostReader, name: str) -> str:
    host = reader.host
    return "\t".join([host.name, host.address, str(host.ssh.port), reader.rule, name])


def _variables(reader: HostReader, name: str) -> Mapping[str, object]:
    host = reader.host
    return {"ansible_host": host.address, "ansible_port": host.ssh.port, "reader": name, "rule": reader.rule}
