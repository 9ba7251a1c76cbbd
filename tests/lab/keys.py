"""Keys and certificates, made on the spot: SSH key pairs and the authority behind Bacula's TLS."""

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_PEM = serialization.Encoding.PEM
_PLAIN = serialization.NoEncryption()
_LIFETIME = dt.timedelta(days=3650)
_PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_BACKDATED = dt.timedelta(days=1)


@dataclass(frozen=True)
class SshKey:
    """An ed25519 key pair in OpenSSH's formats."""

    private: str
    public: str


@dataclass(frozen=True)
class TlsIdentity:
    """A host's certificate and key, in PEM."""

    certificate: str
    key: str


def new_ssh_key() -> SshKey:
    """Make a key pair; the public half has no comment."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(_PEM, serialization.PrivateFormat.OpenSSH, _PLAIN)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return SshKey(private.decode(), public.decode())


class Authority:
    """A certificate authority that lives as long as the object."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab CA")])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        builder = _builder(self._name, self._name, self._key.public_key()).add_extension(basic, critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def certificate(self) -> str:
        return self._certificate.public_bytes(_PEM).decode()

    def issue(self, fqdn: str, *, lifetime: dt.timedelta = _LIFETIME, rsa_bits: int = 0) -> TlsIdentity:
        """Issue a certificate for server and client use, with an RSA key where its length is given."""
        key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, fqdn)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = (
            _builder(subject, self._name, key.public_key(), lifetime)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(fqdn)]), critical=False)
            .add_extension(usage, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN)
        return TlsIdentity(certificate.public_bytes(_PEM).decode(), private.decode())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _PublicKey, lifetime: dt.timedelta = _LIFETIME
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
    )
