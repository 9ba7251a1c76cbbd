"""Certificates of a product, and whose private keys lie beside them; no private key leaves its host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.core.paths import comparable, lies_in
from readiness.core.scripts import Output
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import fields, lines, no_tool, number, script, shown, summed, tag_of, unread

_TEXT = script("certificates")
_MODE = re.compile(r"[0-7]{1,4}")
_BEGIN, _END = "-----BEGIN ", "-----END "


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """One file: the certificates in it in their order, and the public half of the private key in it, as PEM.

    `public_key` is empty where there is no private key, or it could not be read. `mode` is octal; on Windows it is
    empty, and `readers` are those of the accounts that everybody has who may read the file.
    """

    path: str
    owner: str
    group: str
    mode: str
    certificates: tuple[str, ...] = ()
    public_key: str = ""
    readers: tuple[str, ...] | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        return bool(self.mode) or self.readers is not None

    @property
    def read_by_others(self) -> bool:
        """Whether others than its owner and group may read it."""
        return bool(self.readers) if self.readers is not None else bool(int(self.mode, 8) & 0o007)

    def __str__(self) -> str:
        """Its path, and who may read it."""
        if self.readers is None:
            return f"{self.path} {self.owner}:{self.group} {self.mode}"
        return f"{self.path} open to {', '.join(self.readers) or 'administrators'}"


@dataclass(frozen=True, slots=True)
class Certificates(Fact):
    """The files in `folders`, which are those that were read; one that is not there is read, too."""

    name: ClassVar[str] = "certificates"
    folders: tuple[str, ...]
    files: Mapping[str, CertificateFile]

    def at(self, path: str) -> CertificateFile | None:
        """The file at a path as the host compares paths; None where there is none in these folders."""
        return next((file for file in self.files.values() if comparable(file.path) == comparable(path)), None)

    def cover(self, path: str) -> bool:
        """Whether a file at this path would have been read."""
        return any(lies_in(path, folder) for folder in self.folders)


def parse_certificates(output: Output) -> Certificates | Missing:
    """Folder by folder the files with their certificates, then the keys' public halves."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    fields(received[0] if received else "", "login", 1)
    gathered = _Gathered()
    for line in summed(received[1:]):
        gathered.take(line)
    if gathered.block:
        raise ValueError("a block without its end")
    if gathered.failed:
        return unread(output, gathered.failed[0])
    return Certificates(tuple(gathered.folders), gathered.files)


class _Gathered:
    """What the lines so far say."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.failed: list[str] = []
        self.files: dict[str, CertificateFile] = {}
        self.block: list[str] = []
        self._path = ""

    def take(self, line: str) -> None:
        """One line: of a folder, of a file, or of a block."""
        if self.block or line.startswith(_BEGIN):
            self._in_block(line)
            return
        match tag_of(line):
            case "":
                return
            case "folder" | "absent" as tag:
                self.folders += fields(line, tag, 1)
            case "file":
                path, owner, group, mode = fields(line, "file", 4)
                if path in self.files or not _MODE.fullmatch(mode):
                    raise ValueError(f"{shown(path)} twice, or no mode {shown(mode)}")
                self.files[path] = CertificateFile(path, owner, group, mode)
                self._path = path
            case "status":
                if number(*fields(line, "status", 1)):
                    self.failed.append(self.folders[-1])
            case "key":
                (self._path,) = fields(line, "key", 1)
            case _:
                raise ValueError(f"a line out of its place: {shown(line)}")

    def _in_block(self, line: str) -> None:
        self.block.append(line)
        if not line.startswith(_END):
            return
        file, text = self.files[self._path], "\n".join(self.block) + "\n"
        if text.startswith("-----BEGIN CERTIFICATE-----\n"):
            self.files[self._path] = replace(file, certificates=(*file.certificates, text))
        else:
            self.files[self._path] = replace(file, public_key=text)
        self.block = []


PROBES = (Probe(Certificates, _TEXT, parse_certificates, cost=55, arguments=Asking.certificate_folders, as_root=True),)
