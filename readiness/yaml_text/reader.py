"""YAML as people may write it here: plain data with the line of every value, and every mistake at once.

Read from libyaml's events, because its loader takes the last of two equal keys, follows aliases and tags, and reads
`no` as False and `22:22` as 1342. A plain scalar that YAML 1.1 and 1.2 readers take differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from readiness.core.errors import Problem
from readiness.core.text import clean, one_line
from readiness.yaml_text.document import Document, Node, kind_of, problem, quote
from readiness.yaml_text.scalars import MAX_NUMBER, ambiguity, plain

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 2_000_000
_MAX_PROBLEMS = 1000
_MAX_BAD_LINES = 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ODD_BLANK = re.compile(r"[^\S \t\n\r]|[\u200b\ufeff]")
_SYNTAX_HINTS = {
    "mapping values are not allowed": "quote a text with ': ' in it, put a space behind the :, or mend the indentation",
    "did not find expected key": "mend the indentation, or quote the text before it",
    "did not find expected '-' indicator": "mend the indentation",
    "did not find expected ',' or": "a bracket, brace or quote is not closed",
    "did not find expected node content": "a bracket or brace is not closed, or a text that begins with : needs quotes",
    "found unexpected ':'": "put a space behind the :, and a value",
    "found unknown escape character": r"write a text with \ in single quotes: 'D:\Backup'",
    "did not find expected hexdecimal number": r"write a text with \ in single quotes: 'D:\Backup'",
    "found unexpected end of stream": "a quote is not closed",
    "cannot start any token": "quote the text",
    "could not find expected ':'": "a key needs ': ' after it",
}


def too_big(file: str, max_bytes: int) -> Problem:
    """The problem of a file over the limit."""
    return Problem(file, 0, 0, f"the file is larger than {max_bytes >> 20} MiB")


def read_yaml(file: str, data: bytes, max_bytes: int = MAX_BYTES) -> Document:
    """Bytes as a document; what cannot be read is in its `problems`, nothing is raised."""
    if len(data) > max_bytes:
        return Document(file, None, [too_big(file, max_bytes)])
    try:
        text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].rpartition(b"\n")
        line = data.count(b"\n", 0, error.start) + 1
        column = len(before[2].decode("utf-8", "replace")) + 1
        wrong = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return Document(file, None, [Problem(file, line, column, wrong, "save the file as UTF-8")])
    if unsafe := list(_unsafe(file, text)):
        return Document(file, None, unsafe)
    reader = _Reader(file, text)
    return Document(file, reader.read(), reader.problems)


def _unsafe(file: str, text: str) -> Iterator[Problem]:
    """Control and invisible characters: the first of each line, for the first lines that have any."""
    if clean(text) == text:
        return
    bad = ((number, line) for number, line in enumerate(text.split("\n"), start=1) if clean(line) != line)
    for number, line in [pair for pair, _ in zip(bad, range(_MAX_BAD_LINES), strict=False)]:
        column, wrong = next((at, clean(letter)) for at, letter in enumerate(line, start=1) if clean(letter) != letter)
        yield Problem(file, number, column, f"the character {wrong} may not stand here", "remove it")


class _Stop(Exception):
    """Reading ends here; the reason is among the problems."""


class _Reader:
    """Builds nodes from events; `problems` grows on the way."""

    def __init__(self, file: str, text: str) -> None:
        self.problems: list[Problem] = []
        self._file, self._text = file, text
        self._events: Iterator[Any] = iter(())
        self._count = 0

    def read(self) -> Node | None:
        """The one document of the file, or None where reading had to end."""
        self._events = yaml.parse(self._text, Loader=_LOADER)
        try:
            return self._document()
        except yaml.YAMLError as error:
            self._syntax(error)
        except _Stop:
            pass
        return None

    def _say(self, mark: Any, message: str, hint: str = "") -> None:
        self._add(mark.line + 1, mark.column + 1, message, hint)

    def _add(self, line: int, column: int, message: str, hint: str = "") -> None:
        self.problems.append(problem(self._file, line, column, message, hint))
        if len(self.problems) >= _MAX_PROBLEMS:
            much = f"the file has {_MAX_PROBLEMS} mistakes up to here: the rest was not read"
            self.problems.append(Problem(self._file, line, column, much))
            raise _Stop

    def _document(self) -> Node:
        root = Node(1, 1, None)
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._say(event.start_mark, "a second document", "one document a file: remove the '---'")
                    return root
                if event.version or event.tags:
                    self._say(event.start_mark, "a '%' directive", "remove it")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 1)
        if root.value is not None and not isinstance(root.value, dict):
            message = f"the file must be a mapping of keys to values, not {kind_of(root.value)}"
            self._add(root.line, root.column, message)
            raise _Stop
        return root

    def _node(self, event: Any, depth: int) -> Node:
        mark = event.start_mark
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_NODES:
            much = f"nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else f"more than {MAX_NODES} values"
            self._say(mark, much)
            raise _Stop
        node = Node(mark.line + 1, mark.column + 1, None)
        if isinstance(event, yaml.AliasEvent):
            node.faulty = True
            self._say(mark, f"an alias (*{event.anchor})", "write the value out")
            return node
        if event.anchor is not None:
            self._say(mark, f"an anchor (&{event.anchor})", "remove it")
        if event.tag is not None:
            node.faulty = True
            self._say(mark, f"a tag ({one_line(event.tag, 60)})", "remove it; quote the value if it is text")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(node, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._sequence(node, depth)
        else:
            self._mapping(node, depth)
        return node

    def _sequence(self, node: Node, depth: int) -> None:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        node.children = dict(enumerate(items))
        node.value = tuple(item.value for item in items)

    def _mapping(self, node: Node, depth: int) -> None:
        children: dict[str | int, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            child = self._node(next(self._events), depth + 1)
            child.key = (key.line, key.column)
            if not self._is_usable(key):
                continue
            if key.value in children:
                first = children[key.value].key or (0, 0)
                message = f"the key {quote(key.value)} is already at line {first[0]}"
                self._say(event.start_mark, message, "remove one of the two")
                continue
            children[key.value] = child
        node.children = children
        node.value = {name: child.value for name, child in children.items()}

    def _is_usable(self, key: Node) -> bool:
        """Whether a key is text; says what is wrong with it otherwise."""
        if key.faulty:
            return False
        if key.value == "<<":
            message, hint = "a merge key (<<)", "write the values out"
        elif not isinstance(key.value, str):
            message, hint = (
                f"a key must be text, not {kind_of(key.value)}",
                f'quote it: "{key.text}"' if key.text else "",
            )
        else:
            return True
        self._add(key.line, key.column, message, hint)
        return False

    def _scalar(self, node: Node, event: Any) -> None:
        text: str = event.value
        node.value = node.text = text
        if not event.implicit[0] or node.faulty or len(text) > MAX_NUMBER:
            return
        if (doubt := ambiguity(text)) is not None:
            node.faulty = True
            self._say(event.start_mark, *doubt)
            return
        node.value = plain(text)
        if node.value is None:
            node.faulty = True
            self._say(event.start_mark, "no value", "give it one, or leave it out; {} is an empty mapping")

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        problem = one_line(str(getattr(error, "problem", None) or error), 200)
        if mark is None:
            self.problems.append(Problem(self._file, 0, 0, f"not YAML: {problem}"))
            return
        lines = self._text.split("\n")
        line = lines[mark.line] if mark.line < len(lines) else ""
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation:
            column = indentation.index("\t") + 1
            tab = Problem(self._file, mark.line + 1, column, "a tab in the indentation", "indent with spaces")
            self.problems.append(tab)
            return
        for number in (mark.line - 1, mark.line):
            if 0 <= number < len(lines) and (blank := _ODD_BLANK.search(lines[number])):
                odd = f"a blank that is no space (U+{ord(blank[0]):04X})"
                self.problems.append(Problem(self._file, number + 1, blank.start() + 1, odd, "type a space instead"))
                return
        hint = next((hint for words, hint in _SYNTAX_HINTS.items() if words in problem), "")
        self._say(mark, f"not YAML: {problem}", hint)
