"""A proposal as text: YAML in which what nobody should agree on unseen is a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.core.text import first_few, one_line
from readiness.proposing.gathering import Entry, Proposal, Said, example_of
from readiness.yaml_text.writing import flow

_TOLD = "## "  # what is no value, beside `# ` before what can be stated by taking that away
_MOST_HOSTS = 8
_MOST_SAID = 20
_LONGEST = 400
AGREED = "agreed: {by: , day: }"
EXEMPT = "not_agreed: {KEY: {reason: ..., by: ..., day: ...}}"


@dataclass
class Section:
    """A mapping of the file: by key what is stated already, a proposal, or another section."""

    children: dict[str, Any] = field(default_factory=dict)

    def put(self, key: str, value: Any) -> None:
        """Put something at a key such as `clock.max_offset_s`."""
        first, _, rest = key.partition(".")
        if not rest:
            self.children[first] = value
            return
        section = self.children.setdefault(first, Section())
        section.put(rest, value)


def text_of(stated: Mapping[str, Any], proposals: Iterable[Proposal], head: Iterable[str]) -> str:
    """The whole file: what is stated already stays, and proposals for the rest; it does not load until filled in."""
    file = Section()
    for proposal in proposals:
        file.put(proposal.key, proposal)
    for name, value in stated.items():
        _keep(file, name, value)
    lines = [AGREED, *(f"{_TOLD}{line}" for line in head), ""]
    for name, child in file.children.items():
        own, stands = _lines(name, child)
        lines += own if stands else map(_comment, own)
        lines.append("")
    return "\n".join(lines)


def _keep(section: Section, name: str, value: Any) -> None:
    if not isinstance(value, dict) or not value:
        section.children[name] = value
        return
    inner = section.children.setdefault(name, Section())
    for key, entry in value.items():
        _keep(inner, key, entry)


def _lines(name: str, child: Any) -> tuple[list[str], bool]:
    """The lines of an entry as they stand when nothing of it is a comment, and whether any of it stands."""
    if isinstance(child, Proposal):
        return [*_proposed(name, child)], child.stands
    if not isinstance(child, Section):
        if isinstance(child, list) and len(child) > 1 and isinstance(child[0], dict):
            return [f"{flow(name)}: [", *_indented(f"{flow(entry)}," for entry in child), "]"], True
        return [f"{flow(name)}: {flow(child)}"], True
    parts = [_lines(key, entry) for key, entry in child.children.items()]
    any_stands = any(stands for _, stands in parts)
    inner = [line for own, stands in parts for line in (own if stands or not any_stands else map(_comment, own))]
    return [f"{flow(name)}:", *_indented(inner)], any_stands


def _proposed(name: str, proposal: Proposal) -> Iterator[str]:
    if not proposal.stands:
        yield from _explained(proposal)
    yield from _said("not proposed: ", proposal.flaws)
    yield from _said("", proposal.notes)
    if proposal.kind is dict:
        yield from _mapping(name, proposal)
    elif proposal.kind is list:
        yield from _list(name, proposal)
    else:
        values = [*proposal.common, *proposal.differing]
        lines = [f"{flow(name)}: {flow(entry.value)}{_hosts(entry, proposal)}" for entry in values]
        yield from lines[:1]
        yield from map(_comment, lines[1:])


def _explained(proposal: Proposal) -> Iterator[str]:
    """That it is for a person to decide, and how it is written where nothing was found."""
    if proposal.common or proposal.differing:
        why = "" if proposal.flaws else ", since hosts differ"
        yield f"{_TOLD}{proposal.key} is not proposed{why}:"
    else:
        key = proposal.key.partition(".")[0] if proposal.key.count(".") > 1 else proposal.key.rpartition(".")[2]
        yield f"{_TOLD}{proposal.key} is not proposed; it is written like {key}: {example_of(proposal.key)}"


def _mapping(name: str, proposal: Proposal) -> Iterator[str]:
    if not (proposal.common or proposal.differing):
        return
    lines = [f"{flow(entry.name)}: {flow(entry.value)}{_hosts(entry, proposal)}" for entry in proposal.common]
    others = [f"{flow(entry.name)}: {flow(entry.value)}{_hosts(entry, proposal)}" for entry in proposal.differing]
    if not lines:
        lines, others = others[:1], others[1:]
    yield f"{flow(name)}:"
    yield from _indented([*lines, *map(_comment, others)])


def _list(name: str, proposal: Proposal) -> Iterator[str]:
    if not (proposal.differing or proposal.common):
        if proposal.stands:
            yield f"{flow(name)}: []"
        return
    if proposal.stands and not proposal.differing:
        yield f"{flow(name)}: {flow(proposal.value)}"
        return
    yield f"{flow(name)}: ["
    stand = proposal.common if proposal.common or proposal.stands else proposal.differing[:1]
    for entry in (*stand, *(entry for entry in proposal.differing if entry not in stand)):
        line = f"{flow(entry.value)},{_hosts(entry, proposal)}"
        yield from _indented([line if entry in stand else _comment(line)])
    yield "]"


def _hosts(entry: Entry, proposal: Proposal) -> str:
    """The hosts of what only some have; and of what nobody should agree on."""
    if not entry.hosts or (entry in proposal.common and not proposal.flaws):
        return ""
    return f"  # {_few(entry.hosts)}"


def _said(begin: str, every: Sequence[Said]) -> Iterator[str]:
    for said in every[:_MOST_SAID]:
        hosts = f" ({_few(said.hosts)})" if said.hosts else ""
        yield f"{_TOLD}{begin}{one_line(said.text, _LONGEST)}{hosts}"
    if len(every) > _MOST_SAID:
        yield f"{_TOLD}{begin}and {len(every) - _MOST_SAID} more"


def _few(hosts: Sequence[str]) -> str:
    return first_few(hosts, _MOST_HOSTS)


def _comment(line: str) -> str:
    """A line as a comment; what is one already stays as it is."""
    return line if line.startswith("#") else f"# {line}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
