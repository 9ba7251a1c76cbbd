"""Certificates: named by the configuration, in the stores of a machine, and of its listener."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from readiness.configs.model import ConfigurationFile, Directive
from readiness.core.facts import Missing, Why, WinrmListener
from readiness.estate.cutover import Cutover
from readiness.planning.inputs import Inputs
from readiness.probes.access_list import NO_GETFACL, ListEntry
from readiness.probes.certificates import Certificates
from readiness.probes.configuration import Configuration
from readiness.probes.windows.tls import MachineCertificate, MachineCertificates
from tests.lab.keys import Authority

from .changes import (
    FD_CONF,
    file_of,
    with_estate,
)
from .harness import Case, Change, Clean, Store, both, changed, fact

TLS = "/etc/bacula/tls/"


def public_half(key: str) -> str:
    public = serialization.load_pem_private_key(key.encode(), None).public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public.public_bytes(serialization.Encoding.DER, info)).hexdigest()


def tls(host: str, name: str, **changes: Any) -> Callable[[Store], None]:
    """A file of the host's TLS folder is another one."""

    def change(read: Certificates) -> Certificates:
        return replace(read, files={**read.files, TLS + name: replace(read.files[TLS + name], **changes)})

    return fact(host, Certificates, change)


def certified(host: str, name: str, *, days: float = 3650, rsa_bits: int = 0) -> Callable[[Store], None]:
    """The host has a certificate of another authority, which it also names."""

    def change(store: Store) -> None:
        authority = Authority()
        identity = authority.issue(name, lifetime=timedelta(days=days), rsa_bits=rsa_bits)
        tls(host, "ca.pem", certificates=(authority.certificate,))(store)
        tls(host, "host.pem", certificates=(identity.certificate,))(store)
        tls(host, "host.key", public_key=public_half(identity.key))(store)

    return change


def listed(kind: str, name: str) -> tuple[ListEntry, ...]:
    return (ListEntry("group", "", 0, is_default=False), ListEntry(kind, name, 4, is_default=False))


def without_files(store: Store) -> None:
    changed(store, "client01", Certificates, lambda read: replace(read, files={}))


WINDOWS_TLS = "C:\\Program Files\\Bacula\\tls\\"


def windows_tls(name: str, **changes: Any) -> Callable[[Certificates], Certificates]:
    path = WINDOWS_TLS + name
    return lambda read: replace(read, files={**read.files, path: replace(read.files[path], **changes)})


def without_windows_file(name: str) -> Callable[[Certificates], Certificates]:
    return lambda read: replace(
        read, files={path: one for path, one in read.files.items() if path != WINDOWS_TLS + name}
    )


def encrypted(host: str) -> Callable[[Store], None]:
    """The host encrypts what it backs up for a key of its own, beside its TLS."""
    path = f"{TLS}data.pem"

    def added(file: ConfigurationFile) -> ConfigurationFile:
        (own,) = file.of_kind("FileDaemon")
        directives = (*own.directives, Directive("pkikeypair", path, None, "", own.location))
        resources = (replace(own, directives=directives) if one is own else one for one in file.resources)
        return replace(file, resources=tuple(resources))

    def change(read: Certificates) -> Certificates:
        identity = Authority().issue("whom the data are for")
        made = replace(read.files[f"{TLS}host.key"], path=path, certificates=(identity.certificate,))
        return replace(read, files={**read.files, path: replace(made, public_key=public_half(identity.key))})

    return both(fact(host, Configuration, file_of(FD_CONF, added)), fact(host, Certificates, change))


