"""What hosts show of the demands on every host, and on every Linux host."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from readiness.core.evaluate import unknown
from readiness.core.paths import file_name
from readiness.observing.observer import Asked, Observer
from readiness.planning.targets import each_host, each_linux_host, login_ports
from readiness.policies import weak_values
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.host import Machine
from readiness.probes.listening import Holder, Listening
from readiness.probes.reader import Reader
from readiness.probes.sshd import Sshd
from readiness.probes.system import OsRelease
from readiness.probes.windows.system import iana_zone
from readiness.rules.clocks import reference_of

# Hosts of one size have a little more or less of it, and a new kernel keeps a little more.
_STEP_BYTES = 1 << 28
_LEAST_BOUND_S = 5.0


def _system(asked: Asked) -> list[dict[str, str]]:
    release = asked.facts.need(OsRelease)
    return [{"id": release.id, "version": release.version_id}]


def _offset_s(asked: Asked) -> float:
    """How far the clock is off the estate's median at most; the engineer's own where no host is asked about."""
    clocks = asked.facts.every(Clock)
    reference = reference_of(clocks.values(), len(asked.inputs.estate.hosts) if asked.inputs else len(clocks))
    own_s = asked.facts.need(Clock) if asked.host else None
    if not reference.is_enough:
        unknown(f"no reference: only {reference.hosts} of {reference.of} clocks were read")
    offset_s = (own_s.offset_s if own_s else 0.0) - reference.offset_s
    return math.ceil((abs(offset_s) + reference.uncertainty_s + (own_s.uncertainty_s if own_s else 0.0)) * 1000) / 1000


def _bound_s(offset_s: float) -> float:
    """The least bound in whole seconds; what it is measured with, a login, may take some."""
    return max(_LEAST_BOUND_S, float(math.ceil(offset_s)))


def _follows_nobody(asked: Asked) -> Iterator[str]:
    sync = asked.facts.need(ClockSync)
    if not sync.synchronised:
        yield f"not synchronised, says {sync.tool}"


def _listeners(asked: Asked) -> list[dict[str, Any]]:
    """The ports and programs beside the products' and that of our own login."""
    found = [
        {"port": port, "process": name}
        for port, names in _strangers(asked)
        for name in names
        if name  # a flaw of its own
    ]
    return [entry for at, entry in enumerate(found) if entry not in found[:at]]


def _strangers(asked: Asked) -> Iterator[tuple[int, list[str]]]:
    """Each other socket that can be connected to from outside: its port, and the programs that listen."""
    own = [role for role in asked.roles.values() if role.host.name == asked.on.name]
    ports = {*login_ports(asked.on), *(port for role in own if role.role.ports for port in role.role.ports.tcp)}
    listening = asked.facts.need(Listening)
    holders = asked.facts.part(Listening, listening.holders)
    for socket in listening.sockets:
        if socket.port not in ports and not socket.is_loopback:
            names = sorted({_process(asked, holder) for holder in holders.get(socket.inode, ())})
            yield socket.port, names or [""]


def _process(asked: Asked, holder: Holder) -> str:
    name = file_name(holder.program)
    return name.lower() if asked.on.os == "windows" else name


def _of_no_process(asked: Asked) -> Iterator[str]:
    yield from (f"port {port} is of no process that was seen" for port, names in _strangers(asked) if names == [""])


def _memory(asked: Asked) -> int:
    return asked.facts.need(Machine).memory_bytes


def _swap(asked: Asked) -> int:
    return asked.facts.need(Machine).swap_bytes


def _rounded_down(size_bytes: int) -> int:
    step = min(_STEP_BYTES, 1 << max(size_bytes.bit_length() - 4, 0))
    return size_bytes // step * step


def _time_zone(asked: Asked) -> str:
    zone = asked.facts.part(Machine, asked.facts.need(Machine).time_zone)
    if asked.on.os != "windows":
        return zone
    return iana_zone(zone) or unknown(f"no IANA time zone is known here for {zone}")


def _access_control(asked: Asked) -> str:
    return asked.facts.part(Machine, asked.facts.need(Machine).access_control)


def _sshd(asked: Asked) -> dict[str, str]:
    """The settings that decide who may log in, and how: those that the policy names."""
    settings = asked.facts.need(Sshd).settings
    keywords = [entry.part for entry in weak_values().values if entry.demand == "sshd"]
    return {keyword: " ".join(settings[keyword.lower()]) for keyword in keywords if keyword.lower() in settings}


def _sudo(asked: Asked) -> list[str]:
    return list(dict.fromkeys(command for command, _ in _other_rules(asked)))


def _other_rules(asked: Asked) -> list[tuple[str, str]]:
    reader = asked.facts.need(Reader)
    if reader.is_root:
        return []
    rules = asked.facts.part(Reader, reader.rules)
    return [(rule.command, str(rule)) for rule in rules if rule.kind == "other"]


def _may_more(asked: Asked) -> Iterator[str]:
    yield from (f"sudo lets the login do {rule}" for _, rule in _other_rules(asked))


OBSERVERS: Mapping[str, Observer] = {
    "operating_systems": Observer(_system, (OsRelease,), by_system=True),
    "clock.max_offset_s": Observer(_offset_s, (Clock,), stated=_bound_s, flaws=_follows_nobody),
    "listening.also": Observer(_listeners, (Listening,), flaws=_of_no_process),
    "host.min_memory_bytes": Observer(_memory, (Machine,), stated=_rounded_down),
    "host.min_swap_bytes": Observer(_swap, (Machine,), stated=_rounded_down),
    "host.time_zone": Observer(_time_zone, (Machine,), each_host),
    "host.mandatory_access_control": Observer(_access_control, (Machine,), each_linux_host),
    "sshd": Observer(_sshd, (Sshd,), each_linux_host, by_entry=True),
    "sudo.also": Observer(_sudo, (Reader,), each_linux_host, flaws=_may_more),
}
