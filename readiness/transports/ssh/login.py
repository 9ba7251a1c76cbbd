"""The SSH side of a connection: key exchange, the host's key compared strictly, and the login.

Every wait is one of ours with a deadline; paramiko's own waits either poll or have none.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from readiness.core.facts import HostKey, Login, Missing, Why
from readiness.core.scripts import Limits
from readiness.core.text import one_line
from readiness.transports.budget import Budget, Failed
from readiness.transports.ssh.keys import KeySource, Offer, Offers
from readiness.transports.ssh.revoked import Revoked
from readiness.transports.ssh.wire import Wire

if TYPE_CHECKING:
    import paramiko

_TICK_S = 0.5
_KEEPALIVE_S = 3
_WINDOW = 1 << 19  # what a flood may cost in memory; more than enough for outputs of 1 MiB
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_MACS = (
    *("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
    *("hmac-sha2-256", "hmac-sha2-512"),
)
_KEX = (  # finite-field groups last: paramiko takes 25 ms of CPU for them
    *("mlkem768x25519-sha256", "curve25519-sha256@libssh.org", "curve25519-sha256"),
    *("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"),
    *("diffie-hellman-group16-sha512", "diffie-hellman-group14-sha256", "diffie-hellman-group-exchange-sha256"),
)
_KEYS = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)
# What a server offered, by the words with which paramiko says that nothing of it will do.
_OFFERED = {
    "kex": "kex_algo_list",
    "host key": "server_key_algo_list",
    "ciphers": "server_encrypt_algo_list",
    "macs": "server_mac_algo_list",
}


@dataclass
class Heard:
    """What the host said in messages that paramiko only logs."""

    offered: dict[str, list[str]] = field(default_factory=dict)
    disconnect: str = ""
    open_failure: str = ""


class Session:
    """One SSH connection over a wire; `close` ends its thread."""

    def __init__(self, wire: Wire) -> None:
        import paramiko  # noqa: PLC0415

        _quiet()
        self.wire, self.heard = wire, Heard()
        self.transport = paramiko.Transport(wire, default_window_size=_WINDOW)  # type: ignore[arg-type]
        # Its timer would outlive a connection that failed, and every wait here has a deadline anyway.
        self.transport.packetizer.start_handshake = lambda timeout: None  # type: ignore[method-assign] # noqa: ARG005
        _listen(self.transport, self.heard)

    def close(self) -> None:
        """Close the wire, which wakes paramiko's thread, and wait for that."""
        self.wire.close()
        self.transport.close()
        if self.transport.is_alive():
            self.transport.join(5)

    def negotiate(self, pinned: tuple[str, ...], limits: Limits, budget: Budget) -> None:
        """Exchange keys; raises Failed. The banner has `connect_s`, the whole `login_s`."""
        transport = self.transport
        options = transport.get_security_options()
        options.ciphers = [name for name in _CIPHERS if name in options.ciphers]
        options.digests = [name for name in _MACS if name in options.digests]
        options.kex = [name for name in _KEX if name in options.kex]
        options.key_types = [name for name in _preferred(pinned) if name in options.key_types]
        transport.banner_timeout = limits.login_s + 1
        transport.clear_to_send_timeout = min(10.0, limits.login_s)
        until = budget.until(limits.login_s)
        banner = min(until, budget.until(limits.connect_s))
        event = threading.Event()
        transport.start_client(event=event)
        while not event.is_set():
            now = time.monotonic()
            if now >= until or (now >= banner and not transport.remote_version):
                raise Failed(budget.cause(self._late(limits)))
            event.wait(min(_TICK_S, (until if transport.remote_version else banner) - now))
        if not transport.is_active() or not transport.initial_kex_done:
            failed = self._broken()
            raise Failed(budget.cause(failed.missing), again=failed.again)
        transport.set_keepalive(_KEEPALIVE_S)

    def _late(self, limits: Limits) -> Missing:
        if self.transport.remote_version:
            return Missing(Why.LOGIN_TIMED_OUT, f"no key exchange within {limits.login_s:g} s")
        answer = f", but {self.wire.first_line()!r}" if self.wire.first_line() else ""
        return Missing(Why.NOT_SSH, f"no SSH banner within {limits.connect_s:g} s{answer}")

    def _broken(self) -> Failed:
        """Why the key exchange ended."""
        import paramiko  # noqa: PLC0415

        error = self.transport.get_exception()
        if self.wire.flooded:
            return Failed(Missing(Why.NOT_SSH, self.wire.flooded))
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            remedy = "let its SSH server offer current algorithms"
            return Failed(Missing(Why.LEGACY_ALGORITHMS, self._legacy(str(error)), remedy))
        answer = self.wire.first_line()
        if self.transport.remote_version:
            reason = self._reason(error)
            return Failed(Missing(Why.CONNECTION_LOST, f"during the key exchange: {reason}"), again=True)
        if not answer:
            return Failed(Missing(Why.CONNECTION_LOST, "closed before the SSH banner"), again=True)
        if answer.startswith(("Not allowed at this time", "Exceeded MaxStartups")):
            return Failed(Missing(Why.CONNECTION_LOST, f"the host lets nobody in for now: {answer}"))
        return Failed(Missing(Why.NOT_SSH, f"it answered {answer!r}"))

    def _reason(self, error: BaseException | None) -> str:
        """The host's own words on ending the connection, else paramiko's."""
        return one_line(self.heard.disconnect or str(error or "") or "closed by the host", 200)

    def _legacy(self, error: str) -> str:
        version = one_line(self.transport.remote_version, 60)
        for word, key in _OFFERED.items():
            if f"no acceptable {word}" in error:
                offered = one_line(", ".join(self.heard.offered.get(key, [])), 300)
                return f"no acceptable {word.removesuffix('s')}: {version} offers {offered}"
        return f"{version}: {one_line(error, 200)}"

    def prove(self, pinned: tuple[str, ...], known_as: str, revoked: Revoked) -> HostKey:
        """The key the host proved to hold; raises Failed when it is not known at all, or revoked and not pinned."""
        key = self.transport.get_remote_server_key()
        offered = f"{key.get_name()} {key.get_base64()}"
        proved = HostKey(offered, fingerprint(offered), pinned, tuple(map(fingerprint, pinned)))
        if not pinned and (place := revoked.place_of(offered)):
            raise Failed(Missing(Why.HOST_KEY_DIFFERS, f"{proved.fingerprint} is revoked by {place}"))
        if not pinned:
            detail = f"{key.get_name()} {proved.fingerprint}"
            remedy = f"if ssh-keygen -lf on the host shows this fingerprint, add to known_hosts: {known_as} {offered}"
            raise Failed(Missing(Why.HOST_KEY_UNKNOWN, detail, remedy))
        return proved

    def login(self, user: str, source: KeySource, limit_s: float, budget: Budget) -> Login:
        """Log in with one attempt a key, never a password; raises Failed."""
        until = budget.until(limit_s)
        with source.offers(budget.left(limit_s)) as offers:
            tried: list[str] = []
            for offer in offers.keys:
                if self._offered(user, offer, until, limit_s, budget):
                    return Login(user, offer.method)
                tried.append(offer.label)
            raise Failed(_refused(user, tried, offers))

    def _offered(self, user: str, offer: Offer, until: float, limit_s: float, budget: Budget) -> bool:
        """Whether the host took this key."""
        import paramiko  # noqa: PLC0415

        event = threading.Event()
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):  # what broke is seen below
            self.transport.auth_publickey(user, offer.key, event)
        while self.transport.is_active() and not event.wait(min(_TICK_S, max(0.0, until - time.monotonic()))):
            if time.monotonic() >= until:
                late = Missing(Why.LOGIN_TIMED_OUT, f"{user}: no answer within {limit_s:g} s")
                raise Failed(budget.cause(late))
        if self.transport.is_authenticated():
            return True
        error = self.transport.get_exception()
        if not self.transport.is_active():
            raise Failed(budget.cause(self._ended(user, error)))
        methods = getattr(error, "allowed_types", None)  # of BadAuthenticationType and PartialAuthentication
        if methods is not None:
            raise Failed(_other_method(user, methods))
        return False

    def _ended(self, user: str, error: BaseException | None) -> Missing:
        """Why the connection ended under a login."""
        reason = self._reason(error)
        if "Unable to agree on a pubkey algorithm" in reason:
            detail = f"{user}: the host takes RSA keys only with SHA-1 signatures"
            return Missing(Why.LEGACY_ALGORITHMS, detail, "use an ed25519 key")
        if self.heard.disconnect:
            return Missing(Why.LOGIN_REFUSED, f"{user}: the host ended the login: {reason}")
        return Missing(Why.CONNECTION_LOST, f"during the login of {user}: {reason}")

    def tunnel(self, address: str, port: int, limit_s: float) -> paramiko.Channel:
        """A channel to a port that this host connects to; raises Failed."""
        import paramiko  # noqa: PLC0415

        try:
            return self.transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=limit_s)
        except paramiko.ChannelException as error:
            reason = one_line(self.heard.open_failure or str(error), 200)
            raise Failed(Missing(_tunnel_why(error.code, reason), reason)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            if self.transport.is_active():
                raise Failed(Missing(Why.FILTERED, f"no answer within {limit_s:.0f} s")) from error
            raise Failed(Missing(Why.CONNECTION_LOST, "the connection to it ended"), again=True) from error


def _tunnel_why(code: int, reason: str) -> Why:
    """What a jump's refusal to connect means, by its code and OpenSSH's words."""
    if code == 1:
        return Why.NOT_PERMITTED
    words = reason.lower()
    named = {
        "refused": Why.REFUSED,
        "timed out": Why.FILTERED,
        "not known": Why.NO_SUCH_NAME,
        "resolution": Why.NO_SUCH_NAME,
        "associated": Why.NO_SUCH_NAME,
    }
    return next((why for word, why in named.items() if word in words), Why.UNREACHABLE)


def _refused(user: str, tried: list[str], offers: Offers) -> Missing:
    reasons = [f"{label} not accepted" for label in tried] + list(offers.unusable)
    detail = f"{user}: {'; '.join(reasons) or 'no key to log in with: state an identity file or use the agent'}"
    remedy = f"put the public key into the authorized_keys of {user}" if tried else ""
    return Missing(Why.LOGIN_REFUSED, detail, remedy)


def _other_method(user: str, methods: list[str]) -> Missing:
    asked = one_line(", ".join(methods), 100)
    return Missing(Why.LOGIN_REFUSED, f"{user}: a key is not enough, the host asks for {asked}")


def fingerprint(key: str) -> str:
    """The SHA256 fingerprint of `type base64`, as ssh-keygen -l shows it, after the marker of a pin that has one."""
    *marker, _, blob = key.split(" ")
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    return f"{''.join(f'{word} ' for word in marker)}SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _preferred(pinned: tuple[str, ...]) -> list[str]:
    """Host key algorithms, those of the pinned keys first, so that a host with several keys proves a pinned one."""
    trusted = [key for key in pinned if not key.startswith("@")]
    kinds = {key.split(" ")[-2] for key in trusted or pinned}
    return sorted(_KEYS, key=lambda name: ("ssh-rsa" if name.startswith("rsa-") else name) not in kinds)


def _listen(transport: paramiko.Transport, heard: Heard) -> None:
    """Note what paramiko only logs: the algorithms on offer, and the host's words on ending or refusing."""
    inner: Any = transport
    parse, opened = inner._really_parse_kex_init, inner._parse_channel_open_failure  # noqa: SLF001

    def offered(message: paramiko.Message, *args: Any, **named: Any) -> dict[str, Any]:
        fields: dict[str, Any] = parse(message, *args, **named)
        heard.offered = {key: list(value) for key, value in fields.items() if isinstance(value, list)}
        return fields

    def disconnected(message: paramiko.Message) -> None:
        message.get_int()
        heard.disconnect = message.get_text()

    def open_failed(message: paramiko.Message) -> None:
        message.get_int()
        message.get_int()
        heard.open_failure = message.get_text()
        message.rewind()
        opened(message)

    inner._really_parse_kex_init = offered  # noqa: SLF001
    inner._parse_disconnect = disconnected  # noqa: SLF001
    inner._handler_table[92] = open_failed  # noqa: SLF001 - SSH_MSG_CHANNEL_OPEN_FAILURE


@lru_cache(maxsize=1)
def _quiet() -> None:
    """What paramiko logs may hold what hosts say: it goes nowhere."""
    log = logging.getLogger("paramiko")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    log.setLevel(logging.CRITICAL + 1)
