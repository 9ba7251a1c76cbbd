"""A real OpenSSH server on loopback, run by whoever runs the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.transports.ssh.target import SshTarget


@dataclass
class Sshd:
    """A running sshd: its folder with keys and log, and how to log in."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def public_host_key(self) -> str:
        return " ".join((self.folder / "host.pub").read_text().split()[:2])

    @property
    def identity(self) -> Path:
        return self.folder / "id"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def target(self, **changes: object) -> SshTarget:
        values: dict[str, object] = {
            "name": "bk01",
            "address": "127.0.0.1",
            "port": self.port,
            "user": getpass.getuser(),
            "identity_files": (self.identity,),
            "pinned": (self.public_host_key,),
        }
        return SshTarget(**{**values, **changes})  # type: ignore[arg-type]


def _binary() -> str:
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None and os.environ.get("READINESS_REQUIRE") == "all":
        pytest.fail("no sshd here")
    if found is None:
        pytest.skip("no sshd here: install openssh-server")
    return found


def new_key(path: Path, *options: str) -> Path:
    if not options:
        options = ("-t", "ed25519", "-N", "")
    subprocess.run(["ssh-keygen", "-q", "-f", path, *options], check=True, timeout=30)
    return path


@contextmanager
def sshd(folder: Path, *settings: str, forced: str | None = None, listen: str = "127.0.0.1") -> Iterator[Sshd]:
    """Start sshd with keys of its own; `forced` is a command in place of the client's, `listen` its address."""
    binary = _binary()
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    new_key(folder / "host")
    new_key(folder / "id")
    before = f'command="{forced}" ' if forced else ""
    (folder / "authorized").write_text(before + (folder / "id.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "config").write_text(
        "\n".join(
            [
                f"Port {port}",
                f"ListenAddress {listen}",
                f"HostKey {folder}/host",
                f"AuthorizedKeysFile {folder}/authorized",
                f"PidFile {folder}/pid",
                "StrictModes no",
                "PasswordAuthentication no",
                "LogLevel VERBOSE",
                *settings,
            ]
        )
        + "\n"
    )
    (folder / "log").touch()
    process = subprocess.Popen([binary, "-D", "-f", folder / "config", "-E", folder / "log"])
    try:
        _wait(port)
        yield Sshd(folder, port, process)
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError("sshd did not start")
