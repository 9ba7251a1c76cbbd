"""The keys a login may offer: files, read once a process, and those of an agent."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.files import guarded
from readiness.files.guarded import Absent, Kind, Unusable

if TYPE_CHECKING:
    import paramiko

PRIVATE_KEY = Kind("a key file", 32 << 10)  # an RSA key of 16,384 bits, the largest there is, has 13 KiB
_CERTIFICATE = "-cert.pub"
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
        within_s = min(guarded.ANSWER_S, timeout_s)
        loaded = {path: _loaded(path, within_s) for path in self.identity_files}
        with contextlib.ExitStack() as stack:
            agent, trouble = _agent(timeout_s, stack) if self.use_agent else ((), "")
            keys: list[Offer] = []
            unusable = [trouble] if trouble else []
            for path, key in loaded.items():
                in_agent = next((known for known in agent if known.asbytes() == _public(path, key, within_s)), None)
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


def files_of(path: Path) -> tuple[Path, ...]:
    """What is read for an identity file: itself, its certificate, its public half."""
    if not path.name:  # `/`, a folder that has nothing beside it
        return (path,)
    return (path, *_beside(path), path.with_name(f"{path.name}.pub"))


def _beside(path: Path) -> tuple[Path, ...]:
    return () if path.name.endswith(_CERTIFICATE) else (path.with_name(path.name + _CERTIFICATE),)


def _public(path: Path, key: paramiko.PKey | str, within_s: float) -> bytes:
    """The public half: of the key, of the file beside it, or of the file itself."""
    if not isinstance(key, str):
        return key.asbytes()
    for half in (path.with_name(path.name + ".pub"), path):
        with contextlib.suppress(Unusable, ValueError, IndexError):
            words = guarded.read(half, PRIVATE_KEY, within_s).split()
            if words[0].startswith((b"ssh-", b"ecdsa-", b"sk-")):
                return base64.b64decode(words[1])
    return b""


def _loaded(path: Path, within_s: float) -> paramiko.PKey | str:
    """The key of a file with its certificate, or why it cannot be used; the file named may be the certificate."""
    private = path.with_name(path.name.removesuffix(_CERTIFICATE))
    try:
        file = guarded.read_file(private, PRIVATE_KEY, within_s)
        if file.mode & 0o077:
            return f"key file {path}: others may read it (mode {file.mode:04o}): chmod 600"
        certificate = _certificate(private.with_name(private.name + _CERTIFICATE), within_s)
    except Unusable as error:
        return f"key file {error.path}: {error.message.removeprefix('cannot be read: ')}"
    with _reading:
        return _parsed(path, file.data, certificate)


def _certificate(path: Path, within_s: float) -> bytes:
    try:
        return guarded.read(path, PRIVATE_KEY, within_s)
    except Absent:
        return b""


@lru_cache(maxsize=512)
def _parsed(path: Path, data: bytes, certificate: bytes) -> paramiko.PKey | str:
    """The key of a file, parsed once a process, or why it cannot be used."""
    import paramiko  # noqa: PLC0415

    try:
        key = _key(data)
        if certificate:
            key.load_certificate(paramiko.Message(base64.b64decode(certificate.split()[1])))
    except (paramiko.PasswordRequiredException, TypeError):
        return f"key file {path} needs a passphrase: use the agent"
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, OSError, ValueError, IndexError) as error:
        needs = "password" in str(error).lower() or "encrypted" in str(error).lower()
        return f"key file {path}" + (" needs a passphrase: use the agent" if needs else f": no usable key: {error}")
    return key


def _key(data: bytes) -> paramiko.PKey:
    """As `PKey.from_path`, which would open the file by itself."""
    import paramiko  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    loaded: object
    try:
        loaded = serialization.load_ssh_private_key(data, password=None)
    except ValueError:
        loaded = serialization.load_pem_private_key(data, password=None)
    kinds: dict[type, type[paramiko.PKey]] = {
        rsa.RSAPrivateKey: paramiko.RSAKey,
        ed25519.Ed25519PrivateKey: paramiko.Ed25519Key,
        ec.EllipticCurvePrivateKey: paramiko.ECDSAKey,
    }
    kind = next((key for interface, key in kinds.items() if isinstance(loaded, interface)), None)
    if kind is None:
        raise paramiko.pkey.UnknownKeyType(key_type=type(loaded), key_bytes=data)
    return kind.from_private_key(io.StringIO(data.decode()))
