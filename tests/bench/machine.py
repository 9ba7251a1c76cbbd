"""Windows machines that are described in a file each: what the stand-in for PowerShell and its modules read.

No real Windows was at hand. The answers of the stand-ins are ours, after the captures and documentation that the
files and modules name; a run on a real host would replace them.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MACHINES = HERE / "machines"
MODULES = HERE / "windows"
NATIVE = ("w32tm", "vssadmin")
# Modules that a machine lacks where its description has nothing for them.
_OF_PART = {"cipher_suites": "TLS", "defender": "Defender", "cluster": "FailoverClusters"}
# Loaded first: the others take from the first, and what the rest has belongs to PowerShell itself.
_LOADED = ("Machine", "CimCmdlets", "Files")


class Machine:
    """A description, and the folder in which its files, programs, modules and certificates are laid out."""

    def __init__(self, name: str, description: Mapping[str, Any], folder: Path) -> None:
        self.name, self.description, self._folder = name, description, folder

    @classmethod
    def load(cls, path: Path | str, folder: Path) -> Machine:
        """The machine of a file, or of its name in `machines/`, laid out in an empty `folder`."""
        found = path if isinstance(path, Path) else MACHINES / f"{path}.yaml"
        machine = cls(found.stem, described(found), folder)
        machine._lay_out()
        return machine

    def changed(self, change: Callable[[dict[str, Any]], None], folder: Path) -> Machine:
        """The same machine after a change of its description: a planted fault."""
        description = copy.deepcopy(dict(self.description))
        change(description)
        machine = Machine(self.name, description, folder)
        machine._lay_out()
        return machine

    def environment(self) -> dict[str, str]:
        """The variables that make PowerShell this machine."""
        modules = ":".join(str(MODULES / f"{name}.psm1") for name in _LOADED)
        return {
            "SystemRoot": r"C:\Windows",
            **{key: str(value) for key, value in self.description["environment"].items()},
            "READINESS_MACHINE": str(self._folder / "machine.json"),
            "POWERSHELL_IMPORT": modules,
            "POWERSHELL_MODULEPATH": str(self._folder / "modules"),
            "POWERSHELL_REGISTRY": str(self._folder / "registry.json"),
            "POWERSHELL_CERTS": str(self._folder / "certificates"),
            "POWERSHELL_C": str(self._folder / "C"),
            "PATH": f"{self._folder / 'bin'}:/usr/bin:/bin",
        }

    def _lay_out(self) -> None:
        for part in ("modules", "bin", "C"):
            (self._folder / part).mkdir(parents=True)
        registry = {key: values for key, values in self.description["registry"].items() if values is not None}
        lean = {key: {name: one for name, one in values.items() if one is not None} for key, values in registry.items()}
        (self._folder / "registry.json").write_text(json.dumps(lean))
        (self._folder / "machine.json").write_text(json.dumps(self.description))
        for name in NATIVE:
            self._program(name)
        for path, file in self.description["files"].items():
            self._file(path, file)
        for store, names in self.description["certificates"].items():
            place = self._folder / "certificates" / "LocalMachine" / store
            place.mkdir(parents=True)
            for name in names:
                shutil.copy(MACHINES / "certificates" / name, place)
        self._modules()

    def _modules(self) -> None:
        absent = {module for part, module in _OF_PART.items() if self.description.get(part) is None}
        for path in MODULES.glob("*.psm1"):
            if path.stem not in absent and path.stem not in _LOADED:
                (self._folder / "modules" / path.stem).mkdir()
                (self._folder / "modules" / path.stem / path.name).symlink_to(path)

    def _program(self, name: str) -> None:
        """A program that prints what the description says, found by its whole Windows path."""
        said = self._folder / f"{name}.out"
        said.write_text(self.description[name]["out"].replace("\n", "\r\n"))
        program = self._folder / "bin" / rf"C:\Windows\System32\{name}.exe"
        program.write_text(f"#!/bin/sh\n/bin/cat '{said}'\nexit {self.description[name]['status']}\n")
        program.chmod(0o755)

    def _file(self, path: str, file: Mapping[str, Any]) -> None:
        place = self._folder.joinpath("C", *path.split("\\")[1:])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_content(file))
        if "made" not in file:
            return
        made = datetime.fromisoformat(file["made"]).timestamp()
        os.utime(place, (made, made))
        if "version" not in file:
            return
        parts = zip(("Major", "Minor", "Build", "Private"), file["version"].split("."), strict=True)
        numbers = {f"File{part}Part": number for part, number in parts}
        place.with_name(f"{place.name}.versioninfo.json").write_text(json.dumps(numbers))


def _content(file: Mapping[str, Any]) -> bytes:
    """Its `text` with Windows' ends of lines, or what other files hold `from` `machines/` or anywhere."""
    text = "".join((MACHINES / name).read_text() for name in file.get("from", ())) or file.get("text", "")
    return text.replace("\n", "\r\n").encode()


def described(path: Path) -> dict[str, Any]:
    """The description of a file; one that is `like` another states only what differs."""
    own: dict[str, Any] = yaml.safe_load(path.read_text())
    base = own.pop("like", None)
    if not base:
        return own
    merged: dict[str, Any] = _merged(described(path.with_name(f"{base}.yaml")), own)
    return merged


def _merged(base: Any, own: Any) -> Any:
    """Mappings are merged, anything else replaces what was there; None takes it away."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return {**base, **{key: _merged(base.get(key), value) for key, value in own.items()}}


def names() -> list[str]:
    """The machines there are."""
    return sorted(path.stem for path in MACHINES.glob("*.yaml"))
