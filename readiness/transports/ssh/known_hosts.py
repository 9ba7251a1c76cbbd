"""Pinned host keys from known_hosts files, read once into a dict: paramiko's own reader is quadratic."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.transports.ssh.patterns import matches

REVOKED = "@revoked"


@dataclass
class KnownHosts:
    """Keys by name; hashed and patterned entries apart. Host certificates (@cert-authority) are not supported."""

    by_name: dict[str, list[str]] = field(default_factory=dict)
    hashed: list[tuple[bytes, bytes, str]] = field(default_factory=list)
    patterned: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> KnownHosts:
        """Read all files; a file that is not there is empty. Raises InputError with every malformed line."""
        known, problems = cls(), []
        for path in paths:
            try:
                lines = path.read_bytes().split(b"\n")
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}"))
                continue
            for number, line in enumerate(lines, start=1):
                try:
                    known._line(line.decode())
                except ValueError as error:  # binascii.Error and UnicodeDecodeError are ValueErrors, too
                    hint = "names, key type, key in base64; or take the line out"
                    problems.append(Problem(str(path), number, 1, f"no known_hosts entry: {error}", hint))
        if problems:
            raise InputError(problems)
        return known

    def _line(self, line: str) -> None:
        words = line.split()
        if not words or words[0].startswith("#"):
            return
        marker = words.pop(0) if words[0].startswith("@") else ""
        if marker not in {"", REVOKED, "@cert-authority"}:
            raise ValueError(f"unknown marker {marker}")
        if len(words) < 3:
            raise ValueError("names, key type and key are expected")
        names, kind, blob = words[:3]
        inner = base64.b64decode(blob, validate=True)
        if inner[4 : 4 + int.from_bytes(inner[:4])] != kind.encode():
            raise ValueError(f"the key is no {kind}")
        if marker == "@cert-authority":
            return
        self._entry(names, f"{marker} {kind} {blob}".lstrip())

    def _entry(self, names: str, key: str) -> None:
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

    def pins(self, names: Iterable[str], port: int) -> tuple[str, ...]:
        """The keys pinned for any of these names or addresses at this port, as `type base64`.

        A revoked key is given as `@revoked type base64` and is no pin itself, so that a host that shows it differs
        from what is pinned, rather than being unknown. Each hashed entry has a salt of its own, so each is tried.
        """
        keys: dict[str, None] = {}
        for name in names:
            entry = name.lower() if port == 22 else f"[{name.lower()}]:{port}"
            wanted = entry.encode()
            keys.update(dict.fromkeys(self.by_name.get(entry, ())))
            hashed = (key for salt, digest, key in self.hashed if hmac.digest(salt, wanted, hashlib.sha1) == digest)
            keys.update(dict.fromkeys(hashed))
            keys.update(dict.fromkeys(key for patterns, key in self.patterned if matches(patterns, entry)))
        return tuple(key for key in keys if f"{REVOKED} {key}" not in keys)
