"""What Windows hosts show of the demands on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ntpath import dirname, splitdrive

from readiness.core.evaluate import unknown
from readiness.core.paths import lies_in
from readiness.observing.observer import Asked, Observer
from readiness.planning.targets import each_windows_host
from readiness.probes.windows.network import FirewallProfiles
from readiness.probes.windows.settings import DefenderExclusions
from readiness.probes.windows.tls import PROTOCOLS, SIDES, SChannel
from readiness.rules import schannel

_SPOKEN = frozenset({schannel.State.ON, schannel.State.ASKED})
_TLS = "TLS "


def _spoken(asked: Asked) -> list[str]:
    """The protocols that SChannel speaks on either side, the oldest first."""
    keys = asked.facts.need(SChannel)
    found = []
    for protocol in PROTOCOLS:
        states = [schannel.state(keys.build, protocol, keys.protocols[f"{protocol}/{side}"]) for side in SIDES]
        if None in states:
            unknown(f"what build {keys.build} does by itself with {protocol} is not known")
        if _SPOKEN.intersection(states):
            found.append(protocol)
    return found


def _oldest_tls(asked: Asked) -> str:
    spoken = [protocol.removeprefix(_TLS) for protocol in _spoken(asked) if protocol.startswith(_TLS)]
    return spoken[0] if spoken else unknown("no TLS is on")


def _ssl(asked: Asked) -> Iterator[str]:
    yield from (f"{protocol} is on" for protocol in _spoken(asked) if not protocol.startswith(_TLS))


def _profiles(asked: Asked) -> list[str]:
    profiles = asked.facts.need(FirewallProfiles).profiles
    return [name for name, profile in profiles.items() if profile.enabled]


def _off(asked: Asked) -> Iterator[str]:
    profiles = asked.facts.need(FirewallProfiles).profiles
    yield from (f"the firewall is off in {name}" for name, profile in profiles.items() if not profile.enabled)


def _excluded(asked: Asked) -> list[str]:
    """The folders that the antivirus leaves alone and that are not those of the product's programs."""
    defender = asked.facts.need(DefenderExclusions)
    if not defender.real_time:
        unknown("Defender does not watch files as they are opened: another antivirus may, and cannot be read")
    own = [role.role for role in asked.roles.values() if role.host.name == asked.on.name]
    folders = [dirname(path) for role in own for path in role.programs_for("windows")]
    return [path for path in defender.paths if not any(lies_in(path, folder) for folder in folders)]


def _whole_drives(asked: Asked) -> Iterator[str]:
    drives = [path for path in asked.facts.need(DefenderExclusions).paths if splitdrive(path)[1] in {"", "\\"}]
    yield from (f"the antivirus leaves all of {drive} alone" for drive in drives)


OBSERVERS: Mapping[str, Observer] = {
    "windows.tls_min": Observer(_oldest_tls, (SChannel,), each_windows_host, flaws=_ssl),
    "windows.firewall_profiles": Observer(_profiles, (FirewallProfiles,), each_windows_host, flaws=_off),
    "windows.excluded_folders": Observer(_excluded, (DefenderExclusions,), each_windows_host, flaws=_whole_drives),
}
