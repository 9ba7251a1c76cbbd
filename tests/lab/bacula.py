"""Bacula's configuration on the lab's hosts, its catalogue, and running a job."""

import re
import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.plan import Host

TLS_FOLDER = "etc/bacula/tls"
_MAKE_TABLES = Path("/usr/share/bacula-director/make_sqlite3_tables")
_TLS = """
  TLS Enable = yes
  TLS Require = yes
  TLS CA Certificate File = /etc/bacula/tls/ca.pem
  TLS Certificate = /etc/bacula/tls/host.pem
  TLS Key = /etc/bacula/tls/host.key
"""
# Who is called states this, too; who calls always checks the other's certificate.
_VERIFIED = f"{_TLS}  TLS Verify Peer = yes\n"
_WORK = """
  Working Directory = /var/lib/bacula
  Pid Directory = /run/bacula
  Maximum Concurrent Jobs = 20
"""


def catalogue(path: Path) -> None:
    """Make an empty sqlite3 catalogue with the tables of the installed version."""
    script = _MAKE_TABLES.read_text()
    found = re.search(r"<<END-OF-DATA\n(.*?)\nEND-OF-DATA", script, re.DOTALL)
    if found is None:
        raise LabError(f"no SQL found in {_MAKE_TABLES}")
    connection = sqlite3.connect(path)
    try:
        connection.executescript(found[1])
    finally:
        connection.close()


class Configuration:
    """The configuration files of one estate, with passwords of its own."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        self._hosts = list(hosts)
        self._director = self._only("director")
        self._storage = self._only("storage")
        self._clients = [host for host in self._hosts if host.role == "client"]
        self._passwords = {host.name: secrets.token_urlsafe(24) for host in self._hosts}

    def files(self, host: Host) -> dict[str, str]:
        """The files of a host by their names below `/etc/bacula`."""
        match host.role:
            case "director":
                return {"bacula-dir.conf": self._director_file(), "bconsole.conf": self._console_file()}
            case "storage":
                return {"bacula-sd.conf": self._storage_file()}
            case "client":
                return {"bacula-fd.conf": self._client_file(host)}

    def password(self, host: Host) -> str:
        """What a host and the director have in common."""
        return self._passwords[host.name]

    def _only(self, role: str) -> Host:
        return next(host for host in self._hosts if host.role == role)

    def _director_file(self) -> str:
        director, storage = self._director, self._storage
        return f"""Director {{
  Name = {director.name}-dir
  Dir Port = 9101
  Dir Address = {director.address}
  Query File = /etc/bacula/scripts/query.sql
  Password = "{self._passwords[director.name]}"
  Messages = Standard{_WORK}{_VERIFIED}}}

Storage {{
  Name = {storage.name}-sd
  Address = {storage.fqdn}
  SD Port = 9103
  Password = "{self._passwords[storage.name]}"
  Device = Volumes
  Media Type = File
  Maximum Concurrent Jobs = 10{_TLS}}}

Catalog {{
  Name = Catalogue
  dbname = bacula
  dbuser = ""
  dbpassword = ""
}}

Messages {{
  Name = Standard
  append = "/var/log/bacula/bacula.log" = all, !skipped
  catalog = all
}}

Pool {{
  Name = Default
  Pool Type = Backup
  Label Format = "Vol-"
  Recycle = yes
  Auto Prune = yes
  Volume Retention = 30 days
  Maximum Volume Bytes = 64M
  Maximum Volumes = 20
}}

FileSet {{
  Name = Etc
  Include {{
    Options {{
      signature = MD5
    }}
    File = /etc/ssh
    File = /etc/hostname
  }}
}}
{"".join(self.job(client) for client in self._clients)}"""

    def job(self, client: Host) -> str:
        """A client as the director knows it, and the job that backs it up."""
        return f"""
Client {{
  Name = {client.name}-fd
  Address = {client.fqdn}
  FD Port = 9102
  Catalog = Catalogue
  Password = "{self._passwords[client.name]}"
  File Retention = 30 days
  Job Retention = 60 days
  Auto Prune = yes{_TLS}}}

Job {{
  Name = backup-{client.name}
  Type = Backup
  Level = Full
  Client = {client.name}-fd
  FileSet = Etc
  Storage = {self._storage.name}-sd
  Messages = Standard
  Pool = Default
}}
"""

    def _console_file(self) -> str:
        director = self._director
        return f"""Director {{
  Name = {director.name}-dir
  Dir Port = 9101
  Address = {director.fqdn}
  Password = "{self._passwords[director.name]}"{_TLS}}}
"""

    def _storage_file(self) -> str:
        storage = self._storage
        return f"""Storage {{
  Name = {storage.name}-sd
  SD Port = 9103
  SD Address = {storage.address}
  Plugin Directory = /usr/lib/bacula{_WORK}{_VERIFIED}}}

Director {{
  Name = {self._director.name}-dir
  Password = "{self._passwords[storage.name]}"{_VERIFIED}}}

Device {{
  Name = Volumes
  Media Type = File
  Archive Device = /var/lib/bacula/volumes
  Label Media = yes
  Random Access = yes
  Automatic Mount = yes
  Removable Media = no
  Always Open = no
  Maximum Concurrent Jobs = 5
}}

Messages {{
  Name = Standard
  director = {self._director.name}-dir = all
}}
"""

    def _client_file(self, client: Host) -> str:
        return f"""Director {{
  Name = {self._director.name}-dir
  Password = "{self._passwords[client.name]}"{_VERIFIED}}}

FileDaemon {{
  Name = {client.name}-fd
  FD Port = 9102
  FD Address = {client.address}
  Plugin Directory = /usr/lib/bacula{_WORK}{_TLS}}}

Messages {{
  Name = Standard
  director = {self._director.name}-dir = all, !skipped, !restored
}}
"""
