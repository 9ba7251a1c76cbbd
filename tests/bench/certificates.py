"""A certificate authority made on the spot, its servers' certificates and its users'."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """An authority; its own certificate is the file `ca`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self.ca = folder / "ca.pem"
        authority = x509.BasicConstraints(ca=True, path_length=None)
        made = self._made("bench CA", self._key.public_key()).add_extension(authority, critical=True)
        self.ca.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def _made(self, name: str, key: ec.EllipticCurvePublicKey, lasts: dt.timedelta = _DAY) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("bench CA"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY)
            .not_valid_after(now + lasts)
        )

    def server(self, address: str, lasts: dt.timedelta = _DAY) -> tuple[Path, Path]:
        """Certificate and key of a server at an address or name."""
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(address))
        except ValueError:
            alternative = x509.DNSName(address)
        names = x509.SubjectAlternativeName([alternative])
        return self._signed(address, names, ExtendedKeyUsageOID.SERVER_AUTH, lasts)

    def user(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of a user."""
        names = x509.SubjectAlternativeName([x509.RFC822Name(f"{name}@localhost")])
        return self._signed(name, names, ExtendedKeyUsageOID.CLIENT_AUTH, _DAY)

    def _signed(
        self, name: str, names: x509.SubjectAlternativeName, usage: x509.ObjectIdentifier, lasts: dt.timedelta
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            self._made(name, key.public_key(), lasts)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        stem = name.replace(":", "_")
        files = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        files[0].write_bytes(made.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files
