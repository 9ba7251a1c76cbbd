"""One file as read: its plain data, where each value stands, and every mistake in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.core.errors import Problem
from readiness.core.text import one_line

_MAX_WORDS = 400

Path = Sequence[str | int]
# Shared by all nodes without children, which most are.
_CHILDLESS: Mapping[Any, Any] = {}


@dataclass(slots=True, eq=False)
class Node:
    """One value and where it stands: `value` is plain data, `text` a scalar as written, `key` where its key stands.

    `faulty` once a mistake was reported for it, so that one mistake is reported once.
    """

    line: int
    column: int
    value: Any
    text: str = ""
    key: tuple[int, int] | None = None
    children: Mapping[str | int, Node] = field(default_factory=lambda: _CHILDLESS)
    faulty: bool = False


class Document:
    """One file: its tree, or None where its syntax is broken, and the mistakes in it so far.

    Faulty entries can be left out, so that the rest is validated and cross-checked all the same. From then on every
    path is one of the data that remain; a document that something was left out of has at least one problem.
    """

    def __init__(self, file: str, root: Node | None, problems: Iterable[Problem]) -> None:
        self.file, self.root = file, root
        self.problems = list(problems)
        self._left_out: set[tuple[str | int, ...]] = set()
        self._incomplete: set[tuple[str | int, ...]] = set()
        self._stand_ins: dict[tuple[str | int, ...], dict[str, Any]] = {}

    @property
    def value(self) -> Any:
        """The plain data without what was left out; an empty mapping for a file that holds nothing."""
        written = {} if self.root is None or self.root.value is None else self.root.value
        return self._remaining(written, ())

    def keys(self, section: str) -> tuple[str, ...] | None:
        """The keys of a section as written, those of faulty entries too; None where it cannot be read as a mapping."""
        if self.root is None:
            return None
        node = self.root.children.get(section)
        if node is None:
            return ()
        return tuple(map(str, node.children)) if isinstance(node.value, dict) else None

    def leave_out(self, faulty: Iterable[tuple[Path, Any]]) -> bool:
        """Leave the values at these paths out of the data, or put a stand-in there; False if nothing is new."""
        before = len(self._left_out) + sum(map(len, self._stand_ins.values()))
        for path, stand_in in [(self._as_written(path), stand_in) for path, stand_in in faulty]:
            at = path
            while stand_in is None and len(at) > 1 and self._node(at) is None:
                at = at[:-1]  # a text that stands for a list of one
            self._left_out.add(at)
            self._incomplete |= {at[:length] for length in range(len(at) + 1)}
            if stand_in is not None:
                self._stand_ins.setdefault(at[:-1], {})[str(at[-1])] = stand_in
        return len(self._left_out) + sum(map(len, self._stand_ins.values())) > before

    def is_incomplete(self, path: Path) -> bool:
        """Whether the value at this path, or a part of it, was left out: then nothing follows from what it lacks."""
        return bool(self._incomplete) and self._as_written(path) in self._incomplete

    def texts_left_out(self) -> Iterator[str]:
        """Every text in the entries that were left out: a name that stands only there counts as used."""
        nodes = [node for path in self._left_out if (node := self._node(path)) is not None]
        while nodes:
            node = nodes.pop()
            nodes += node.children.values()
            if node.text:
                yield node.text

    def node(self, path: Path) -> Node | None:
        """The node at exactly this path."""
        return self._node(self._as_written(path))

    def _node(self, path: Path) -> Node | None:
        node = self.root
        for part in path:
            node = node.children.get(part) if node is not None else None
        return node

    def locate(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a path's value, or of its key for mappings and lists; of the nearest parent if absent."""
        return self._locate(self._as_written(path), key=key)

    def _locate(self, path: Path, *, key: bool) -> tuple[int, int]:
        node = self.root
        if node is None:
            return 0, 0
        for depth, part in enumerate(path):
            child = node.children.get(part)
            if child is None:
                return self._locate(path[:depth], key=isinstance(node.value, dict | tuple))
            node = child
        if node is self.root:
            return 1, 1
        return node.key if node.key is not None and (key or node.children) else (node.line, node.column)

    def report(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Add a mistake unless one was reported for this very value before."""
        node = self.node(path)
        if node is not None:
            if node.faulty:
                return
            node.faulty = True
        line, column = self.locate(path, key=key)
        self.problems.append(problem(self.file, line, column, message, hint))

    def _as_written(self, path: Path) -> tuple[str | int, ...]:
        """The path in the file for a path in the remaining data: in lists, items that were left out count again."""
        if not self._left_out:
            return tuple(path)
        at: tuple[str | int, ...] = ()
        for part in path:
            number = part
            if isinstance(part, int):
                number = -1
                for _ in range(part + 1):
                    number += 1
                    while (*at, number) in self._left_out:
                        number += 1
            at = (*at, number)
        return at

    def _remaining(self, value: Any, at: tuple[str | int, ...]) -> Any:
        """The data below a path, copied only where something was left out."""
        if at not in self._incomplete:
            return value
        if isinstance(value, dict):
            parts = ((key, part, (*at, key)) for key, part in value.items())
            kept = {key: self._remaining(part, path) for key, part, path in parts if path not in self._left_out}
            return {**kept, **self._stand_ins.get(at, {})}
        if isinstance(value, tuple):
            items = ((part, (*at, number)) for number, part in enumerate(value))
            return tuple(self._remaining(part, path) for part, path in items if path not in self._left_out)
        return value


def quote(text: str, limit: int = 60) -> str:
    """A text from a file as it may stand in a message: one short line in quotes."""
    return f"'{one_line(text, limit)}'"


def problem(file: str, line: int, column: int, message: str, hint: str = "") -> Problem:
    """A problem whose words are short and clean, whatever they quote."""
    return Problem(file, line, column, one_line(message, _MAX_WORDS), one_line(hint, _MAX_WORDS))


def kind_of(value: Any) -> str:
    """What a plain value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "a mapping"
    return {type(None): "nothing", str: "text"}.get(type(value), "a list")
