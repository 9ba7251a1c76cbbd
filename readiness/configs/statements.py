"""What a format's masking sends of a file, statement by statement, and how statements become resources.

A script takes the files apart, on the host, because only what is understood may leave it. Here the statements become
resources, and those of an included file come in where it is included, as in Bacula's own reader (lex.c of 9.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness.configs.model import ConfigurationFile, Directive, Resource

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NAMELESS = "-"  # what the catalogue does not know keeps its name to itself
_DEEPEST = 20
ABSENT = "there is no such file"
_MOST = 200_000  # statements, where files are included again and again
_UNREAD = {
    "command": "includes what a command prints, and a command is never run",
    "odd": "not understood",
    "lost": "not understood, nor what follows it",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of a script: `kind` is open, close, value, secret, hidden, include, command, odd or lost.

    `name` is a directive's in lower case without spaces, empty where it did not leave the host; `text` its value, the
    digest of its value, or why it is hidden; of an include the path.
    """

    kind: str
    line: int
    name: str = ""
    text: str = ""


Files = Mapping[str, tuple[Statement, ...]]


def folded(path: str, files: Files, unreadable: Mapping[str, str]) -> ConfigurationFile:
    """A file of nested blocks, with its includes in their places.

    `unreadable` says why of each file that could not be read. Raises ValueError for statements that no file can hold.
    """
    if unreadable.get(path) == ABSENT:
        return ConfigurationFile(path, (), (), is_absent=True)
    reader = _Reader(files, unreadable)
    reader.read(path, ())
    reader.end(path)
    return ConfigurationFile(path, tuple(reader.resources), tuple(reader.unread), is_absent=False)


@dataclass
class _Reader:
    """Folds statements into resources."""

    files: Files
    unreadable: Mapping[str, str]
    resources: list[Resource] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    _count: int = 0
    _blocks: list[str] = field(default_factory=list)
    _location: str = ""
    _directives: list[Directive] = field(default_factory=list)

    def read(self, path: str, above: tuple[str, ...]) -> None:
        """One file; `above` are those that it is included from."""
        if path in self.unreadable:
            self.unread.append(f"{path}: {self.unreadable[path]}")
            return
        for statement in self.files[path]:
            location = f"{path}:{statement.line}"
            self._count += 1
            if self._count > _MOST:
                raise ValueError(f"{path}: more than {_MOST} statements with all that is included")
            match statement.kind:
                case "open":
                    self._open(statement.name, location)
                case "close":
                    self._close(location)
                case "include":
                    self._include(statement.text, location, (*above, path))
                case "value" | "secret" | "hidden":
                    self._directive(statement, location)
                case _:
                    self.unread.append(f"{location}: {_UNREAD[statement.kind]}")

    def end(self, path: str) -> None:
        """A resource that is still open is told of, and not taken for whole."""
        if self._blocks:
            self.unread.append(f"{path}: the resource at {self._location} has no end")

    def _include(self, path: str, location: str, above: tuple[str, ...]) -> None:
        if path in above or len(above) >= _DEEPEST:
            self.unread.append(f"{location}: {path} includes itself, or too much")
        elif path in self.files or path in self.unreadable:
            self.read(path, above)
        else:
            self.unread.append(f"{location}: {path} was not read")

    def _open(self, name: str, location: str) -> None:
        if not self._blocks:
            self._location, self._directives = location, []
        self._blocks.append(name)

    def _close(self, location: str) -> None:
        if not self._blocks:
            self.unread.append(f"{location}: a brace closes nothing")
            return
        kind = self._blocks.pop()
        if not self._blocks:
            self.resources.append(Resource(kind, self._location, tuple(self._directives)))

    def _directive(self, statement: Statement, location: str) -> None:
        if not self._blocks:
            self.unread.append(f"{location}: {statement.name or 'a directive'} stands in no resource")
            return
        name = ".".join([*self._blocks[1:], statement.name])
        texts: dict[str, str | None] = {statement.kind: statement.text}
        hidden = texts.get("hidden") or ""
        self._directives.append(Directive(name, texts.get("value"), texts.get("secret"), hidden, location))


def statement(kind: str, line: int, parts: Iterable[str]) -> Statement:
    """A statement from a line's fields; ValueError for one that the script does not print."""
    given = tuple(parts)
    counts = {"open": 1, "value": 2, "secret": 2, "hidden": 2, "include": 1, "close": 1, **dict.fromkeys(_UNREAD, 1)}
    if counts.get(kind) != len(given):
        raise ValueError(f"no statement: {kind} with {len(given)} fields")
    if kind == "include":
        return Statement(kind, line, text=given[0])
    if kind in _UNREAD or kind == "close":
        return Statement(kind, line)
    if given[0] == _NAMELESS and kind in {"open", "hidden"}:
        return Statement(kind, line, text="".join(given[1:]))
    if not _NAME.fullmatch(given[0]):
        raise ValueError(f"no name: {given[0][:60]!r}")
    return Statement(kind, line, given[0], given[1] if len(given) > 1 else "")
