"""What a WinRM listener says before any logon, and the logon itself: one attempt."""

from __future__ import annotations

import base64
import binascii
import contextlib
import email.utils
import hashlib
import re
import time
from typing import Any

from readiness.core.facts import Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Limits
from readiness.core.text import one_line
from readiness.transports.budget import Budget, Failed
from readiness.transports.winrm.target import WinrmTarget
from readiness.transports.winrm.wire import Reply, Wire

HEADERS = {"Content-Type": "application/soap+xml;charset=UTF-8", "User-Agent": "readiness"}
BY_CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
REFUSED = "wrong, expired, locked or not permitted; not tried again"
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[^=\s,]|\s*(?:,|$))")
_OFFER = {"ntlm": {"negotiate", "ntlm"}, "basic": {"basic"}}


def probe_listener(target: WinrmTarget, limits: Limits, budget: Budget) -> tuple[Reached, WinrmListener | Failed]:
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
    offered = tuple(scheme[:30] for value in challenges for scheme in _SCHEME.findall(value[:1000]))[:10]
    microsoft = {"negotiate", "kerberos"} & {scheme.lower() for scheme in offered}
    named = any('realm="WSMAN"' in value for value in challenges)
    windows = str(reply.headers.get("Server", "")).startswith("Microsoft-HTTPAPI/")
    if reply.status != 401 or not (microsoft or named or windows):
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
        reason = one_line(f"{type(error).__name__}: {error}", 200)
        raise Failed(Missing(Why.UNREADABLE, f"the NTLM exchange broke (FIPS mode has no NTLM): {reason}")) from error


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
        for challenge in value.split(","):
            scheme, _, token = challenge.strip().partition(" ")
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
