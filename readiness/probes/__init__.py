"""Probes: short read-only scripts with pure parsers; script in, typed fact out.

A module's probes are its `PROBES`; adding a fact touches no list of them.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from readiness.core import registry
from readiness.core.scripts import Shell
from readiness.probes import sudo_rules, windows
from readiness.probes.certificates import CertificateFile, Certificates
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.configuration import Configuration
from readiness.probes.host import Boot, Machine
from readiness.probes.listening import Holder, Listening, Socket
from readiness.probes.names import Addresses, Names
from readiness.probes.packages import Package, Packages
from readiness.probes.probe import Probe
from readiness.probes.processes import Processes, Program
from readiness.probes.rights import Rights
from readiness.probes.services import Service, Services
from readiness.probes.space import Filesystem, Space
from readiness.probes.sshd import Sshd
from readiness.probes.sudo_rules import SudoRules
from readiness.probes.system import Identity, OsRelease
from readiness.probes.units import FailedUnits, OpenFiles

_MODULES = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if not module.ispkg)
_READING = tuple(probe for module in _MODULES for probe in getattr(module, "PROBES", ()))
PROBES: tuple[Probe, ...] = (*_READING, sudo_rules.about(_READING))
by_name: Mapping[str, Probe] = registry.by_name(PROBES, lambda probe: probe.name)

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
