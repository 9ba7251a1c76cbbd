"""Windows hosts of the bench beside a lab, which are clients of its director: for the embedded estate."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from readiness.estate.login import NTLM_OVER_HTTP
from tests.bench.certificates import Authority
from tests.bench.machine import Machine
from tests.bench.winrm_server import Host as Listening
from tests.bench.winrm_server import Listener
from tests.lab.bacula import Configuration
from tests.lab.keys import Authority as Keys
from tests.lab.lab import Lab
from tests.lab.plan import Host

WORD, VARIABLE, USER = "throw away", "READINESS_LAB_PASSWORD", "readiness"
HOSTS = {
    "fd01": Host("fd01", "client", "10.99.0.31", "3d5b9f0e7c1a4c529d7e000000000031"),
    "fd02": Host("fd02", "client", "10.99.0.32", "3d5b9f0e7c1a4c529d7e000000000032"),
}
SCHEMES = {"fd01": "https", "fd02": "http"}
ENVIRONMENT = {VARIABLE: WORD, NTLM_OVER_HTTP: "1"}
GROUP = "windows_clients"
_TLS = r"C:\Program Files\Bacula\tls"
Change = Callable[[dict[str, Any]], None]


class WindowsHosts:
    """The hosts, known to a running lab: by name on each of its hosts, and as clients to its director."""

    def __init__(self, lab: Lab) -> None:
        """Make them known."""
        self._lab = lab
        self._configuration = Configuration([*lab.hosts.values(), *HOSTS.values()])
        self._certificates = {name: _certified(host.fqdn) for name, host in HOSTS.items()}
        names = "".join(f"{host.address}\t{host.fqdn} {host.name}\n" for host in HOSTS.values())
        for name in lab.hosts:
            lab.exec(name, "sh", "-c", "cat >> /etc/hosts", stdin=names)
        clients = "".join(map(self._configuration.job, HOSTS.values()))
        lab.exec("dir01", "sh", "-c", "cat >> /etc/bacula/bacula-dir.conf", stdin=clients)
        lab.exec("dir01", "systemctl", "restart", "bacula-director")

    @contextmanager
    def up(self, folder: Path, faults: Mapping[str, Change]) -> Iterator[Path]:
        """An estate of the lab's hosts and these, which listen until the end; `faults` change what a host is."""
        authority = Authority(folder / "authority")
        ports = {}
        with ExitStack() as stack:
            for name, scheme in SCHEMES.items():
                machine = self._machine(name, folder, faults.get(name))
                certificate = authority.server("127.0.0.1") if scheme == "https" else None
                listener = Listener({USER: WORD}, machine.environment, certificate)
                ports[name] = stack.enter_context(Listening(listener)).port
            yield self._estate(folder / "estate", authority, ports)

    def _machine(self, name: str, folder: Path, fault: Change | None) -> Machine:
        def change(description: dict[str, Any]) -> None:
            self._call_it(HOSTS[name], description)
            if fault is not None:
                fault(description)

        return Machine.load("win2022", folder / f"{name}-base").changed(change, folder / name)

    def _call_it(self, host: Host, description: dict[str, Any]) -> None:
        """Make a machine this host of this lab: its names, its address, the others', and its secret."""
        lab = self._lab.hosts
        text = json.dumps(description).replace("WIN2022", host.name.upper()).replace("win2022", host.name)
        text = text.replace(f"{host.name}.pem", "win2022.pem")  # the file stays where it is
        text = text.replace("20348a0b1c2d", host.machine_id[-12:]).replace("10.99.0.22", host.address)
        text = text.replace("10.99.0.11", lab["dir01"].address)
        text = re.sub(r'(Password = \\")[^\\"]*', rf"\g<1>{self._configuration.password(host)}", text)
        description.clear()
        description.update(json.loads(text))
        for peer in (lab["dir01"], lab["sd01"]):
            description["dns"]["forward"][peer.fqdn] = [peer.address]
            description["dns"]["reverse"][peer.address] = [peer.fqdn]
        description["files"] |= self._certificates[host.name]

    def _estate(self, folder: Path, authority: Authority, ports: Mapping[str, int]) -> Path:
        folder.mkdir()
        for name in ("known_hosts", "../id_ed25519"):
            copy = folder / name
            copy.touch(0o600)
            copy.write_bytes((self._lab.estate / name).read_bytes())
        (folder / "ca.pem").write_bytes(authority.ca.read_bytes())
        # Sorted, as the recording is: a host is asked for its peers in the order of the estate.
        for file, more in (("estate.yaml", _more_estate(ports)), ("baseline.yaml", _MORE_BASELINE)):
            document = yaml.safe_load((self._lab.estate / file).read_text())
            (folder / file).write_text(yaml.safe_dump(_merged(document, more)))
        return folder


def _certified(fqdn: str) -> dict[str, Any]:
    """The files of a certificate for the name that the director knows, of an authority of the host's own."""
    authority = Keys()
    identity = authority.issue(fqdn)
    texts = {"ca.pem": authority.certificate, "host.pem": identity.certificate, "host.key": identity.key}
    return {rf"{_TLS}\{name}": {"text": text} for name, text in texts.items()}


def _more_estate(ports: Mapping[str, int]) -> dict[str, Any]:
    return {
        "winrm": {"user": USER, "password_env": VARIABLE, "ca": "ca.pem"},
        "groups": {GROUP: {"title": "File daemons on Windows"}},
        "hosts": {
            name: {
                "fqdn": HOSTS[name].fqdn,
                "address": "127.0.0.1",
                "os": "windows",
                "transport": "winrm",
                "winrm": {"scheme": SCHEMES[name], "auth": "ntlm", "port": port},
                "owner": "windows-ops",
                "groups": [GROUP],
                "products": {"bacula": ["client"]},
                "uses": {"director": "dir01", "storage": "sd01"},
            }
            for name, port in ports.items()
        },
    }


_MORE_BASELINE: dict[str, Any] = {
    "operating_systems": [{"id": "windows", "version": "2022"}],
    "clock": {"max_offset_s": 30.0},
    "listening": {
        "also": [
            {"port": 135, "process": "svchost.exe", "groups": [GROUP]},
            {"port": 5985, "process": "System", "groups": [GROUP]},
        ]
    },
    "space": [{"path": "C:\\", "groups": [GROUP], "min_free_percent": 5.0, "min_free_inodes_percent": 5.0}],
    "windows": {
        "tls_min": "1.2",
        "firewall_profiles": ["Domain", "Private", "Public"],
        "excluded_folders": ["D:\\Backup"],
    },
}


def _merged(base: Any, more: Any) -> Any:
    """Mappings are merged, lists joined, anything else is replaced."""
    if isinstance(base, dict) and isinstance(more, dict):
        return {**base, **{key: _merged(base.get(key), value) for key, value in more.items()}}
    return [*base, *more] if isinstance(base, list) and isinstance(more, list) else more
