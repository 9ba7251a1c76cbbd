"""A small YAML reader for the catalogue's files: plain data with the place of every value.

It refuses what YAML readers take in silence: a key twice, aliases, tags, a word that some of them take for a switch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from readiness.core.errors import InputError, Problem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_SWITCHES = {"true": True, "false": False}

Path = tuple[str | int, ...]
Places = Mapping[Path, tuple[int, int]]


class _Reader:
    """Turns composed nodes into plain data, and gathers places and mistakes on the way."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self.places: dict[Path, tuple[int, int]] = {}
        self._file = file
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The plain data of a node; lists become tuples."""
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in self._seen:  # compose gives an alias as the very node it stands for
            self._say(node, "an alias; write the value out")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_CORE}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
            return tuple(self.value(item, (*path, index)) for index, item in enumerate(node.value))
        return self._scalar(node)

    def _say(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self._file, node.start_mark.line + 1, node.start_mark.column + 1, message))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_CORE}str":
                self._say(key, "a key must be text")
            elif key.value in found:
                self._say(key, f"the key {key.value!r} is there twice")
            else:
                found[key.value] = self.value(value, (*path, key.value))
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        kind, text = node.tag.removeprefix(_CORE), str(node.value)
        if kind == "str":
            return text
        if kind == "bool" and text in _SWITCHES:
            return _SWITCHES[text]
        if kind == "int" and text.isascii() and text.isdigit() and str(int(text)) == text:
            return int(text)
        self._say(node, f"{text!r} may be read in several ways; quote it" if text else "no value")
        return None


def read(file: str, data: bytes) -> tuple[Any, Places]:
    """One file's data and the line and column of each value; InputError with its mistakes."""
    try:
        root = yaml.compose(data.decode(), Loader=_LOADER)
    except UnicodeDecodeError as error:
        raise InputError([Problem(file, data.count(b"\n", 0, error.start) + 1, 1, "not UTF-8")]) from error
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise InputError([Problem(file, line, column, f"not YAML: {problem or error}")]) from error
    if root is None:
        raise InputError([Problem(file, 0, 0, "holds nothing")])
    reader = _Reader(file)
    value = reader.value(root, ())
    if reader.problems:
        raise InputError(reader.problems)
    return value, reader.places


def nearest(places: Places, path: Path) -> tuple[int, int]:
    """The place of a path, or of what is nearest above it."""
    return next(places[part] for part in _upwards(path) if part in places)


def _upwards(path: Path) -> Iterator[Path]:
    yield from (path[:length] for length in range(len(path), -1, -1))
