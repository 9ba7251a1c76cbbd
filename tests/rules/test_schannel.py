"""What SChannel does by its keys and its release, and which cipher suites are broken or dated."""

from __future__ import annotations

import pytest

from readiness.probes.windows.tls import ProtocolKeys
from readiness.rules.schannel import State, broken_suites, dated_suites, state

NOTHING = ProtocolKeys(None, None)


@pytest.mark.parametrize(
    ("build", "protocol", "keys", "expected"),
    [
        ("9600", "SSL 3.0", NOTHING, State.ON),
        ("14393", "SSL 3.0", NOTHING, State.OFF),
        ("14393", "SSL 2.0", ProtocolKeys(1, 0), State.ABSENT),
        ("17763", "TLS 1.0", NOTHING, State.ON),
        ("17763", "TLS 1.3", ProtocolKeys(1, 0), State.ABSENT),
        ("20348", "TLS 1.3", NOTHING, State.ON),
        ("26100", "TLS 1.0", NOTHING, State.OFF),
        ("26100", "TLS 1.0", ProtocolKeys(1, 0), State.ON),
        ("26100", "TLS 1.0", ProtocolKeys(1, None), State.ASKED),
        ("26100", "TLS 1.2", ProtocolKeys(0, 0), State.OFF),
        ("26100", "TLS 1.2", ProtocolKeys(None, 1), State.ASKED),
        ("31337", "TLS 1.2", NOTHING, None),
        ("31337", "TLS 1.2", ProtocolKeys(None, 0), None),
        ("31337", "TLS 1.2", ProtocolKeys(0, None), State.OFF),
        ("31337", "TLS 1.2", ProtocolKeys(0xFFFFFFFF, 0), State.ON),
    ],
)
def test_schannel_does_as_keys_and_release_say(
    build: str, protocol: str, keys: ProtocolKeys, expected: State | None
) -> None:
    assert state(build, protocol, keys) is expected


def test_suites_are_broken_or_dated_by_name() -> None:
    names = (
        "TLS_AES_256_GCM_SHA384",
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_RSA_WITH_NULL_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
    )
    assert broken_suites(names, {}) == names[1:4]
    assert broken_suites(names, {"Triple DES 168": 0, "RC4 128/128": 0xFFFFFFFF}) == names[2:4]
    assert dated_suites(names) == names[4:]
