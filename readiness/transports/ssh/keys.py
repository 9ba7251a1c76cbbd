"""The keys a login may offer: files, read once a process, and those of an agent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paramiko

_MOST = 6  # OpenSSH's MaxAuthTries: the host would end the connection at the next one
_reading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Offer:
    """One key to log in with; `method` is `publickey` or `agent`."""

    method: str
    label: str
    key: paramiko.PKey


@dataclass(frozen=True, slots=True)
class Offers:
    """The keys in the order in which they are offered, and why others cannot be."""

    keys: tuple[Offer, ...]
    unusable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the keys of a login come from: files, and the agent that the process was started with.

    Of the agent's keys those are offered that belong to the identity files (which may need a passphrase, or be the
    public half alone); all of them only when no identity file gives a key. So nothing is offered that was not meant.
    """

    identity_files: tuple[Path, ...] = ()
    use_agent: bool = False

    @contextlib.contextmanager
    def offers(self, timeout_s: float) -> Iterator[Offers]:
        """The keys, while the agent is open; an agent that does not answer counts as none."""
        loaded = {path: _loaded(path) for path in self.identity_files}
        with contextlib.ExitStack() as stack:
            agent, trouble = _agent(timeout_s, stack) if self.use_agent else ((), "")
            keys: list[Offer] = []
            unusable = [trouble] if trouble else []
            for path, key in loaded.items():
                in_agent = next((known for known in agent if known.asbytes() == _public(path, key)), None)
                if not isinstance(key, str):
                    keys.append(Offer("publickey", path.name, key))
                elif in_agent is not None:
                    keys.append(Offer("agent", path.name, in_agent))
                else:
                    unusable.append(key)
            if not keys:
                keys = [Offer("agent", f"the agent's {key.get_name()} key", key) for key in agent]
            yield Offers(tuple(keys[:_MOST]), tuple(unusable))


def _agent(timeout_s: float, stack: contextlib.ExitStack) -> tuple[tuple[paramiko.AgentKey, ...], str]:
    """The agent's keys, or why there are none; every answer of it has a deadline."""
    import paramiko  # noqa: PLC0415
    from paramiko.agent import AgentSSH, get_agent_connection  # noqa: PLC0415

    try:
        raw = get_agent_connection()
        if raw is None:
            return (), "no agent is running"
        stack.callback(_shut, raw)
        raw.settimeout(timeout_s)
        agent = AgentSSH()
        agent._connect(raw)  # type: ignore[attr-defined]  # noqa: SLF001 - paramiko.Agent would wait for ever
        return agent.get_keys(), ""
    except (OSError, paramiko.SSHException) as error:
        return (), f"the agent: {error}"


def _shut(raw: socket.socket) -> None:
    with contextlib.suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)  # wakes a thread of paramiko's that waits for a signature
    raw.close()


def _public(path: Path, key: paramiko.PKey | str) -> bytes:
    """The public half: of the key, of the file beside it, or of the file itself."""
    if not isinstance(key, str):
        return key.asbytes()
    from paramiko.message import Message  # noqa: PLC0415

    for half in (path.with_name(path.name + ".pub"), path):
        with contextlib.suppress(OSError, ValueError, IndexError):
            words = half.read_bytes().split()
            if words[0].startswith((b"ssh-", b"ecdsa-", b"sk-")):
                import base64  # noqa: PLC0415

                return Message(base64.b64decode(words[1])).asbytes()
    return b""


def _loaded(path: Path) -> paramiko.PKey | str:
    try:
        stamp = path.stat()
    except OSError as error:
        return f"key file {path}: {error.strerror}"
    if stamp.st_mode & 0o077:
        return f"key file {path}: others may read it (mode {stamp.st_mode & 0o777:04o}): chmod 600"
    with _reading:
        return _read(path, stamp.st_mtime_ns)


@lru_cache(maxsize=512)
def _read(path: Path, _changed: int) -> paramiko.PKey | str:
    """The key of a file, read once a process, or why it cannot be used."""
    import paramiko  # noqa: PLC0415

    try:
        return paramiko.PKey.from_path(path)
    except (paramiko.PasswordRequiredException, TypeError):
        return f"key file {path} needs a passphrase: use the agent"
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, OSError, ValueError) as error:
        needs = "password" in str(error).lower() or "encrypted" in str(error).lower()
        return f"key file {path}" + (" needs a passphrase: use the agent" if needs else f": no usable key: {error}")
