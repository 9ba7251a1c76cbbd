"""A configuration format: how its files are masked on the host, and how what comes of that is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from readiness.configs.model import ConfigurationFile
from readiness.configs.statements import Files

_ENDS = {"linux": "sh", "windows": "ps1"}


@dataclass(frozen=True)
class Format:
    """`name` is that of its module, and of the files beside it that mask: `bacula.sh`, `bacula.ps1`.

    `read` makes one file with all that it includes of the statements by path, and of why others could not be read.
    """

    name: str
    read: Callable[[str, Files, Mapping[str, str]], ConfigurationFile]

    @property
    def systems(self) -> frozenset[str]:
        """The systems of hosts on which its files can be masked: `linux`, `windows`."""
        return frozenset(system for system, end in _ENDS.items() if self._file(end).is_file())

    def masking(self, system: str) -> str:
        """What a host of this system is sent before the script that reads its files."""
        return self._file(_ENDS[system]).read_text(encoding="utf-8")

    def _file(self, end: str) -> Traversable:
        return files("readiness.configs") / f"{self.name}.{end}"
