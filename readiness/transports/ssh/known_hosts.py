"""Pinned host keys from known_hosts files, read once into a dict: paramiko's own reader is quadratic."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.files import guarded
from readiness.files.guarded import Absent, Kind, Unusable
from readiness.transports.ssh.patterns import matches

REVOKED = "@revoked"
KNOWN_HOSTS = Kind("a known_hosts file", 16 << 20)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key as `type base64`, or `@revoked type base64`, and the `file:line` that says so."""

    key: str
    place: str


@dataclass
class KnownHosts:
    """Keys by name; hashed and patterned entries apart. Host certificates (@cert-authority) are not supported."""

    by_name: dict[str, list[Entry]] = field(default_factory=dict)
    hashed: list[tuple[bytes, bytes, Entry]] = field(default_factory=list)
    patterned: list[tuple[tuple[str, ...], Entry]] = field(default_factory=list)
    revoked: dict[bytes, str] = field(default_factory=dict)

    @classmethod
    def load(cls, paths: Iterable[Path], within_s: float = guarded.ANSWER_S, *, strictly: bool = True) -> KnownHosts:
        """Read all files; a file that is not there is empty. Raises InputError with every malformed line.

        Not strictly, as OpenSSH reads them, what is malformed is passed over, unless it revokes a key.
        """
        known, problems = cls(), []
        for path in paths:
            try:
                lines = guarded.read(path, KNOWN_HOSTS, within_s).split(b"\n")
            except Absent:
                continue
            except Unusable as error:
                problems.append(error.here())
                continue
            for number, line in enumerate(lines, start=1):
                try:
                    known._line(line.decode(errors="surrogateescape"), f"{path}:{number}")
                except ValueError as error:  # binascii.Error is one, too
                    if strictly or line.lstrip().startswith(REVOKED.encode()):
                        hint = "names, key type, key in base64; or take the line out"
                        problems.append(Problem(str(path), number, 1, f"no known_hosts entry: {error}", hint))
        if problems:
            raise InputError(problems)
        return known

    def _line(self, line: str, place: str) -> None:
        words = line.split()
        if not words or words[0].startswith("#"):
            return
        marker = words.pop(0) if words[0].startswith("@") else ""
        if marker not in {"", REVOKED, "@cert-authority"}:
            raise ValueError("unknown marker")
        if len(words) < 3:
            raise ValueError("names, key type and key are expected")
        names, kind, blob = words[:3]
        inner = base64.b64decode(blob, validate=True)
        if inner[4 : 4 + int.from_bytes(inner[:4])] != kind.encode():
            raise ValueError("the key is not of the type that is named")
        if marker == REVOKED:
            self.revoked.setdefault(inner, place)
        if marker != "@cert-authority":
            self._entry(names, Entry(f"{marker} {kind} {blob}".lstrip(), place))

    def _entry(self, names: str, key: Entry) -> None:
        if names.startswith("|"):
            parts = names.split("|")
            if len(parts) != 4 or parts[1] != "1":
                raise ValueError("a hashed name is |1|salt|hash")
            salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
            self.hashed.append((salt, digest, key))
            return
        patterns = tuple(names.lower().split(","))
        if any(mark in names for mark in "*?!"):
            self.patterned.append((patterns, key))
            return
        for name in patterns:
            self.by_name.setdefault(name, []).append(key)

    def entries(self, names: Iterable[str], port: int) -> Iterator[Entry]:
        """What stands there for any of these names or addresses at this port.

        Each hashed entry has a salt of its own, so each is tried.
        """
        for name in names:
            entry = name.lower() if port == 22 else f"[{name.lower()}]:{port}"
            wanted = entry.encode()
            yield from self.by_name.get(entry, ())
            yield from (key for salt, digest, key in self.hashed if hmac.digest(salt, wanted, hashlib.sha1) == digest)
            yield from (key for patterns, key in self.patterned if matches(patterns, entry))

    def pins(self, names: Iterable[str], port: int) -> tuple[str, ...]:
        """The keys pinned for any of these names or addresses at this port, as `type base64`.

        A revoked key is given as `@revoked type base64` and is no pin itself, so that a host that shows it differs
        from what is pinned, rather than being unknown.
        """
        keys = dict.fromkeys(entry.key for entry in self.entries(names, port))
        return tuple(key for key in keys if f"{REVOKED} {key}" not in keys)
