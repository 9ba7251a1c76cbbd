"""Judging X.509 certificates: names, time, chain, strength. Pure; what is read comes as PEM."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from readiness.policies import certificate_strength

_LONGEST_CHAIN = 8
# DER: the tag of the version, which may be left out; and the bit of a length of several bytes.
_VERSION, _LONG = 0xA0, 0x80


@dataclass(frozen=True)
class Certificate:
    """One certificate, and those that came with it in its file."""

    own: x509.Certificate
    others: tuple[x509.Certificate, ...]

    @property
    def title(self) -> str:
        """Its subject, for messages."""
        return self.own.subject.rfc4514_string()


def load(texts: Sequence[str]) -> Certificate:
    """The first certificate of a file, with the others; ValueError for anything else."""
    read = [x509.load_pem_x509_certificate(text.encode()) for text in texts]
    return Certificate(read[0], tuple(read[1:]))


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _addresses(certificate: x509.Certificate) -> frozenset[str]:
    stated = _alternatives(certificate)
    return frozenset(str(address) for address in stated.get_values_for_type(x509.IPAddress)) if stated else frozenset()


def _names(certificate: x509.Certificate) -> frozenset[str]:
    stated = _alternatives(certificate)
    if stated is None:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return frozenset(str(name.value).lower() for name in common)
    return frozenset(name.lower() for name in stated.get_values_for_type(x509.DNSName))


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """The names and addresses it is for; the common name counts only where no other is stated (RFC 6125)."""
    return _names(certificate) | _addresses(certificate)


def is_for(certificate: x509.Certificate, name: str) -> bool:
    """Whether it is for this name or address; a star stands for one label at the left, and no name for an address."""
    wanted = name.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(wanted)) in _addresses(certificate)
    except ValueError:
        names = _names(certificate)
        return wanted in names or f"*.{wanted.partition('.')[2]}" in names


def flaw_in_time(certificate: x509.Certificate, when: datetime) -> str:
    """Why it is not valid at that time; empty when it is."""
    if when > certificate.not_valid_after_utc:
        return f"expires {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if when < certificate.not_valid_before_utc:
        return f"is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC only"
    return ""


def lasts(certificate: x509.Certificate, when: datetime, days: int) -> bool:
    """Whether it is valid for that many days more."""
    return certificate.not_valid_after_utc >= when + timedelta(days=days)


def flaw_in_chain(certificate: Certificate, authorities: Iterable[x509.Certificate], when: datetime) -> str:
    """Why no chain leads from it to one of the authorities; empty when one does. Its file has the ones between."""
    trusted, current = list(authorities), certificate.own
    for _ in range(_LONGEST_CHAIN):
        issuer = next((ca for ca in trusted if ca == current or _is_issued_by(current, ca)), None)
        if issuer is not None:
            flaw = flaw_in_time(issuer, when)
            return f"the authority {issuer.subject.rfc4514_string()} {flaw}" if flaw else ""
        between = next((ca for ca in certificate.others if ca != current and _is_issued_by(current, ca)), None)
        if between is None:
            return f"no certificate of {current.issuer.rfc4514_string()} that has issued it"
        if flaw := flaw_in_time(between, when):
            return f"{between.subject.rfc4514_string()} {flaw}"
        current = between
    return "the chain has no end"


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return constraints.ca


def weakness(certificate: x509.Certificate) -> str:
    """What is weak about its key or its signature; empty when nothing is."""
    key = certificate.public_key()
    hashed = certificate.signature_hash_algorithm
    policy = certificate_strength()
    if hashed is not None and hashed.name in policy.weak_hashes.names:
        return f"is signed with {hashed.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"has an RSA key of {key.key_size} bits" if key.key_size < policy.keys.rsa_bits else ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"has a key on {key.curve.name}" if key.curve.key_size < policy.keys.curve_bits else ""
    return "" if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) else "has a key of an old kind"


def strength(certificate: x509.Certificate) -> str:
    """Its key and the hash of its signature in words."""
    key = certificate.public_key()
    size = f" {key.key_size} bits" if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else ""
    hashed = certificate.signature_hash_algorithm
    kind = type(key).__name__.removeprefix("_").removesuffix("PublicKey")
    return f"{kind}{size}, {hashed.name if hashed else 'no hash of its own'}"


def belongs(certificate: x509.Certificate, public_key: str) -> bool:
    """Whether the private key is the certificate's; the sha256 of the SubjectPublicKeyInfo of its public half is given.

    The info as it stands in the certificate counts, and as it is written usually: of one key there is more than one.
    """
    usual = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public_key in {hashlib.sha256(info).hexdigest() for info in (usual, _info_in(certificate))}


def _info_in(certificate: x509.Certificate) -> bytes:
    """The SubjectPublicKeyInfo as it is written: after serial number, algorithm, issuer, validity and subject."""
    fields = list(_members(next(_members(certificate.tbs_certificate_bytes))[1]))
    tagged = fields[0][0][0] == _VERSION
    return fields[6 if tagged else 5][0]


def _members(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each element of DER, whole and its content."""
    while data:
        length, head = data[1], 2
        if length > _LONG:
            head += length - _LONG
            length = int.from_bytes(data[2:head])
        yield data[: head + length], data[head : head + length]
        data = data[head + length :]
