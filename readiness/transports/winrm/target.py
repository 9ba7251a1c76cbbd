"""Who is to be reached over WinRM, and how a target is made of a host's settings and the environment."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits
from readiness.core.text import one_line
from readiness.estate import Host
from readiness.estate.login import NTLM_OVER_HTTP
from readiness.transports.budget import Budget, Failed
from readiness.transports.kind import CannotReach, Surroundings
from readiness.transports.winrm.wire import Wire


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


def missing_for(host: Host, surroundings: Surroundings) -> tuple[tuple[str, str], ...]:
    """What the environment lacks for a logon to the host, each with a hint."""
    settings, missing = host.winrm, []
    if settings.auth != "certificate" and not surroundings.environment.get(settings.password_env):
        message = f"{host.name} has no password: the environment variable {settings.password_env} is not set"
        missing.append((message, "set it, or name another in winrm.password_env"))
    if settings.scheme == "http" and surroundings.environment.get(NTLM_OVER_HTTP) != "1":
        message = f"{host.name}: NTLM over http proves nothing about the host before the logon is sent to it"
        missing.append((message, f"scheme: https, or set the environment variable {NTLM_OVER_HTTP}=1"))
    return tuple(missing)


def target_of(host: Host, surroundings: Surroundings) -> WinrmTarget:
    """The estate's values, and the password from the environment, where the logon has one; raises CannotReach."""
    settings = host.winrm
    if missing := missing_for(host, surroundings):
        raise CannotReach(*missing[0], *missing[1:])
    password = surroundings.environment[settings.password_env] if settings.auth != "certificate" else ""
    try:
        return WinrmTarget(
            name=host.name,
            address=host.address,
            port=settings.effective_port,
            scheme=settings.scheme,
            auth=settings.auth,
            user=settings.user or "",
            password=password,
            ca_file=surroundings.path(settings.ca) if settings.ca else None,
            certificate=surroundings.path(settings.certificate) if settings.certificate else None,
            certificate_key=surroundings.path(settings.key) if settings.key else None,
        )
    except ValueError as error:
        raise CannotReach(str(error)) from error
