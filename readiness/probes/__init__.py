"""Probes: short read-only scripts with pure parsers; script in, typed fact out."""

from collections.abc import Mapping

from readiness.core.scripts import Probe, Shell
from readiness.probes import (
    certificates,
    clock,
    configuration,
    elevation,
    host,
    listening,
    names,
    packages,
    processes,
    rights,
    services,
    space,
    sshd,
    system,
    units,
    windows,
)
from readiness.probes.certificates import CertificateFile, Certificates
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.configuration import Configuration
from readiness.probes.elevation import SudoRules
from readiness.probes.host import Boot, Machine
from readiness.probes.listening import Holder, Listening, Socket
from readiness.probes.names import Addresses, Names
from readiness.probes.packages import Package, Packages
from readiness.probes.processes import Processes, Program
from readiness.probes.rights import Rights
from readiness.probes.services import Service, Services
from readiness.probes.space import Filesystem, Space
from readiness.probes.sshd import Sshd
from readiness.probes.system import Identity, OsRelease
from readiness.probes.units import FailedUnits, OpenFiles

PROBES: tuple[Probe, ...] = (
    *clock.PROBES,
    *system.PROBES,
    *elevation.PROBES,
    *names.PROBES,
    *packages.PROBES,
    *services.PROBES,
    *processes.PROBES,
    *listening.PROBES,
    *space.PROBES,
    *host.PROBES,
    *units.PROBES,
    *sshd.PROBES,
    *configuration.PROBES,
    *certificates.PROBES,
    *rights.PROBES,
)
by_name: Mapping[str, Probe] = {probe.name: probe for probe in PROBES}

PROBES_OF: Mapping[Shell, tuple[Probe, ...]] = {"posix": PROBES, "powershell": windows.PROBES}

__all__ = [
    "PROBES",
    "PROBES_OF",
    "Addresses",
    "Boot",
    "CertificateFile",
    "Certificates",
    "Clock",
    "ClockSync",
    "Configuration",
    "FailedUnits",
    "Filesystem",
    "Holder",
    "Identity",
    "Listening",
    "Machine",
    "Names",
    "OpenFiles",
    "OsRelease",
    "Package",
    "Packages",
    "Processes",
    "Program",
    "Rights",
    "Service",
    "Services",
    "Socket",
    "Space",
    "Sshd",
    "SudoRules",
    "by_name",
]
