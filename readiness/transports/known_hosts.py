"""Pinned host keys from known_hosts files, read once: paramiko's own reader is quadratic."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from readiness.core.errors import InputError, Problem


@dataclass
class KnownHosts:
    """Keys by name; hashed and patterned entries apart. Revoked keys are no pins, and `@cert-authority` is not used."""

    by_name: dict[str, list[str]] = field(default_factory=dict)
    hashed: list[tuple[bytes, bytes, str]] = field(default_factory=list)
    patterned: list[tuple[list[str], str]] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> KnownHosts:
        """Read all files; a file that is not there is empty. Raises InputError with every malformed line."""
        known, problems = cls(), []
        for path in paths:
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}"))
                continue
            for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
                if line.strip() and not line.lstrip().startswith("#"):
                    try:
                        known._line(line)
                    except (ValueError, binascii.Error) as error:
                        problems.append(Problem(str(path), number, 1, f"no known_hosts entry: {error}"))
        if problems:
            raise InputError(problems)
        return known

    def _line(self, line: str) -> None:
        words = line.split()
        marker = words.pop(0) if words[0].startswith("@") else ""
        if len(words) < 3:
            raise ValueError("names, key type and key are expected")
        names, kind, blob = words[:3]
        inner = base64.b64decode(blob, validate=True)
        if inner[4 : 4 + int.from_bytes(inner[:4])] != kind.encode():
            raise ValueError(f"the key is no {kind}")
        key = f"{kind} {blob}"
        if marker == "@revoked":
            self.revoked.add(key)
        elif not marker:
            self._entry(names, key)

    def _entry(self, names: str, key: str) -> None:
        if names.startswith("|1|"):
            _, _, salt, digest = names.split("|")
            self.hashed.append((base64.b64decode(salt), base64.b64decode(digest), key))
            return
        patterns = names.split(",")
        if any(mark in name for name in patterns for mark in "*?!"):
            self.patterned.append((patterns, key))
            return
        for name in patterns:
            self.by_name.setdefault(name.lower(), []).append(key)

    def pins(self, names: Iterable[str], port: int) -> tuple[str, ...]:
        """The keys pinned for any of these names or addresses at this port, revoked ones left out."""
        found: dict[str, None] = {}
        for name in names:
            place = name.lower() if port == 22 else f"[{name.lower()}]:{port}"
            keys = list(self.by_name.get(place, ()))
            keys += [key for salt, digest, key in self.hashed if _hash(salt, place) == digest]
            keys += [key for patterns, key in self.patterned if _matches(patterns, place)]
            found.update(dict.fromkeys(key for key in keys if key not in self.revoked))
        return tuple(found)


def _hash(salt: bytes, name: str) -> bytes:
    return hmac.new(salt, name.encode(), hashlib.sha1).digest()


def _matches(patterns: list[str], name: str) -> bool:
    """OpenSSH's rule: any negated match excludes, else any match includes; brackets of a port are literal."""

    def fits(pattern: str) -> bool:
        return fnmatchcase(name, pattern.lower().replace("[", "[[]"))

    if any(fits(pattern[1:]) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(fits(pattern) for pattern in patterns if not pattern.startswith("!"))
