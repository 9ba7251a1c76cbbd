"""What SChannel does, by the registry and the build: where a value is absent the release's default counts.

The rules are those of Microsoft's tls-registry-settings.md; the defaults stand in `policies/schannel.yaml`. No real
Windows was at hand to try them on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from readiness.policies import Release, schannel_defaults
from readiness.probes.windows.tls import ProtocolKeys


class State(StrEnum):
    """What becomes of a protocol: `ASKED` is off unless a program asks for it by name, `ABSENT` cannot be had."""

    ON = "on"
    ASKED = "on for programs that ask for it"
    OFF = "off"
    ABSENT = "not in this release"


_BY_DEFAULT = {"enabled": State.ON, "disabled": State.OFF, "absent": State.ABSENT}

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


def release_of(build: str) -> Release | None:
    """The release of Windows Server of a build, with what it does by itself; None for one that nobody knows."""
    return schannel_defaults().releases.get(build)


def state(build: str, protocol: str, keys: ProtocolKeys) -> State | None:
    """What becomes of a protocol; None where it rests on a build's default that nobody knows.

    Enabled of 0 is off. Anything else is on, DisabledByDefault makes it on for programs that ask only.
    """
    release = release_of(build)
    default = _BY_DEFAULT[release.protocols[protocol]] if release else None
    if default is State.ABSENT:
        return State.ABSENT
    if keys.enabled == 0:
        return State.OFF
    if keys.disabled_by_default is not None:
        if default is None and keys.enabled is None:
            return None
        return State.ASKED if keys.disabled_by_default else State.ON
    if keys.enabled is not None and default is State.OFF:
        return State.ASKED  # only Enabled is set: DisabledByDefault stays as the release has it
    return default


def broken_suites(suites: tuple[str, ...], ciphers: Mapping[str, int | None]) -> tuple[str, ...]:
    """Suites that encrypt nothing or with a broken cipher, but for those whose cipher is switched off."""
    off = [token for name, token in _SWITCHES.items() if ciphers.get(name) == 0]
    return tuple(suite for suite in suites if _BROKEN.search(suite) and not any(token in suite for token in off))


def dated_suites(suites: tuple[str, ...]) -> tuple[str, ...]:
    """Suites without forward secrecy, or with a mode that newer ones gave up."""
    return tuple(suite for suite in suites if _DATED.search(suite) and not _BROKEN.search(suite))
