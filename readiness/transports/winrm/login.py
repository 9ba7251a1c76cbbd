"""Who is to be reached over WinRM, what its listener says before any logon, and the logon itself: one attempt."""

from __future__ import annotations

import base64
import binascii
import contextlib
import email.utils
import hashlib
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readiness.core.facts import Login, Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Limits
from readiness.core.text import one_line
from readiness.transports import Budget
from readiness.transports.winrm.wire import Failed, Reply, Wire

if TYPE_CHECKING:
    from pathlib import Path

HEADERS = {"Content-Type": "application/soap+xml;charset=UTF-8", "User-Agent": "readiness"}
BY_CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
REFUSED = "wrong, expired, locked or not permitted; not tried again"
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[^=\s,]|\s*(?:,|$))")
_OFFER = {"ntlm": {"negotiate", "ntlm"}, "basic": {"basic"}}


@dataclass(frozen=True)
class WinrmTarget:
    """How a host is reached: `scheme` is http or https, `auth` ntlm, basic or certificate.

    The listener's certificate must prove `address` to the CAs of `ca_file`, or to the system's when that is None.
    Raises ValueError for what would send a secret in the clear or cannot be done.
    """

    name: str
    address: str
    port: int = 5986
    scheme: str = "https"
    auth: str = "ntlm"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    def __post_init__(self) -> None:
        if self.scheme not in {"http", "https"}:
            raise ValueError(f"{self.name}: the scheme is http or https, not {self.scheme!r}")
        if self.auth == "kerberos":
            raise ValueError(f"{self.name}: kerberos is not in this version; use ntlm, or basic or certificate")
        if self.auth not in {"ntlm", "basic", "certificate"}:
            raise ValueError(f"{self.name}: the logon is by ntlm, basic or certificate, not {self.auth!r}")
        if self.auth != "ntlm" and self.scheme == "http":
            raise ValueError(f"{self.name}: {self.auth} over plain HTTP would send secrets in the clear; use https")
        if self.auth == "certificate" and not (self.certificate and self.certificate_key):
            raise ValueError(f"{self.name}: a logon by certificate needs a certificate and its key")
        if self.auth != "certificate" and not (self.user and self.password):
            raise ValueError(f"{self.name}: a logon by {self.auth} needs a user and a password")

    @property
    def url(self) -> str:
        """The listener's address in full."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}/wsman"

    @property
    def sealed(self) -> bool:
        """Whether the messages are encrypted by the logon's own keys: those that no TLS covers are, always."""
        return self.scheme == "http"

    @property
    def who(self) -> str:
        """The user's name, or the certificate's file."""
        return self.user or str(self.certificate)

    def tls(self) -> ssl.SSLContext | None:
        """What proves the host, and us when the logon is by certificate; raises Failed."""
        if self.scheme == "http":
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.auth == "certificate" and self.certificate:
                # Windows asks for it after the handshake, which its TLS 1.3 cannot do: ansible/ansible#81197.
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.load_cert_chain(self.certificate, self.certificate_key)
        except OSError as error:  # SSLError is one
            raise Failed(Missing(Why.LOGIN_REFUSED, f"certificate files: {one_line(str(error), 200)}")) from error
        return context

    def connect(self, limits: Limits, budget: Budget) -> Wire:
        """A connection of its own; raises Failed."""
        return Wire(self.address, self.port, limits.connect_s, budget, self.tls())


def knock(target: WinrmTarget, limits: Limits, budget: Budget) -> tuple[Reached, WinrmListener | Failed]:
    """One request without credentials: what the listener is, or why no logon may be tried.

    Raises Failed where there is no connection.
    """
    with contextlib.closing(target.connect(limits, budget)) as wire:
        reached = Reached(wire.address, target.port, wire.rtt_s)
        begun_s = time.time()
        try:
            reply = wire.exchange(b"", HEADERS, limits.connect_s, Why.NOT_WINRM)
        except Failed as failed:
            return reached, failed
        listener = _listener(target, wire, reply, (begun_s + time.time()) / 2)
    if listener is None:
        server = one_line(reply.headers.get("Server", "no name"), 60)
        return reached, Failed(Missing(Why.NOT_WINRM, f"HTTP {reply.status} from {server}"))
    return reached, listener


def offer_fails(target: WinrmTarget, listener: WinrmListener) -> Missing | None:
    """Why a logon would be refused before it is tried, or None."""
    wanted = _OFFER.get(target.auth)
    if wanted is None or wanted & {scheme.lower() for scheme in listener.offered}:
        return None
    offered = ", ".join(listener.offered) or "none"
    remedy = f"enable it in WSMan:\\localhost\\Service\\Auth, or use a scheme that is offered: {offered}"
    return Missing(Why.SCHEME_NOT_OFFERED, f"{target.auth} is not among {offered}; no logon was tried", remedy)


