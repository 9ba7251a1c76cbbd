"""The host beneath the products: its memory, time zone, kernel, and what waits for a reboot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, counted, fields, hidden, lines, no_tool, number, script, shown, tag_of

_ZONE = re.compile(r"(?:\.\.|/usr)/(?:usr/)?share/zoneinfo/([A-Za-z0-9_+/-]+)")
_VIRTUAL = re.compile(r"[a-z0-9-]+")
_KERNEL = re.compile(r"[A-Za-z0-9._+~-]+")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:-]*")
_TICKS_A_SECOND = 100  # proc_pid_stat(5), starttime: USER_HZ, which is 100 wherever these products run
_ROUNDING_S = 2  # of the two times that add up to the time of the boot
_CONTROLS = {
    "selinux\t1\t.": "enforcing",
    "selinux\t0\t.": "permissive",
    "apparmor\tY\t.": "apparmor",
    "apparmor\tN\t.": "none",
    "neither\t.": "none",
    "no_sys\t.": "",
}


@dataclass(frozen=True, slots=True)
class Machine(Fact):
    """What the host has and how it is set up.

    `access_control` is `enforcing` or `permissive` for SELinux, `apparmor`, or `none`; `container` is what kind of
    container the host is by systemd-detect-virt(1), empty for none.
    """

    name: ClassVar[str] = "machine"
    memory_bytes: int
    swap_bytes: int
    time_zone: str | Missing
    access_control: str | Missing
    container: str | Missing


def parse_machine(output: Output) -> Machine:
    """Two lines of meminfo, and one line each for the rest; what a host cannot tell is Missing by itself."""
    memory, swap, zone, control, container = lines(output)
    kept = chosen(_CONTROLS, control)
    return Machine(
        memory_bytes=_kilobytes(memory, "MemTotal:"),
        swap_bytes=_kilobytes(swap, "SwapTotal:"),
        time_zone=_time_zone(zone),
        access_control=kept or Missing(Why.UNREADABLE, "/sys is not mounted"),
        container=_container(container),
    )


def _kilobytes(line: str, tag: str) -> int:
    size, unit = fields(line, tag, 2)
    if unit != "kB":
        raise ValueError(f"no size: {shown(line)}")
    return number(size) * 1024


def _time_zone(line: str) -> str | Missing:
    if line == "zone_copied\t.":
        return Missing(Why.UNREADABLE, "/etc/localtime is a copy and not a link", "timedatectl set-timezone makes one")
    if line == "zone_absent\t.":
        return "UTC"  # localtime(5)
    (link,) = fields(line, "zone", 1)
    match = _ZONE.fullmatch(link)
    if match is None:
        raise ValueError(f"no time zone: {shown(line)}")
    return match[1]


def _container(line: str) -> str | Missing:
    if missing := no_tool([line]):
        return missing
    (kind,) = fields(line, "container", 1)
    if not _VIRTUAL.fullmatch(kind):
        raise ValueError(f"no kind of container: {shown(line)}")
    return "" if kind == "none" else kind


@dataclass(frozen=True, slots=True)
class Boot(Fact):
    """The running kernel, those installed in /boot, and what asks for a reboot.

    `booted_at_s` is when the first process started; `since` are the packages, of those that only a reboot brings into
    use, that were installed later, Missing where no package manager tells. `asked_by` are those that left
    /run/reboot-required; it is None where that file is not there.
    """

    name: ClassVar[str] = "boot"
    kernel: str
    installed: tuple[str, ...] | Missing
    booted_at_s: int
    asked_by: str | None
    since: tuple[str, ...] | Missing


def parse_boot(output: Output) -> Boot | Missing:
    """Kernels with their number, the flag, and the packages with their times."""
    kernel, booted, *rest = lines(output)
    (running,) = fields(kernel, "kernel", 1)
    started, ticks = fields(booted, "booted", 2)
    if number(started) and not ticks:
        return hidden("1")
    tags = [tag_of(line) for line in rest]
    at = next((at for at, tag in enumerate(tags) if tag in {"count", "boot_kept"}), None)
    if at is None or len(rest) < at + 3 or not _KERNEL.fullmatch(running):
        raise ValueError("a line out of its place")
    booted_at_s = number(started) + number(ticks) // _TICKS_A_SECOND
    return Boot(
        kernel=running,
        installed=_kernels(rest[:at], rest[at]),
        booted_at_s=booted_at_s,
        asked_by=_asked_by(rest[at + 1]),
        since=_since(rest[at + 2], rest[at + 3 :], booted_at_s),
    )


def _kernels(rows: list[str], count: str) -> tuple[str, ...] | Missing:
    if count == "boot_kept\t." and not rows:
        return Missing(Why.NOT_PERMITTED, "/boot cannot be listed", "chmod go+rx /boot")
    kernels = [kernel for (kernel,) in counted(rows, count, "installed", 1)]
    if not all(map(_KERNEL.fullmatch, kernels)):
        raise ValueError(f"no kernels: {shown(' '.join(kernels))}")
    return tuple(sorted(kernel for kernel in kernels if "rescue" not in kernel))


def _asked_by(line: str) -> str | None:
    return None if line == "not_required\t." else " ".join(fields(line, "required", 1)[0].split())


def _since(manager: str, lines_of_packages: list[str], booted_at_s: int) -> tuple[str, ...] | Missing:
    if manager == "manager\tnone\t." and not lines_of_packages:
        return Missing(Why.TOOL_ABSENT, "neither dpkg nor rpm")
    chosen({"dpkg": None, "rpm": None}, *fields(manager, "manager", 1))
    *rows, count = lines_of_packages
    times = {name: number(time) for name, time in (fields(row, "package", 2) for row in rows if not _is_absent(row))}
    if number(*fields(count, "count", 1)) != len(rows) or not all(map(_PACKAGE.fullmatch, times)):
        raise ValueError(f"{len(rows)} packages, and {shown(count)}")
    if not times:
        return Missing(Why.UNREADABLE, "none of the packages that every host has is known to its package manager")
    return tuple(sorted(name for name, time in times.items() if time > booted_at_s + _ROUNDING_S))


def _is_absent(row: str) -> bool:
    return tag_of(row) == "absent" and bool(fields(row, "absent", 1))


PROBES = (
    Probe(Machine, script("machine"), parse_machine, cost=6),
    Probe(Boot, script("boot"), parse_boot, cost=22),
)
