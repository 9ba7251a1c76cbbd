"""Probes: short read-only scripts with pure parsers, script in, typed fact out."""

from readiness.probes import clock, elevation, processes, software, system
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.elevation import SudoRules
from readiness.probes.processes import Processes, Program
from readiness.probes.software import Package, Packages, Service, Services
from readiness.probes.system import Identity, OsRelease

PROBES = (*clock.PROBES, *system.PROBES, *elevation.PROBES, *software.PROBES, *processes.PROBES)
by_name = {probe.name: probe for probe in PROBES}

__all__ = [
    "PROBES",
    "Clock",
    "ClockSync",
    "Identity",
    "OsRelease",
    "Package",
    "Packages",
    "Processes",
    "Program",
    "Service",
    "Services",
    "SudoRules",
    "by_name",
]
