"""Reaching and entering one host over SSH: socket, key exchange, pinned host key, login, each with its own reason."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits
from readiness.transports import Stop

if TYPE_CHECKING:
    import paramiko

_KEEPALIVE_S = 3
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_MACS = (
    *("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
    *("hmac-sha2-256", "hmac-sha2-512"),
)
_KEX = (
    *("mlkem768x25519-sha256", "curve25519-sha256@libssh.org", "curve25519-sha256"),
    *("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"),
    *("diffie-hellman-group16-sha512", "diffie-hellman-group14-sha256", "diffie-hellman-group-exchange-sha256"),
)
_KEYS = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)


@dataclass(frozen=True)
class SshTarget:
    """How to reach and log in to one host; `pinned` keys as `type base64`, `jump` a host to go through."""

    name: str
    address: str
    port: int
    user: str
    identity_files: tuple[Path, ...] = ()
    use_agent: bool = False
    pinned: tuple[str, ...] = ()
    jump: SshTarget | None = None


class Failed(Exception):
    """A connection that came to nothing, with what was learnt of it."""

    def __init__(self, missing: Missing, *, again: bool = False) -> None:
        self.missing, self.again = missing, again
        self.reached: Reached | None = None
        self.host_key: HostKey | None = None
        super().__init__(str(missing))


@dataclass
class Connection:
    """A host that proved its key and let us in."""

    transport: paramiko.Transport
    reached: Reached
    host_key: HostKey
    login: Login


@contextlib.contextmanager
def connected(target: SshTarget, limits: Limits, deadline: float, stop: Stop) -> Iterator[Connection]:
    """A connection that is logged in; closed with its threads and sockets whatever happens."""
    with contextlib.ExitStack() as stack:
        started = time.monotonic()
        raw, address = _socket(target, limits, deadline, stop, stack)
        reached = Reached(address, target.port, time.monotonic() - started)
        stack.enter_context(stop.closing(lambda: _shut(raw)))
        try:
            transport = _negotiated(raw, target, limits, deadline, stack)
        except Failed as failed:
            failed.reached = reached if failed.missing.why is Why.LEGACY_ALGORITHMS else None
            raise
        host_key: HostKey | None = None
        try:
            host_key = _proved(transport, target)
            login = _logged_in(transport, target, min(limits.login_s, deadline - time.monotonic()))
        except Failed as failed:
            failed.reached, failed.host_key = reached, host_key or failed.host_key
            raise
        yield Connection(transport, reached, host_key, login)


def _shut(raw: socket.socket | paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        raw.shutdown(socket.SHUT_RDWR)


def _socket(
    target: SshTarget, limits: Limits, deadline: float, stop: Stop, stack: contextlib.ExitStack
) -> tuple[socket.socket | paramiko.Channel, str]:
    if target.jump is not None:
        return _through(target, target.jump, limits, deadline, stop, stack)
    timeout_s = max(0.1, min(limits.connect_s, deadline - time.monotonic()))
    try:
        raw = socket.create_connection((target.address, target.port), timeout=timeout_s)
    except socket.gaierror as error:
        raise Failed(Missing(Why.NO_SUCH_NAME, f"{target.address}: {error.strerror}")) from error
    except ConnectionRefusedError as error:
        raise Failed(Missing(Why.REFUSED, f"{target.address} port {target.port}")) from error
    except TimeoutError as error:
        place = f"{target.address} port {target.port}, {timeout_s:.0f} s"
        raise Failed(Missing(Why.FILTERED, place)) from error
    except OSError as error:
        again = isinstance(error, ConnectionResetError)
        raise Failed(Missing(Why.UNREACHABLE, f"{target.address}: {error.strerror}"), again=again) from error
    stack.callback(raw.close)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # without it 80 ms a connection are waited away
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # a peer that vanished is noticed by what it does not acknowledge
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limits.connect_s * 1000))
    return raw, str(raw.getpeername()[0])


def _through(
    target: SshTarget, jump: SshTarget, limits: Limits, deadline: float, stop: Stop, stack: contextlib.ExitStack
) -> tuple[paramiko.Channel, str]:
    import paramiko  # noqa: PLC0415

    try:
        connection = stack.enter_context(connected(jump, limits, deadline, stop))
    except Failed as failed:
        reason = Missing(failed.missing.why, f"through {jump.name}: {failed.missing}", failed.missing.remedy)
        raise Failed(Missing(Why.UNREACHABLE, str(reason), reason.remedy)) from failed
    timeout_s = max(0.1, min(limits.connect_s, deadline - time.monotonic()))
    try:
        place = (target.address, target.port)
        channel = connection.transport.open_channel("direct-tcpip", place, ("127.0.0.1", 0), timeout=timeout_s)
    except paramiko.ChannelException as error:
        why = Why.REFUSED if error.code == 2 else Why.UNREACHABLE
        raise Failed(Missing(why, f"{target.address} port {target.port} through {jump.name}: {error}")) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Failed(Missing(Why.FILTERED, f"{target.address} port {target.port} through {jump.name}")) from error
    stack.callback(channel.close)
    return channel, target.address


def _negotiated(
    raw: socket.socket | paramiko.Channel,
    target: SshTarget,
    limits: Limits,
    deadline: float,
    stack: contextlib.ExitStack,
) -> paramiko.Transport:
    import paramiko  # noqa: PLC0415

    _quiet()
    timeout_s = max(0.1, min(limits.login_s, deadline - time.monotonic()))
    transport = paramiko.Transport(raw)
    stack.callback(_close, transport)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout_s
    options = transport.get_security_options()
    options.ciphers = [name for name in _CIPHERS if name in options.ciphers]
    options.digests = [name for name in _MACS if name in options.digests]
    options.kex = [name for name in _KEX if name in options.kex]
    options.key_types = [name for name in _preferred(target.pinned) if name in options.key_types]
    try:
        transport.start_client(timeout=timeout_s)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise Failed(Missing(Why.LEGACY_ALGORITHMS, str(error), "let sshd offer current algorithms")) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Failed(_no_session(transport, str(error) or type(error).__name__)) from error
    if not transport.initial_kex_done:  # paramiko returns without a word when its time is up
        raise Failed(_no_session(transport, f"nothing more in {timeout_s:g} s"))
    transport.set_keepalive(_KEEPALIVE_S)
    return transport


def _no_session(transport: paramiko.Transport, told: str) -> Missing:
    if transport.remote_version:
        return Missing(Why.CONNECTION_LOST, f"no key exchange: {told}")
    return Missing(Why.NOT_SSH, f"no SSH banner: {told}")


def _preferred(pinned: tuple[str, ...]) -> list[str]:
    """Host key algorithms, those of the pinned keys first, so that a host with several keys proves a pinned one."""
    kinds = {key.split(" ")[0] for key in pinned}
    return sorted(_KEYS, key=lambda name: ("ssh-rsa" if name.startswith("rsa-") else name) not in kinds)


def _close(transport: paramiko.Transport) -> None:
    """Close and wait for the thread: paramiko's would read on after a failed start."""
    transport.close()
    if transport.is_alive():
        transport.join(5)


