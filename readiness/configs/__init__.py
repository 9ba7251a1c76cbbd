"""Configuration formats, a module each with its masking beside it; secrets are masked before they come here."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from readiness.configs.format import Format
from readiness.core.registry import by_name

_MODULES = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
FORMATS: Mapping[str, Format] = dict(
    by_name((module.FORMAT for module in _MODULES if hasattr(module, "FORMAT")), lambda known: known.name)
)
# By format, the systems of hosts on which its files can be masked; the catalogue is held against it.
SYSTEMS: Mapping[str, frozenset[str]] = {name: known.systems for name, known in FORMATS.items()}
