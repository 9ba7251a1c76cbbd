"""Certificates of a product, and whose private keys lie beside them; no private key leaves its host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.core.paths import comparable, lies_in
from readiness.core.scripts import Output
from readiness.probes.access_list import Access, ListEntry, is_of_list
from readiness.probes.guard import refusal
from readiness.probes.probe import Probe
from readiness.probes.reading import fields, lines, no_tool, script, shown, summed, tag_of
from readiness.probes.rights import LOOKING, ownership

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BEGIN, _END = "-----BEGIN ", "-----END "


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """One file: the certificates in it in their order as PEM, and the digest of its private key's public half.

    `public_key` is the sha256 of the half's SubjectPublicKeyInfo; empty where there is no private key, or it could not
    be read: then `locked` says why. `mode` is octal, `access` the list where there is one; on Windows both are empty,
    and `readers` are those of the accounts that everybody has who may read the file.
    """

    path: str
    owner: str
    group: str
    mode: str
    certificates: tuple[str, ...] = ()
    public_key: str = ""
    readers: tuple[str, ...] | None = None
    locked: str = ""
    access: Access = ()

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        return bool(self.mode) or self.readers is not None

    @property
    def read_by_others(self) -> bool:
        """Whether others than its owner and group may read it."""
        return bool(self.readers) if self.readers is not None else bool(int(self.mode, 8) & 0o007)

    def readers_by_list(self, accounts: Iterable[str]) -> tuple[ListEntry, ...]:
        """The entries of its access list that let others read or change it, who are none of these accounts."""
        if isinstance(self.access, Missing):
            return ()
        own = {"user": {"root", self.owner, *accounts}, "group": {"root", self.group, *accounts}}
        return tuple(
            entry for entry in self.access if entry.name and entry.bits & 6 and entry.name not in own[entry.kind]
        )

    def __str__(self) -> str:
        """Its path, and who may read it."""
        if self.readers is None:
            return f"{self.path} {self.owner}:{self.group} {self.mode}"
        return f"{self.path} open to {', '.join(self.readers) or 'administrators'}"


@dataclass(frozen=True, slots=True)
class Certificates(Fact):
    """The files in `folders`, which are those that were read; one that is not there is read, too.

    `unread` says of each file and folder that was not read why, with the line that mends it.
    """

    name: ClassVar[str] = "certificates"
    folders: tuple[str, ...]
    files: Mapping[str, CertificateFile]
    unread: Mapping[str, str] = field(default_factory=dict)

    def at(self, path: str) -> CertificateFile | None:
        """The file at a path as the host compares paths; None where there is none in these folders."""
        return next((file for file in self.files.values() if comparable(file.path) == comparable(path)), None)

    def why_unread(self, path: str) -> str | None:
        """Why the file at this path was not read; None where it was, or there is none."""
        return next((why for unread, why in self.unread.items() if lies_in(path, unread)), None)

    def cover(self, path: str) -> bool:
        """Whether a file at this path would have been read."""
        return any(lies_in(path, folder) for folder in self.folders)


def parse_certificates(output: Output) -> Certificates | Missing:
    """Folder by folder the files, each with its access list, its certificates and what is told of its key."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    gathered = _Gathered()
    body = summed(received)
    for at, line in enumerate(body):
        gathered.take(line, takewhile(is_of_list, body[at + 1 :]))
    if gathered.block:
        raise ValueError("a block without its end")
    return Certificates(tuple(gathered.folders), gathered.files, gathered.unread)


class _Gathered:
    """What the lines so far say."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.files: dict[str, CertificateFile] = {}
        self.unread: dict[str, str] = {}
        self.block: list[str] = []
        self._path = ""

    def take(self, line: str, listed: Iterable[str]) -> None:
        """One line: of a folder, of a file, or of a block; `listed` are those of an access list after it."""
        if self.block or line.startswith(_BEGIN):
            self._in_block(line)
            return
        match tag_of(line):
            case "":
                return
            case "folder" | "absent" as tag:
                self.folders += fields(line, tag, 1)
            case "file":
                path, *rest = fields(line, "file", 4)
                own = ownership(["file", *rest], listed)
                if path in self.files or not self.folders:
                    raise ValueError(f"{shown(path)} twice, or in no folder")
                self.files[path] = CertificateFile(path, own.owner, own.group, own.mode, access=own.access)
                self._path = path
            case "unread":
                path, *why = fields(line, "unread", 4)
                self.unread[path] = str(refusal(*why))
                self._path = ""
            case "key":
                (digest,) = fields(line, "key", 1)
                self._key(public_key=digest, is_right=bool(_DIGEST.fullmatch(digest)))
            case "locked":
                (locked,) = fields(line, "locked", 1)
                self._key(locked=locked, is_right=bool(locked))
            case "list" | "no_list" if self._path:
                return
            case _:
                raise ValueError(f"a line out of its place: {shown(line)}")

    def _key(self, *, is_right: bool, public_key: str = "", locked: str = "") -> None:
        file = self.files.get(self._path)
        if file is None or not is_right or file.public_key or file.locked:
            raise ValueError(f"no key of a file: {shown(public_key or locked)}")
        self.files[self._path] = replace(file, public_key=public_key, locked=locked)

    def _in_block(self, line: str) -> None:
        self.block.append(line)
        if not line.startswith(_END):
            return
        file, text = self.files.get(self._path), "\n".join(self.block) + "\n"
        if file is None or self.block[0] != _BEGIN + "CERTIFICATE-----" or self.block[-1] != _END + "CERTIFICATE-----":
            raise ValueError(f"no certificate of a file: {shown(text)}")
        self.files[self._path] = replace(file, certificates=(*file.certificates, text))
        self.block = []


PROBES = (
    Probe(
        Certificates,
        script("certificates"),
        parse_certificates,
        cost=55,
        as_root=True,
        arguments=lambda asking: (*asking.certificate_folders(), *asking.host.reads),
        after=lambda _: (LOOKING,),
    ),
)