def _proved(transport: paramiko.Transport, target: SshTarget) -> HostKey:
    """The host's key, compared strictly before anything of ours is sent."""
    key = transport.get_remote_server_key()
    offered = f"{key.get_name()} {key.get_base64()}"
    place = target.address if target.port == 22 else f"[{target.address}]:{target.port}"
    told = HostKey(offered, _fingerprint(offered), target.pinned, tuple(map(_fingerprint, target.pinned)))
    if not target.pinned:
        remedy = f"compare {told.fingerprint} with the host's owner, then pin it in known_hosts: {place} {offered}"
        raise Failed(Missing(Why.HOST_KEY_UNKNOWN, f"{key.get_name()} {told.fingerprint}", remedy))
    if offered not in target.pinned:
        failed = Failed(Missing(Why.HOST_KEY_DIFFERS, f"{told.fingerprint} is not the pinned key: no login was tried"))
        failed.host_key = told
        raise failed
    return told


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _logged_in(transport: paramiko.Transport, target: SshTarget, timeout_s: float) -> Login:
    """One attempt a key; never a password."""
    import paramiko  # noqa: PLC0415

    transport.auth_timeout = max(timeout_s, 0.1)
    tried: list[str] = []
    refused: list[str] = []
    for method, name, key in _keys(target, refused):
        try:
            transport.auth_publickey(target.user, key)
        except paramiko.AuthenticationException as error:
            if "timeout" in str(error).lower():
                raise Failed(Missing(Why.LOGIN_TIMED_OUT, f"{target.user}, {timeout_s:.0f} s")) from error
            tried.append(name)
        except (paramiko.SSHException, EOFError, OSError) as error:
            detail = f"{target.user}: the host ended the connection ({str(error) or type(error).__name__})"
            raise Failed(Missing(Why.LOGIN_REFUSED, detail, _PENALTY)) from error
        else:
            return Login(target.user, method)
    reasons = "; ".join([*(f"{name} not accepted" for name in tried), *refused]) or "no key to offer"
    remedy = f"put the public key into the authorized_keys of {target.user}"
    raise Failed(Missing(Why.LOGIN_REFUSED, f"{target.user}: {reasons}", remedy))


_PENALTY = "OpenSSH 9.8 and later lock an address out for a while after refusals: PerSourcePenalties in sshd_config"


def _keys(target: SshTarget, refused: list[str]) -> Iterator[tuple[str, str, paramiko.PKey]]:
    import paramiko  # noqa: PLC0415

    for path in target.identity_files:
        key = _key(path)
        if isinstance(key, str):
            refused.append(f"{path}: {key}")
        else:
            yield "publickey", path.name, key
    if target.use_agent:
        agent = paramiko.Agent()
        try:
            for key in agent.get_keys():
                yield "agent", key.get_name(), key
        finally:
            agent.close()


@lru_cache(maxsize=256)
def _key(path: Path) -> paramiko.PKey | str:
    """The key of a file, read once a process, or why it cannot be used."""
    import paramiko  # noqa: PLC0415

    try:
        if path.stat().st_mode & 0o077:
            return "others may read the key file: chmod 600"
        return paramiko.PKey.from_path(path)
    except paramiko.PasswordRequiredException:
        return "the key needs a passphrase: use the agent"
    except FileNotFoundError:
        return "no such file"
    except (paramiko.SSHException, OSError, ValueError, TypeError) as error:
        if "password" in str(error):  # cryptography's word for it, under paramiko's own
            return "the key needs a passphrase: use the agent"
        return f"no usable key: {error}"


@lru_cache(maxsize=1)
def _quiet() -> None:
    """What paramiko logs may hold what hosts say: it goes nowhere."""
    log = logging.getLogger("paramiko")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    log.setLevel(logging.CRITICAL + 1)
