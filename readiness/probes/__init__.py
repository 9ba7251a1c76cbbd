"""Probes: short read-only scripts with pure parsers; script in, typed fact out.

A module's probes are its `PROBES`; adding a fact touches no list of them.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from readiness.core.registry import by_name
from readiness.core.scripts import Shell
from readiness.probes import reader_text, windows
from readiness.probes.probe import Probe

_MODULES = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if not module.ispkg)
_READING = tuple(probe for module in _MODULES for probe in getattr(module, "PROBES", ()))
READER = reader_text.about([probe for probe in _READING if probe.as_root])
PROBES: tuple[Probe, ...] = tuple(by_name((*_READING, READER), lambda probe: probe.name).values())

PROBES_OF: Mapping[Shell, tuple[Probe, ...]] = {"posix": PROBES, "powershell": windows.PROBES}
