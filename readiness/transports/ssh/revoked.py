"""Keys that must not be trusted, whoever pins them: lines @revoked, and files of RevokedHostKeys (text or KRL)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

_MAGIC = b"SSHKRL\n\0"
_FIXED = len(_MAGIC) + 4 + 8 + 8 + 8  # and the version of the format, the list's own, its date, its flags
# Sections of PROTOCOL.krl; certificates of hosts are never accepted, so those that are revoked do not matter.
_CERTIFICATES, _KEYS, _SHA1, _SIGNATURE, _SHA256 = 1, 2, 3, 4, 5


@dataclass
class Revoked:
    """Revoked keys and digests of keys, each with the place that says so."""

    keys: dict[bytes, str] = field(default_factory=dict)
    digests: dict[bytes, str] = field(default_factory=dict)

    def place_of(self, key: str) -> str | None:
        """Where a key, as `type base64`, is revoked; None when it is not."""
        blob = base64.b64decode(key.rsplit(" ", maxsplit=1)[-1])
        own = (hashlib.sha1(blob, usedforsecurity=False).digest(), hashlib.sha256(blob).digest())
        return self.keys.get(blob) or next((self.digests[digest] for digest in own if digest in self.digests), None)

    def add(self, data: bytes, file: str) -> None:
        """What a file of RevokedHostKeys revokes; raises ValueError for what is not understood, with its place."""
        if data.startswith(_MAGIC):
            self._krl(data, file)
            return
        for number, line in enumerate(data.decode(errors="replace").split("\n"), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            place = f"{file}:{number}"
            try:
                self.keys.setdefault(base64.b64decode(words[1], validate=True), place)
            except (ValueError, IndexError):
                raise ValueError(f"{place}: is neither a public key nor a KRL") from None

    def _krl(self, data: bytes, file: str) -> None:
        try:
            if int.from_bytes(data[8:12]) != 1:
                raise ValueError("of another version than 1")  # noqa: TRY301 - all that is wrong with it gets its name
            rest = _Reader(data, _FIXED)
            rest.text()  # reserved
            rest.text()  # a comment
            while not rest.ended:
                kind, section = rest.byte(), rest.text()
                if kind == _SIGNATURE:
                    return  # signatures stand last
                if kind == _KEYS:
                    self.keys |= dict.fromkeys(_Reader(section).texts(), file)
                elif kind in {_SHA1, _SHA256}:
                    self.digests |= dict.fromkeys(_Reader(section).texts(), file)
                elif kind != _CERTIFICATES:
                    raise ValueError(f"with a section of the unknown kind {kind}")  # noqa: TRY301 - as above
        except ValueError as error:
            raise ValueError(f"{file}: is a KRL {error}") from None


class _Reader:
    """Bytes as SSH writes them, from a position on."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self._at = data, at

    @property
    def ended(self) -> bool:
        return self._at >= len(self._data)

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]  # only asked for before the end

    def text(self) -> bytes:
        begin = self._at + 4
        self._at = begin + int.from_bytes(self._data[begin - 4 : begin])
        if self._at > len(self._data) or begin > len(self._data):
            raise ValueError("that is cut off")
        return self._data[begin : self._at]

    def texts(self) -> Iterator[bytes]:
        while not self.ended:
            yield self.text()
