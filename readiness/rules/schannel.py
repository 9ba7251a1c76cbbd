"""What SChannel does by the registry and the build: an absent value is the system's default, which differs by release.

The rules are those of Microsoft's tls-registry-settings.md [S45], the defaults those of its list of protocols up to
Server 2016 [S46] and general knowledge after it, which is marked: no real Windows was at hand to try them on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from readiness.probes.windows.tls import PROTOCOLS, ProtocolKeys

S46 = "MicrosoftDocs/win32, protocols-in-tls-ssl--schannel-ssp-.md"
GENERAL = "general knowledge, to be verified"


class State(StrEnum):
    """What becomes of a protocol: `ASKED` is off unless a program asks for it by name, `ABSENT` cannot be had."""

    ON = "on"
    ASKED = "on for programs that ask for it"
    OFF = "off"
    ABSENT = "not in this release"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a release does of itself, by protocol in the order of `PROTOCOLS`, with the source."""

    release: str
    states: tuple[State, ...]
    source: str


_ON, _OFF, _ABSENT = State.ON, State.OFF, State.ABSENT
DEFAULTS: Mapping[str, Defaults] = {
    "9200": Defaults("2012", (_OFF, _ON, _ON, _ON, _ON, _ABSENT), S46),
    "9600": Defaults("2012 R2", (_OFF, _ON, _ON, _ON, _ON, _ABSENT), S46),
    "14393": Defaults("2016", (_ABSENT, _OFF, _ON, _ON, _ON, _ABSENT), S46),
    "17763": Defaults("2019", (_ABSENT, _OFF, _ON, _ON, _ON, _ABSENT), GENERAL),
    "20348": Defaults("2022", (_ABSENT, _OFF, _ON, _ON, _ON, _ON), GENERAL),
    "26100": Defaults("2025", (_ABSENT, _OFF, _OFF, _OFF, _ON, _ON), GENERAL),
}

# A switch of SCHANNEL\Ciphers, and how its cipher is called in the names of suites.
_SWITCHES = {
    "NULL": "_NULL_",
    "DES 56/56": "_DES_",
    "RC4 40/128": "_RC4_40_",
    "RC4 56/128": "_RC4_56_",
    "RC4 64/128": "_RC4_64_",
    "RC4 128/128": "_RC4_128_",
    "Triple DES 168": "_3DES_",
    "Triple DES 168/168": "_3DES_",
}
_BROKEN = re.compile(r"_NULL|EXPORT|anon|RC4|_DES_|3DES|MD5")
_DATED = re.compile(r"_CBC_|^TLS_RSA_WITH_")


def state(build: str, protocol: str, keys: ProtocolKeys) -> State | None:
    """What becomes of a protocol; None where it rests on a build's default that nobody knows.

    Enabled of 0 is off. Anything else is on, DisabledByDefault makes it on for programs that ask only.
    """
    known = DEFAULTS.get(build)
    default = known.states[PROTOCOLS.index(protocol)] if known else None
    if default is State.ABSENT:
        return State.ABSENT
    if keys.enabled == 0:
        return State.OFF
    if keys.disabled_by_default is not None:
        if default is None and keys.enabled is None:
            return None
        return State.ASKED if keys.disabled_by_default else State.ON
    if keys.enabled is not None and default is State.OFF:
        return State.ASKED  # one of the two values leaves the other at the release's own
    return default


def broken_suites(suites: tuple[str, ...], ciphers: Mapping[str, int | None]) -> tuple[str, ...]:
    """Suites that encrypt nothing or with a broken cipher, but for those whose cipher is switched off."""
    off = [token for name, token in _SWITCHES.items() if ciphers.get(name) == 0]
    return tuple(one for one in suites if _BROKEN.search(one) and not any(token in one for token in off))


def dated_suites(suites: tuple[str, ...]) -> tuple[str, ...]:
    """Suites without forward secrecy, or with a mode that newer ones gave up."""
    return tuple(one for one in suites if _DATED.search(one) and not _BROKEN.search(one))
