"""The reader of each host as files to hand out: one script a set of roles, and which hosts get which. Pure."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files as files_of
from pathlib import PurePath

from readiness.core.errors import InputError, Problem
from readiness.estate import Host
from readiness.planning.inputs import Inputs
from readiness.planning.scripts import asking_of
from readiness.probes import READER
from readiness.probes.reader import RULE_FILE, rule_for
from readiness.probes.reader_text import reader_text
from readiness.transports import TRANSPORTS

_LOGIN, _ROOT = "readiness", "root"
_SSH_PORT = 22
_HOW = ("hand-out.sh", "hand-out.yaml")


@dataclass(frozen=True, slots=True)
class HostReader:
    """A host, its reader's text, and the sudo rule for its login."""

    host: Host
    text: str
    rule: str

    @property
    def rule_and_its_place(self) -> str:
        """The rule as it is told beside the text."""
        return f"its rule, for {RULE_FILE} (owner root, mode 0440):\n{self.rule}"


def reader_of(inputs: Inputs, name: str, login: str | None = None) -> HostReader:
    """The reader of one host, for this login or the one that the estate states; InputError where it has none."""
    hosts = inputs.estate.hosts
    if (host := hosts.get(name)) is None:
        near = get_close_matches(name, hosts, n=3, cutoff=0.3)
        raise InputError([Problem(f"--host {name}", 0, 0, "no such host", f"hosts: {', '.join(near or hosts)}")])
    if reason := _needs_none(host, login):
        raise InputError([Problem(f"--host {name}", 0, 0, f"needs no reader: {reason}")])
    (reader,) = _readers([host], inputs, login)
    return reader


def readers_of(inputs: Inputs, login: str | None = None) -> tuple[HostReader, ...]:
    """The reader of each host that needs one, in the estate's order; InputError where none does."""
    reasons = {host.name: _needs_none(host, login) for host in inputs.estate.hosts.values()}
    if all(reasons.values()):
        told = [Problem(name, 0, 0, f"needs no reader: {reason}") for name, reason in reasons.items()]
        raise InputError(told or [Problem("estate.yaml", 0, 0, "the estate has no host")])
    return tuple(_readers([host for host in inputs.estate.hosts.values() if not reasons[host.name]], inputs, login))


def files_to_hand_out(readers: Sequence[HostReader]) -> Mapping[str, str]:
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
        **{name: (files_of("readiness.planning") / "hand_out" / name).read_text(encoding="utf-8") for name in _HOW},
    }


def handing_out(files: Mapping[str, str], folder: PurePath) -> Iterator[str]:
    """Which host gets which of the files, and how, once they lie in this folder."""
    for row in files["hosts.tsv"].splitlines():
        name, *_, file = row.split("\t")
        yield f"{name}: {file}"
    place = shlex.quote(str(folder))
    yield f"to hand them out: sh {place}/hand-out.sh install"
    yield f"              or: ansible-playbook -i {place}/inventory.yaml {place}/hand-out.yaml"


def _needs_none(host: Host, login: str | None) -> str:
    """Why a host needs no reader; empty where it needs one."""
    if TRANSPORTS[host.transport].speaks != "posix":
        return f"it is read over {host.transport}"
    return "its login is root" if (login or host.ssh.user) == _ROOT else ""


def _readers(hosts: Sequence[Host], inputs: Inputs, login: str | None) -> Iterator[HostReader]:
    problems = []
    for host in hosts:
        name = login or host.ssh.user or _LOGIN
        try:
            yield HostReader(host, reader_text(asking_of(host, inputs), READER.parts), rule_for(name))
        except ValueError as error:
            place = f"--user {login}" if login else f"{host.name}: ssh.user"
            problems.append(Problem(place, 0, 0, str(error), "a login that sudo takes for no other word"))
    if problems:
        raise InputError(problems)


def _name(host: Host, taken: list[str]) -> str:
    """A file's name by the host's roles, with a number where folders of its own make another reader of them."""
    roles = sorted(f"{product}-{role}" for product, own in host.products.items() for role in own)
    name = f"readiness-read.{'+'.join(roles) or 'no-role'}"
    count = sum(other == name or other.startswith(f"{name}.") for other in taken)
    return f"{name}.{count + 1}" if count else name


def _row(reader: HostReader, name: str) -> str:
    host, digest = reader.host, hashlib.sha256(reader.text.encode()).hexdigest()
    return "\t".join([host.name, host.address, str(host.ssh.port), reader.rule, digest, name])


def _variables(reader: HostReader, name: str) -> Mapping[str, object]:
    host = reader.host
    # 22 is what there is without a port, and who hands out may have another one in an ssh_config.
    port = {"ansible_port": host.ssh.port} if host.ssh.port != _SSH_PORT else {}
    return {"ansible_host": host.address, **port, "reader": name, "rule": reader.rule}