def _listener(target: WinrmTarget, wire: Wire, reply: Reply, sent_s: float) -> WinrmListener | None:
    challenges = reply.headers.get_all("WWW-Authenticate", [])
    offered = tuple(found[:30] for value in challenges for found in _SCHEME.findall(value[:1000]))[:10]
    known = {"negotiate", "kerberos"} & {scheme.lower() for scheme in offered}
    named = any('realm="WSMAN"' in value for value in challenges)
    windows = str(reply.headers.get("Server", "")).startswith("Microsoft-HTTPAPI/")
    if reply.status != 401 or not (known or named or windows):
        return None
    return WinrmListener(
        scheme=target.scheme,
        port=target.port,
        offered=offered,
        used=target.auth,
        sealed=target.sealed,
        offset_s=_offset_s(str(reply.headers.get("Date", "")), sent_s),
        certificate_sha256=hashlib.sha256(wire.certificate).hexdigest() if wire.certificate else None,
    )


def _offset_s(date: str, now_s: float) -> float | None:
    """The host's clock minus ours by a header that is cut to whole seconds."""
    try:
        return round(email.utils.parsedate_to_datetime(date).timestamp() + 0.5 - now_s, 1)
    except (ValueError, OverflowError, OSError):
        return None


def log_on(target: WinrmTarget, wire: Wire, limits: Limits) -> Any:
    """The keys of an NTLM logon, an spnego context; None for logons that each request carries. Raises Failed."""
    if target.auth != "ntlm":
        return None
    try:
        return _ntlm(target, wire, limits.login_s)
    except Failed:
        raise
    except Exception as error:  # the library's own errors, and those of a machine without MD4 and RC4
        told = one_line(f"{type(error).__name__}: {error}", 200)
        raise Failed(Missing(Why.UNREADABLE, f"the NTLM exchange broke (FIPS mode has no NTLM): {told}")) from error


def _ntlm(target: WinrmTarget, wire: Wire, limit_s: float) -> Any:
    import spnego  # noqa: PLC0415 - slow
    from spnego.channel_bindings import GssChannelBindings  # noqa: PLC0415

    bindings = None
    if wire.certificate:
        proof = b"tls-server-end-point:" + _end_point(wire.certificate)
        bindings = GssChannelBindings(application_data=proof)
    client = spnego.client(
        target.user,
        target.password,
        hostname=target.address,
        service="http",
        channel_bindings=bindings,
        protocol="ntlm",
        options=spnego.NegotiateOptions.use_ntlm,
    )
    asked = _token(wire, client.step(), limit_s)
    reply = client.step(_challenge(target, asked))
    answered = _token(wire, reply, limit_s)
    if answered.status == 401:
        raise Failed(Missing(Why.LOGIN_REFUSED, f"{target.user}: {REFUSED}"))
    if answered.status != 200:
        raise Failed(Missing(Why.WINRM_FAULT, f"HTTP {answered.status} to the logon of {target.user}"))
    return client


def _token(wire: Wire, token: bytes | None, limit_s: float) -> Reply:
    value = f"Negotiate {base64.b64encode(token or b'').decode()}"
    return wire.exchange(b"", {**HEADERS, "Authorization": value}, limit_s, Why.LOGIN_TIMED_OUT)


def _challenge(target: WinrmTarget, reply: Reply) -> bytes:
    for value in reply.headers.get_all("WWW-Authenticate", []):
        for one in value.split(","):
            scheme, _, token = one.strip().partition(" ")
            if scheme.lower() == "negotiate" and token:
                with contextlib.suppress(binascii.Error):
                    return base64.b64decode(token, validate=True)
    raise Failed(Missing(Why.LOGIN_REFUSED, f"{target.user}: the host answered NTLM with HTTP {reply.status}"))


def _end_point(certificate: bytes) -> bytes:
    """The hash of a certificate that binds a logon to its TLS, RFC 5929 section 4.1."""
    from cryptography import x509  # noqa: PLC0415 - slow
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    own = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    digest = hashes.Hash(hashes.SHA256() if own is None or own.name in {"md5", "sha1"} else own)
    digest.update(certificate)
    return digest.finalize()


def login(target: WinrmTarget) -> Login:
    """The login as a fact."""
    return Login(target.who, target.auth)
