"""The certificates in a Windows machine's own stores, and the one by which it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from readiness.core.facts import HostFacts, Missing, Why, WinrmListener
from readiness.core.outcomes import Outcome, Result, Severity
from readiness.probes.windows.tls import MachineCertificate, MachineCertificates

from .test_windows import inputs, of_windows, recorded, with_facts

END = datetime(2026, 12, 2, 3, tzinfo=UTC)  # of the cutover
DIGEST = "ab" * 32
LISTENER = WinrmListener("https", 5986, ("Negotiate",), "ntlm", sealed=True, offset_s=0.0, certificate_sha256=DIGEST)
OWN = MachineCertificate(
    store="My",
    thumbprint="AB" * 20,
    sha256=DIGEST,
    subject="CN=win2022.lab.example",
    issuer="CN=lab-CA",
    begins_at_s=int((END - timedelta(days=300)).timestamp()),
    ends_at_s=int((END + timedelta(days=300)).timestamp()),
    dns_names=("win2022.lab.example",),
    signature="1.2.840.113549.1.1.11",
    key_bits=2048,
    has_key=True,
)


def ending(days: float, **changes: Any) -> MachineCertificate:
    return replace(OWN, ends_at_s=int((END + timedelta(days=days)).timestamp()), **changes)


def late(days: float) -> MachineCertificate:
    return replace(OWN, begins_at_s=int((END + timedelta(days=days)).timestamp()))


@pytest.fixture(scope="module")
def store() -> Mapping[str, HostFacts]:
    return {"win2022": HostFacts("win2022", recorded("win2022"), {})}


def outcome(store: Mapping[str, HostFacts], check: str, *held: MachineCertificate, **more: Any) -> Outcome:
    facts = {"machine_certificates": MachineCertificates(held), "winrm_listener": LISTENER, **more}
    return of_windows(inputs(), with_facts(store, **facts))[check]


CASES: dict[str, tuple[tuple[MachineCertificate, ...], Result, Severity | None]] = {
    "long": ((OWN,), Result.PASS, None),
    "over before the end of the cutover": ((ending(-0.01),), Result.FAIL, Severity.BLOCKER),
    "over long ago": ((ending(-250),), Result.FAIL, Severity.BLOCKER),
    "over soon after it": ((ending(29.9),), Result.FAIL, Severity.MINOR),
    "over late enough": ((ending(30),), Result.PASS, None),
    "not yet valid": ((late(1),), Result.FAIL, Severity.BLOCKER),
    "renewed": ((ending(-20, thumbprint="CD" * 20), OWN), Result.PASS, None),
    "renewed in another store": ((ending(-20, store="WebHosting"), OWN), Result.FAIL, Severity.BLOCKER),
    "another one is over": ((ending(-20, subject="CN=x"), OWN), Result.FAIL, Severity.BLOCKER),
    "another issuer's for the same name": ((ending(-20), replace(OWN, issuer="CN=x")), Result.FAIL, Severity.BLOCKER),
    "for other names": ((ending(-20), replace(OWN, dns_names=("x.example",))), Result.FAIL, Severity.BLOCKER),
    "valid later than now": ((late(-1),), Result.FAIL, Severity.BLOCKER),
    "renewed for later": ((OWN, replace(late(-1), thumbprint="CD" * 20)), Result.PASS, None),
    "without its key": ((ending(-20, has_key=False, subject="CN=x"), OWN), Result.PASS, None),
    "an authority's": ((ending(-20, store="Root"), OWN), Result.PASS, None),
    "none": ((ending(-20, has_key=False),), Result.NOT_APPLICABLE, None),
}


@pytest.mark.parametrize("name", CASES)
def test_certificates_with_keys_last(store: Mapping[str, HostFacts], name: str) -> None:
    held, result, severity = CASES[name]
    found = outcome(store, "CRT-008", *held)
    assert found.outcome is result, found.message
    assert severity in {None, found.severity}


def test_the_listener_s_certificate_lasts(store: Mapping[str, HostFacts]) -> None:
    other = ending(-20, sha256="cd" * 32, subject="CN=x")
    assert outcome(store, "CRT-009", other, OWN).outcome is Result.PASS
    assert outcome(store, "CRT-009", ending(-1)).outcome is Result.FAIL
    assert outcome(store, "CRT-009", ending(1)).severity is Severity.MINOR
    assert outcome(store, "CRT-009", other).outcome is Result.UNKNOWN
    plain = replace(LISTENER, scheme="http", port=5985, certificate_sha256=None)
    assert outcome(store, "CRT-009", OWN, winrm_listener=plain).outcome is Result.NOT_APPLICABLE


def test_what_was_not_read_is_unknown(store: Mapping[str, HostFacts]) -> None:
    denied = Missing(Why.NOT_PERMITTED, "a test")
    assert outcome(store, "CRT-008", machine_certificates=denied).outcome is Result.UNKNOWN
    assert outcome(store, "CRT-009", OWN, winrm_listener=denied).outcome is Result.UNKNOWN
