"""What the registry of a Windows host says of TLS, and which cipher suites are in use; certificates of the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.probes.reading import shown
from readiness.probes.windows.reading import (
    Row,
    flag,
    natural,
    nonempty,
    objects,
    only,
    probe,
    shape,
    text,
    texts,
    unix_time,
)

PROTOCOLS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
SIDES = ("Client", "Server")
_BUILD = re.compile(r"[1-9][0-9]{3,5}")
_SUITE = re.compile(r"(?:TLS|SSL)_[A-Za-z0-9_]+")  # with _P256 and its like at the end before Server 2016
_BY = frozenset({"cmdlet", "policy", "local"})
_THUMBPRINT = re.compile(r"[0-9A-F]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OID = re.compile(r"[0-2](?:\.[0-9]{1,10}){1,16}")


@dataclass(frozen=True, slots=True)
class ProtocolKeys:
    """The values Enabled and DisabledByDefault as the registry holds them; None where it holds none."""

    enabled: int | None
    disabled_by_default: int | None


@dataclass(frozen=True, slots=True)
class SChannel(Fact):
    """The switches as they stand, and the build that says what an absent one means.

    `protocols` are keyed `TLS 1.2/Server`, `ciphers` by their key with Enabled.
    """

    name: ClassVar[str] = "schannel"
    build: str
    protocols: Mapping[str, ProtocolKeys]
    ciphers: Mapping[str, int | None]


def _schannel(received: list[Row]) -> SChannel:
    row = only(received, "build", "protocols", "ciphers")
    protocols: dict[str, ProtocolKeys] = {}
    for entry in objects(row["protocols"]):
        shape(entry, "protocol", "side", "enabled", "off")
        key = f"{nonempty(entry['protocol'])}/{nonempty(entry['side'])}"
        if key in protocols:
            raise ValueError(f"{shown(key)} twice")
        protocols[key] = ProtocolKeys(_dword(entry["enabled"]), _dword(entry["off"]))
    if protocols.keys() != {f"{protocol}/{side}" for protocol in PROTOCOLS for side in SIDES}:
        raise ValueError(f"not the protocols: {shown(', '.join(protocols))}")
    ciphers = {nonempty(shape(entry, "cipher", "enabled")["cipher"]): entry for entry in objects(row["ciphers"])}
    build = nonempty(row["build"])
    if not _BUILD.fullmatch(build) or len(ciphers) != len(objects(row["ciphers"])):
        raise ValueError(f"no build, or a key twice: {shown(build)}")
    return SChannel(build, protocols, {name: _dword(entry["enabled"]) for name, entry in ciphers.items()})


def _dword(value: Any) -> int | None:
    """A DWORD, of which PowerShell makes a signed number; None where there is none, ValueError for another type."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 31) <= value < 1 << 31:
        raise ValueError(f"no DWORD: {shown(str(value))}")
    return value & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class CipherSuites(Fact):
    """The cipher suites in their order; `by` is `cmdlet`, or the registry's `policy` or `local` list."""

    name: ClassVar[str] = "cipher_suites"
    by: str
    suites: tuple[str, ...]


def _cipher_suites(received: list[Row]) -> CipherSuites | Missing:
    row = only(received, "by", "suites")
    by, suites = nonempty(row["by"]), texts(row["suites"])
    if by == "nothing":
        return Missing(Why.TOOL_ABSENT, "neither Get-TlsCipherSuite nor a list in the registry")
    if by not in _BY or not suites or not all(map(_SUITE.fullmatch, suites)):
        raise ValueError(f"no list of suites: {shown(by)}, {shown(', '.join(suites))}")
    return CipherSuites(by, suites)


@dataclass(frozen=True, slots=True)
class MachineCertificate:
    """A certificate of a store of the machine; times are Unix times, `signature` is an OID.

    `thumbprint` is the SHA-1 by which Windows calls it, `sha256` the digest that a TLS client sees. `key_bits` is None
    for a key that is not RSA. `has_key` is whether its private key is there, too.
    """

    store: str
    thumbprint: str
    sha256: str
    subject: str
    issuer: str
    begins_at_s: int
    ends_at_s: int
    dns_names: tuple[str, ...]
    signature: str
    key_bits: int | None
    has_key: bool


@dataclass(frozen=True, slots=True)
class MachineCertificates(Fact):
    """The certificates of the stores My, WebHosting, CA and Root of the machine."""

    name: ClassVar[str] = "machine_certificates"
    certificates: tuple[MachineCertificate, ...]


def _certificates(received: list[Row]) -> MachineCertificates:
    certificates = [_certificate(row) for row in received]
    stores = {(certificate.store, certificate.thumbprint) for certificate in certificates}
    if len(stores) != len(certificates):
        raise ValueError("a certificate twice in one store")
    if not any(certificate.store == "Root" for certificate in certificates):
        raise ValueError("no root certificate at all: the stores were not read")
    return MachineCertificates(
        tuple(sorted(certificates, key=lambda certificate: (certificate.store, certificate.thumbprint)))
    )


_KEYS = (
    "store",
    "thumbprint",
    "sha256",
    "subject",
    "issuer",
    "begins",
    "ends",
    "names",
    "signature",
    "bits",
    "has_key",
)


def _certificate(row: Row) -> MachineCertificate:
    shape(row, *_KEYS)
    thumbprint, signature = nonempty(row["thumbprint"]), nonempty(row["signature"])
    begins, ends = unix_time(row["begins"]), unix_time(row["ends"])
    digest = nonempty(row["sha256"])
    if (
        not _THUMBPRINT.fullmatch(thumbprint)
        or not _SHA256.fullmatch(digest)
        or not _OID.fullmatch(signature)
        or ends < begins
    ):
        raise ValueError(f"no certificate: {shown(thumbprint)} {shown(signature)}")
    return MachineCertificate(
        store=nonempty(row["store"]),
        thumbprint=thumbprint,
        sha256=digest,
        subject=text(row["subject"]),
        issuer=text(row["issuer"]),
        begins_at_s=int(begins),
        ends_at_s=int(ends),
        dns_names=texts(row["names"]),
        signature=signature,
        key_bits=None if row["bits"] is None else natural(row["bits"]),
        has_key=flag(row["has_key"]),
    )


PROBES = (
    probe(SChannel, _schannel, cost=10),
    probe(CipherSuites, _cipher_suites, cost=15),
    probe(MachineCertificates, _certificates, cost=30),
)