CASES = {
    "a key pair for the data, of no authority": Case(
        {f"CRT-00{number} client01/bacula.client": "PASS" for number in (1, 3, 4, 5, 6, 7)}, encrypted("client01")
    ),
    "CRT-001": Case({"CRT-001 client01/bacula.client": "FAIL"}, without_files),
    "CRT-001 no key that can be read": Case(
        {"CRT-001 client01/bacula.client": "UNKNOWN"}, tls("client01", "host.key", public_key="")
    ),
    "CRT-001 in a folder that nobody reads": Case(
        {"CRT-001 client01/bacula.client": "UNKNOWN"},
        fact("client01", Certificates, lambda one: replace(one, files={}, folders=("/etc/bacula/ssl",))),
    ),
    "CRT-001 a key with a passphrase": Case(
        {"CRT-001 client01/bacula.client": "UNKNOWN"},
        tls("client01", "host.key", public_key="", locked="encrypted with a passphrase"),
    ),
    "CRT-001 in a folder that others may change": Case(
        {"CRT-001 client01/bacula.client": "UNKNOWN"},
        fact("client01", Certificates, lambda one: replace(one, files={}, unread={TLS.rstrip("/"): "a reason"})),
    ),
    "CRT-002": Case({"CRT-002 client01/bacula.client~director": "FAIL"}, certified("client01", "client99.lab.example")),
    "CRT-003": Case(
        {"CRT-003 client01/bacula.client": "FAIL"}, certified("client01", "client01.lab.example", days=-0.5)
    ),
    "CRT-003 soon": Case(
        {"CRT-003 client01/bacula.client": "FAIL minor"}, certified("client01", "client01.lab.example", days=20)
    ),
    "CRT-003 no certificate": Case(
        {f"CRT-00{number} client01/bacula.client": "UNKNOWN" for number in (3, 4, 5, 6)}
        | {"CRT-002 client01/bacula.client~director": "UNKNOWN"},
        tls("client01", "host.pem", certificates=("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",)),
    ),
    "CRT-004": Case(
        {"CRT-004 client01/bacula.client": "FAIL"},
        tls("client01", "ca.pem", certificates=(Authority().certificate,)),
    ),
    "CRT-004 no authority read": Case(
        {"CRT-001 client01/bacula.client": "FAIL"},
        tls("client01", "ca.pem", certificates=()),
    ),
    "CRT-005": Case(
        {"CRT-005 client01/bacula.client": "FAIL"}, certified("client01", "client01.lab.example", rsa_bits=1024)
    ),
    "CRT-006": Case(
        {"CRT-006 client01/bacula.client": "FAIL"},
        tls("client01", "host.key", public_key=public_half(Authority().issue("x").key)),
    ),
    "CRT-007": Case({"CRT-007 client01/bacula.client": "FAIL"}, tls("client01", "host.key", mode="644")),
    "CRT-007 an access list for somebody": Case(
        {"CRT-007 client01/bacula.client": "FAIL"}, tls("client01", "host.key", access=listed("user", "bob"))
    ),
    "CRT-007 an access list for a group": Case(
        {"CRT-007 client01/bacula.client": "FAIL"}, tls("client01", "host.key", access=listed("group", "ops"))
    ),
    "CRT-007 an access list for root": Case(
        {"CRT-007 client01/bacula.client": "PASS"}, tls("client01", "host.key", access=listed("user", "root"))
    ),
    "CRT-007 an access list that was not read": Case(
        {"CRT-007 client01/bacula.client": "UNKNOWN"}, tls("client01", "host.key", access=NO_GETFACL)
    ),
    "CRT-001 Windows: no certificate": Case(
        {"CRT-001 fd01/bacula.client": "FAIL"}, fact("fd01", Certificates, without_windows_file("host.pem"))
    ),
    "CRT-001 Windows: a key that cannot be read": Case(
        {"CRT-001 fd01/bacula.client": "UNKNOWN"}, fact("fd01", Certificates, windows_tls("host.key", public_key=""))
    ),
    "CRT-001 Windows: a folder that nobody reads": Case(
        {"CRT-001 fd01/bacula.client": "UNKNOWN"},
        fact("fd01", Certificates, lambda _: Certificates((r"C:\Program Files\Bacula\ssl",), {})),
    ),
    "CRT-004 Windows: another authority": Case(
        {"CRT-004 fd01/bacula.client": "FAIL"},
        fact("fd01", Certificates, windows_tls("ca.pem", certificates=(Authority().certificate,))),
    ),
    "CRT-007 Windows: a key for everybody": Case(
        {"CRT-007 fd01/bacula.client": "FAIL"}, fact("fd01", Certificates, windows_tls("host.key", readers=("Users",)))
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)


END = datetime(2026, 12, 2, 3, tzinfo=UTC)  # of a cutover, after which certificates must last
DIGEST = "ab" * 32
LISTENER = WinrmListener("https", 5986, ("Negotiate",), "ntlm", sealed=True, offset_s=0.0, certificate_sha256=DIGEST)
OWN = MachineCertificate(
    store="My",
    thumbprint="AB" * 20,
    sha256=DIGEST,
    subject="CN=fd01.lab.example",
    issuer="CN=lab-CA",
    begins_at_s=int((END - timedelta(days=300)).timestamp()),
    ends_at_s=int((END + timedelta(days=300)).timestamp()),
    dns_names=("fd01.lab.example",),
    signature="1.2.840.113549.1.1.11",
    key_bits=2048,
    has_key=True,
)


def ending(days: float, **changes: Any) -> MachineCertificate:
    return replace(OWN, ends_at_s=int((END + timedelta(days=days)).timestamp()), **changes)


def late(days: float) -> MachineCertificate:
    return replace(OWN, begins_at_s=int((END + timedelta(days=days)).timestamp()))


def a_week_before(inputs: Inputs) -> Inputs:
    """A run a week before the cutover."""
    cutover = Cutover.model_construct(start=END - timedelta(hours=8), end=END)
    return replace(with_estate(inputs, cutover=cutover), as_of=END - timedelta(days=7))


def stores(*certificates: MachineCertificate) -> Change:
    """What stands in the stores of the machine."""
    return fact("fd01", MachineCertificates, lambda _: MachineCertificates(certificates))


def machine(check: str, outcome: str, *certificates: MachineCertificate, listener: Any = LISTENER) -> Case:
    """A case of the certificates in the stores of fd01 and of its listener."""
    presented = fact("fd01", WinrmListener, lambda _: listener)
    return Case({f"{check} fd01": outcome}, both(stores(*certificates), presented), a_week_before)


OTHER = ending(-20, sha256="cd" * 32, subject="CN=x")
DENIED = Missing(Why.NOT_PERMITTED, "a test")
CASES_OF_MACHINES = {
    "long": machine("CRT-008", "PASS", OWN),
    "over before the end of the cutover": machine("CRT-008", "FAIL", ending(-0.01)),
    "over long ago": machine("CRT-008", "FAIL", ending(-250)),
    "over soon after it": machine("CRT-008", "FAIL minor", ending(29.9)),
    "over late enough": machine("CRT-008", "PASS", ending(30)),
    "not yet valid": machine("CRT-008", "FAIL", late(1)),
    "renewed": machine("CRT-008", "PASS", ending(-20, thumbprint="CD" * 20), OWN),
    "renewed in another store": machine("CRT-008", "FAIL", ending(-20, store="WebHosting"), OWN),
    "another one is over": machine("CRT-008", "FAIL", ending(-20, subject="CN=x"), OWN),
    "another issuer's for the same name": machine("CRT-008", "FAIL", ending(-20), replace(OWN, issuer="CN=x")),
    "for other names": machine("CRT-008", "FAIL", ending(-20), replace(OWN, dns_names=("x.example",))),
    "valid later than now": machine("CRT-008", "FAIL", late(-1)),
    "renewed for later": machine("CRT-008", "PASS", OWN, replace(late(-1), thumbprint="CD" * 20)),
    "without its key": machine("CRT-008", "PASS", ending(-20, has_key=False, subject="CN=x"), OWN),
    "an authority's": machine("CRT-008", "PASS", ending(-20, store="Root"), OWN),
    "none": machine("CRT-008", "NOT_APPLICABLE", ending(-20, has_key=False)),
    "the listener's lasts": machine("CRT-009", "PASS", OTHER, OWN),
    "the listener's is over": machine("CRT-009", "FAIL", ending(-1)),
    "the listener's is over soon": machine("CRT-009", "FAIL minor", ending(1)),
    "the listener's is not in the store": machine("CRT-009", "UNKNOWN", OTHER),
    "a listener that was not asked": machine("CRT-009", "UNKNOWN", OWN, listener=DENIED),
    "a listener without TLS": machine(
        "CRT-009", "NOT_APPLICABLE", OWN, listener=replace(LISTENER, scheme="http", port=5985, certificate_sha256=None)
    ),
    "stores that may not be read": Case(
        {"CRT-008 fd01": "UNKNOWN"}, fact("fd01", MachineCertificates, lambda _: DENIED), a_week_before
    ),
}


@pytest.mark.parametrize("name", CASES_OF_MACHINES)
def test_case_of_a_machine(clean: Clean, name: str) -> None:
    CASES_OF_MACHINES[name].holds(clean)
