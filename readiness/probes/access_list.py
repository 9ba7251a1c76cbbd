"""The access list of a file or folder, as getfacl prints it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from readiness.core.facts import Missing, Why
from readiness.probes.reading import fields, shown, tag_of

_ENTRY = re.compile(r"(default:)?(user|group|mask|other):([^:]*):(r|-)(w|-)(x|-)")
_RIGHTS = {4: "read", 2: "write"}


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What one user or group may do: `bits` as in a mode, what the list's mask takes away left out.

    `is_default`: not of the folder itself, but of what is made in it from now on. `name` is empty for the owner, the
    owner's group, and all others.
    """

    kind: str
    name: str
    bits: int
    is_default: bool

    def says(self, path: str, bits: int) -> str:
        """That it gives these bits, and the line that takes the entry away."""
        rights = " and ".join(word for bit, word in _RIGHTS.items() if bits & bit)
        what = "what is made in it" if self.is_default else path
        undo = f"setfacl -x {'d:' if self.is_default else ''}{self.kind[0]}:{self.name} {path}"
        return f"the access list of {path} lets the {self.kind} {self.name} {rights} {what} ({undo})"


Access = tuple[ListEntry, ...] | Missing
NO_GETFACL = Missing(Why.TOOL_ABSENT, "it has an access list, and getfacl could not read it", "install the package acl")


def is_of_list(line: str) -> bool:
    """Whether a line of a script is one of an access list."""
    return tag_of(line) in {"list", "no_list"}


def access_of(lines: Iterable[str]) -> Access:
    """The entries that such lines give; ValueError for what getfacl does not print."""
    matches = []
    for line in lines:
        if tag_of(line) == "no_list":
            fields(line, "no_list", 0)
            return NO_GETFACL
        (text,) = fields(line, "list", 1)
        match = _ENTRY.fullmatch(text)
        if match is None or (match[2] in {"mask", "other"} and match[3]):
            raise ValueError(f"no entry of an access list: {shown(text)}")
        matches.append(match)
    return tuple(_entries(matches))


def _entries(matches: list[re.Match[str]]) -> Iterator[ListEntry]:
    masks = {bool(match[1]): _bits(match) for match in matches if match[2] == "mask"}
    keys = [(match[1], match[2], match[3]) for match in matches]
    bases = [key for key in keys if not key[0] and not key[2]]
    if matches and (len({*keys}) != len(keys) or {kind for _, kind, _ in bases} < {"user", "group", "other"}):
        raise ValueError("an access list that is not whole")
    for match in matches:
        is_default, kind, name = bool(match[1]), match[2], match[3]
        if kind == "mask":
            continue
        if name and is_default not in masks:
            raise ValueError("an access list with names and no mask")
        mask = masks.get(is_default, 0o7) if name or kind == "group" else 0o7
        yield ListEntry(kind, name, _bits(match) & mask, is_default)


def _bits(match: re.Match[str]) -> int:
    return sum(bit for bit, letter in zip((4, 2, 1), match.groups()[3:], strict=True) if letter != "-")


def bits_of(mode: str, access: tuple[ListEntry, ...]) -> int:
    """What a mode gives: where there is a list, its group's bits are the list's mask, and not the group's own."""
    bits = int(mode, 8)
    own = next((entry for entry in access if not entry.is_default and (entry.kind, entry.name) == ("group", "")), None)
    return bits if own is None else bits & ~0o070 | own.bits << 3
