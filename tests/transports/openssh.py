"""A real OpenSSH server on a high port of 127.0.0.1, with what its log says of logins."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

USER = getpass.getuser()
REQUIRE_ALL = os.environ.get("READINESS_REQUIRE") == "all"


def require(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where everything is required."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("PATH", ""))
    if found is None:
        (pytest.fail if REQUIRE_ALL else pytest.skip)(f"{program} is not installed")
    return str(found)


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    subprocess.run(
        [require("ssh-keygen"), "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", str(path)], check=True
    )
    return path


def public(path: Path) -> str:
    """`type base64` of a key file."""
    return " ".join(path.with_name(path.name + ".pub").read_text().split()[:2])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Sshd:
    """One server; `options` are lines of sshd_config."""

    folder: Path
    host_keys: tuple[Path, ...]
    authorized: tuple[Path, ...]
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Sshd:
        self.folder.mkdir(exist_ok=True)
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        keys = self.folder / "authorized_keys"
        keys.write_text("".join(f"{public(path)}\n" for path in self.authorized))
        lines = [
            *(f"HostKey {path}" for path in self.host_keys),
            *self.options,  # the first value counts
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"AuthorizedKeysFile {keys}",
            f"PidFile {self.folder}/pid",
            "LogLevel DEBUG1",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            "MaxStartups 100",
            "PrintMotd no",
        ]
        config = self.folder / "sshd_config"
        config.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen([require("sshd"), "-D", "-f", str(config), "-E", str(self.log_file)])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    probe.recv(100)
                    return self
            time.sleep(0.02)
        raise RuntimeError(self.log())

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 5.0) -> bool:
        """Whether the log says it before long: the server writes after the client has gone."""
        deadline = time.monotonic() + seconds
        while text not in self.log() and time.monotonic() < deadline:
            time.sleep(0.02)
        return text in self.log()

    def logins_tried(self) -> int:
        """How many requests to log in the server has seen."""
        return self.log().count("userauth-request for user")

    def children(self) -> list[int]:
        """The server's own children: one process a connection."""
        if self.process is None:
            return []
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def kill_connections(self) -> None:
        for pid in self.children():
            grandchildren = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for each in (pid, *map(int, grandchildren)):
                with_suppressed_kill(each)

    def stop(self) -> None:
        if self.process is None:
            return
        children = self.children()
        self.process.kill()
        self.process.wait(10)
        for pid in children:
            with_suppressed_kill(pid)
        self.process = None


def with_suppressed_kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
