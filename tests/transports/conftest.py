"""Keys and servers that the tests of this folder share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.transports.ssh.target import SshTarget
from tests.transports.openssh import USER, Sshd, make_key, public


@dataclass(frozen=True)
class Keys:
    """Two host keys of different types, a login that is let in, one that is not."""

    host: Path
    host_rsa: Path
    good: Path
    bad: Path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    return Keys(
        make_key(folder / "host"),
        make_key(folder / "host_rsa", "rsa"),
        make_key(folder / "good"),
        make_key(folder / "bad"),
    )


@pytest.fixture
def start(keys: Keys, tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """Starts a server of its own for one test."""
    servers: list[Sshd] = []

    def start(*options: str, host_keys: tuple[Path, ...] | None = None) -> Sshd:
        folder = tmp_path / f"sshd{len(servers)}"
        servers.append(Sshd(folder, host_keys or (keys.host,), (keys.good,), options))
        return servers[-1].start()

    try:
        yield start
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def sshd(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One ordinary server for a module."""
    server = Sshd(tmp_path_factory.mktemp("sshd"), (keys.host, keys.host_rsa), (keys.good,)).start()
    try:
        yield server
    finally:
        server.stop()


def target_of(server: Sshd, keys: Keys, **changes: object) -> SshTarget:
    values: dict[str, object] = {
        "name": "host",
        "address": "127.0.0.1",
        "port": server.port,
        "user": USER,
        "identity_files": (keys.good,),
        "pinned": (public(keys.host),),
    }
    return SshTarget(**{**values, **changes})  # type: ignore[arg-type]


def open_sockets() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return count


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """After each test there are as many threads and sockets as before."""
    threads, sockets = set(threading.enumerate()), open_sockets()
    yield
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and open_sockets() > sockets:
        time.sleep(0.01)  # the far ends of a bench in this process close a moment later
    assert open_sockets() <= sockets
    assert set(threading.enumerate()) <= threads
