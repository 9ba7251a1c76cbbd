"""Probes of Windows hosts: PowerShell scripts whose facts are those of Linux hosts where there are such.

No real Windows was at hand: the scripts ran on a stand-in for Windows PowerShell 5.1, whose answers are ours.
"""

from importlib import import_module
from pkgutil import iter_modules

from readiness.core.registry import by_name
from readiness.probes.probe import Probe

_MODULES = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
_FOUND = (probe for module in _MODULES for probe in getattr(module, "PROBES", ()))
PROBES: tuple[Probe, ...] = tuple(by_name(_FOUND, lambda probe: probe.name).values())

__all__ = ["PROBES"]
