"""What runs as root on a host: scripts' own commands, and those that read what the catalogue names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readiness.core.scripts import Probe
from readiness.probes import PROBES, Certificates, Configuration, Rights
from readiness.probes.certificates import PUBLIC, READ
from readiness.probes.elevation import elevated, spelt_out
from readiness.probes.rights import TELL
from readiness.products import Catalogue, Product, Role

# Marks are those of the probes' scripts; by the pattern of what is read.
_Commands = Mapping[str, dict[str, str]]
_EACH_FILE = r"/usr/bin/find {} -type f -printf \n\001part\t%p\n -exec /bin/cat {{}} ;"


def _configuration(held: Iterable[tuple[Product, Role]]) -> _Commands:
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for product, role in held:
        if product.configuration_format is None:
            continue
        files |= {
            path: f"/bin/cat {path}"
            for family in role.configuration
            if family != "windows"
            for path in role.configuration_for(family)
        }
        for path in product.include_folders.paths if product.include_folders else ():
            folders[f"{path}/*"] = _written(_EACH_FILE.format(path))
    return {"files that only root may read": files, "folders that only root may read": folders}


def _certificates(held: Iterable[tuple[Product, Role]]) -> _Commands:
    folders = [path for product, _ in held for path in product.certificate_folders_on("linux")]
    return {
        "folders of certificates": {path: _written(READ.format(path)) for path in folders},
        "folders of keys": {path: _written(PUBLIC.format(path)) for path in folders},
    }


def _rights(held: Iterable[tuple[Product, Role]]) -> _Commands:
    paths = {one.path for _, role in held for family in ("debian", "redhat") for one in role.places_for(family)}
    return {"files and folders of the product": {path: _written(TELL.format(path)) for path in sorted(paths)}}


def _written(command: str) -> str:
    """A command with the backslashes that the shell takes away, and with its last word as the shell wants it."""
    text = command.replace("\\", "\\\\")
    return f"{text.removesuffix(';')}\\;" if text.endswith(" ;") else text


_OF_PROBES = {Configuration.name: _configuration, Certificates.name: _certificates, Rights.name: _rights}


def _of(probe: Probe, held: Iterable[tuple[Product, Role]]) -> _Commands:
    return _OF_PROBES[probe.name](held) if probe.shell == "posix" and probe.name in _OF_PROBES else {}


class Commands:
    """What a catalogue asks for; worked out once for each script and each set of roles, since hosts are many."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._products = catalogue.products
        self._texts: dict[tuple[str, str], str] = {}
        self._on: dict[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]] = {}

    def text_of(self, probe: Probe) -> str:
        """A probe's script as it is sent: the same to every host, with every command that the catalogue may ask for."""
        key = (probe.name, probe.shell)
        if key not in self._texts:
            self._texts[key] = spelt_out(probe.text, _of(probe, self._all()))
        return self._texts[key]

    def elevated(self) -> tuple[str, ...]:
        """Every command that any probe may run as root, each as one line."""
        return _elevated(self._all())

    def elevated_on(self, held: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Those of them that are for a host with these roles by product."""
        key = tuple(held.items())
        if key not in self._on:
            own = [(self._products[name], self._products[name].roles[role]) for name, names in key for role in names]
            self._on[key] = _elevated(own)
        return self._on[key]

    def _all(self) -> list[tuple[Product, Role]]:
        return [(product, role) for product in self._products.values() for role in product.roles.values()]


def _elevated(held: list[tuple[Product, Role]]) -> tuple[str, ...]:
    texts = (spelt_out(probe.text, _of(probe, held)) for probe in PROBES)
    return tuple(sorted({command for text in texts for command in elevated(text)}))
