from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from readiness.rules import certificates

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@dataclass
class Made:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def make(
    name: str,
    issuer: Made | None = None,
    *,
    ca: bool = False,
    until: dt.datetime = NOW + 100 * DAY,
    alternatives: tuple[x509.GeneralName, ...] = (),
    public: rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | None = None,
) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 100 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Made(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def chain(*made: Made) -> certificates.Certificate:
    return certificates.load([one.pem for one in made])


ROOT = make("root", ca=True)
BETWEEN = make("between", ROOT, ca=True)
LEAF = make("leaf", BETWEEN)


def test_a_chain_needs_what_stands_between() -> None:
    root = [ROOT.certificate]
    assert not certificates.flaw_in_chain(chain(LEAF, BETWEEN), root, NOW)
    assert "CN=between" in certificates.flaw_in_chain(chain(LEAF), root, NOW)
    assert "CN=between" in certificates.flaw_in_chain(chain(LEAF, make("between", ROOT, ca=True)), root, NOW)
    assert not certificates.flaw_in_chain(chain(LEAF), [BETWEEN.certificate], NOW)
    assert not certificates.flaw_in_chain(chain(ROOT), root, NOW)
    assert certificates.flaw_in_chain(chain(LEAF, BETWEEN), [], NOW)


def test_who_is_no_authority_issues_nothing() -> None:
    middle = make("middle", ROOT)
    leaf = make("leaf", middle)
    assert "CN=middle" in certificates.flaw_in_chain(chain(leaf, middle), [ROOT.certificate], NOW)


def test_a_chain_is_valid_as_long_as_its_shortest_part() -> None:
    short = make("short", ROOT, ca=True, until=NOW + DAY)
    leaf = make("leaf", short)
    assert not certificates.flaw_in_chain(chain(leaf, short), [ROOT.certificate], NOW)
    assert "CN=short expires" in certificates.flaw_in_chain(chain(leaf, short), [ROOT.certificate], NOW + 2 * DAY)
    assert "authority CN=root expires" in certificates.flaw_in_chain(
        chain(make("x", ROOT, until=NOW + 500 * DAY)), [ROOT.certificate], NOW + 200 * DAY
    )


def test_time() -> None:
    one = make("x").certificate
    assert not certificates.flaw_in_time(one, NOW)
    assert not certificates.flaw_in_time(one, NOW + 100 * DAY)
    assert certificates.flaw_in_time(one, NOW + 101 * DAY) == "expires 2027-03-11 00:00 UTC"
    assert "from 2026-08-23" in certificates.flaw_in_time(one, NOW - 101 * DAY)
    assert certificates.lasts(one, NOW, 100)
    assert not certificates.lasts(one, NOW, 101)


@pytest.mark.parametrize(
    ("alternatives", "name", "is_for"),
    [
        ((), "leaf.example", True),
        ((), "other.example", False),
        (("a.example", "b.example"), "B.example.", True),
        (("a.example",), "leaf.example", False),
        (("*.example",), "a.example", True),
        (("*.example",), "a.b.example", False),
        (("*.example",), "example", False),
        (("192.0.2.1",), "192.0.2.1", False),
    ],
)
def test_names(alternatives: tuple[str, ...], name: str, is_for: bool) -> None:
    made = make("leaf.example", alternatives=tuple(map(x509.DNSName, alternatives)))
    assert certificates.is_for(made.certificate, name) is is_for


def test_an_address_stands_as_an_address() -> None:
    import ipaddress  # noqa: PLC0415

    made = make("x", alternatives=(x509.IPAddress(ipaddress.ip_address("192.0.2.1")),))
    assert certificates.is_for(made.certificate, "192.0.2.1")
    assert not certificates.is_for(made.certificate, "192.0.2.2")


def test_strength() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - that is the fault
    strong = rsa.generate_private_key(65537, 2048).public_key()
    assert "1024 bits" in certificates.weakness(make("x", public=weak).certificate)
    assert not certificates.weakness(make("x", public=strong).certificate)
    assert "secp192r1" in certificates.weakness(
        make("x", public=ec.generate_private_key(ec.SECP192R1()).public_key()).certificate
    )
    assert not certificates.weakness(make("x").certificate)
    assert not certificates.weakness(make("x", public=ed25519.Ed25519PrivateKey.generate().public_key()).certificate)
    assert certificates.strength(make("x", public=strong).certificate) == "RSA 2048 bits, sha256"


def test_a_key_belongs_to_one_certificate() -> None:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    public = hashlib.sha256(LEAF.key.public_key().public_bytes(serialization.Encoding.DER, info)).hexdigest()
    assert certificates.belongs(LEAF.certificate, public)
    assert not certificates.belongs(BETWEEN.certificate, public)
