"""Who is to be reached over WinRM, and how a target is made of a host's settings and the environment."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits
from readiness.core.text import one_line
from readiness.estate import Host
from readiness.estate.login import NTLM_OVER_HTTP
from readiness.files import guarded
from readiness.files.guarded import Kind, Unusable
from readiness.transports.budget import Budget, Failed
from readiness.transports.kind import CannotReach, Surroundings
from readiness.transports.winrm.wire import Wire

CA = Kind("a file of certificates that are trusted", 16 << 20)
CERTIFICATE = Kind("a certificate with those above it", 1 << 20)
KEY = Kind("a private key", 32 << 10)


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

    def tls(self, within_s: float = guarded.ANSWER_S) -> ssl.SSLContext | None:
        """What proves the host, and us when the logon is by certificate; raises Failed."""
        if self.scheme == "http":
            return None
        try:
            with contextlib.ExitStack() as files:
                named = ((self.ca_file, CA), (self.certificate, CERTIFICATE), (self.certificate_key, KEY))
                ca, certificate, key = (
                    files.enter_context(_handed_over(path, kind, within_s)) if path else None for path, kind in named
                )
                context = ssl.create_default_context(cafile=ca)
                if self.auth == "certificate" and certificate:
                    # Windows asks for it after the handshake, which its TLS 1.3 cannot do: ansible/ansible#81197.
                    context.maximum_version = ssl.TLSVersion.TLSv1_2
                    context.load_cert_chain(certificate, key, _no_passphrase)
        except (OSError, ValueError, Unusable) as error:  # SSLError is an OSError
            raise Failed(Missing(Why.LOGIN_REFUSED, f"certificate files: {one_line(str(error), 200)}")) from error
        return context

    def connect(self, limits: Limits, budget: Budget) -> Wire:
        """A connection of its own; raises Failed."""
        return Wire(
            self.address, self.port, limits.connect_s, budget, self.tls(min(guarded.ANSWER_S, limits.connect_s))
        )


@contextlib.contextmanager
def _handed_over(path: Path, kind: Kind, within_s: float) -> Iterator[str]:
    """A file's bytes under a path that OpenSSL may open by itself, kept in memory only; raises Unusable."""
    data = guarded.read(path, kind, within_s)
    descriptor = os.memfd_create("readiness", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield f"/dev/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _no_passphrase() -> str:
    """OpenSSL would ask the terminal, and wait for it."""
    raise ValueError("the key needs a passphrase: name one without, which only its owner may read")


def missing_for(host: Host, surroundings: Surroundings) -> tuple[CannotReach, ...]:
    """What the environment lacks for a logon to the host."""
    settings, missing = host.winrm, []
    if settings.auth != "certificate" and not surroundings.environment.get(settings.password_env):
        message = f"{host.name} has no password: the environment variable {settings.password_env} is not set"
        missing.append(CannotReach(message, "set it, or name another in winrm.password_env"))
    if settings.scheme == "http" and surroundings.environment.get(NTLM_OVER_HTTP) != "1":
        message = f"{host.name}: NTLM over http proves nothing about the host before the logon is sent to it"
        missing.append(CannotReach(message, f"scheme: https, or set the environment variable {NTLM_OVER_HTTP}=1"))
    return tuple(missing)


def target_of(host: Host, surroundings: Surroundings) -> WinrmTarget:
    """The estate's values, and the password from the environment, where the logon has one; raises CannotReach."""
    settings = host.winrm
    CannotReach.raise_all(missing_for(host, surroundings))
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
