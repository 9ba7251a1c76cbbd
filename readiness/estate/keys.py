"""Every key that estate.yaml and baseline.yaml may have, from their declarations: `readiness keys` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

from readiness.estate.baseline import demands
from readiness.estate.schema import json_schema

File = Literal["estate", "baseline"]
# What stands for the names that people choose; elsewhere the key in capitals, without its s.
_NAMES: Mapping[str, str] = {
    "versions": "PRODUCT.ROLE",
    "configuration": "PRODUCT.ROLE.DIRECTIVE",
    "uses": "ROLE",
    "sshd": "KEYWORD",
    "not_agreed": "DEMAND",
    "preferred_owners": "GROUP",
}
_FOR_SOME = ("groups", "hosts")  # of baseline.yaml: all of its demands again, for some hosts
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its path, with `[]` for an entry of a list; `scope` says whom a demand may be stated for."""

    path: str
    kind: str
    description: str
    example: str = ""
    default: str = ""
    required: bool = False
    scope: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its path as people write them."""
        return _parts(self.path)

    @property
    def name(self) -> str:
        """Its last part that nobody chooses."""
        return next(part for part in reversed(self.parts) if not part.isupper())


@cache
def keys_of(file: File) -> tuple[Key, ...]:
    """Every key of a file, in the order it is declared."""
    schema: Mapping[str, Any] = json_schema(file)
    return tuple(_keys(schema, schema, "", file))


def find(file: File, word: str) -> tuple[Key, ...]:
    """The keys that are at or below a path, else those whose last parts it is; with names of people's own or without.

    `clock`, `max_offset_s`, `hosts.web01.ssh.port` and `groups.clients.clock` of baseline.yaml are such words.
    """
    parts = _parts(word)
    if file == "baseline" and parts[0] in _FOR_SOME:
        parts = parts[2:] or parts
    keys = keys_of(file)
    below = tuple(key for key in keys if _same(key.parts[: len(parts)], parts))
    return below or tuple(key for key in keys if _ends_with(key, parts))


def near(files: Sequence[File], word: str) -> list[str]:
    """The keys that were perhaps meant."""
    by_name = {name: key.path for file in files for key in keys_of(file) for name in (key.path, key.name)}
    return list(dict.fromkeys(by_name[name] for name in get_close_matches(word[:100], by_name, n=3, cutoff=0.5)))


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", "").split("."))


def _ends_with(key: Key, words: tuple[str, ...]) -> bool:
    fixed = key.parts[: len(key.parts) - key.parts[::-1].index(key.name)]
    return words[-1] == key.name and _same(fixed[-len(words) :], words)


def _same(path: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return len(path) == len(words) and all(
        part == word or (part.isupper() and bool(word)) for part, word in zip(path, words, strict=True)
    )


def _keys(part: Mapping[str, Any], schema: Mapping[str, Any], path: str, file: File) -> Iterator[Key]:
    for name, entry in part.get("properties", {}).items():
        yield from _key(entry, schema, f"{path}{name}", file, required=name in part.get("required", ()))


def _key(
    entry: Mapping[str, Any], schema: Mapping[str, Any], path: str, file: File, *, required: bool
) -> Iterator[Key]:
    """A key, and the keys below it."""
    inner, full = _resolved(entry, schema), path
    if (of_mapping := _of_mapping(inner, schema)) is not None:
        name = path.rpartition(".")[2]
        inner, full = of_mapping, f"{path}.{_NAMES.get(name, name.removesuffix('s').upper())}"
    elif inner.get("type") == "array":
        of_list = _resolved(inner["items"], schema)
        inner, full = (of_list, f"{path}[]") if "properties" in of_list else (inner, path)
    demand = demands().get(path) if file == "baseline" else None
    yield Key(
        full,
        _kind(inner, schema),
        entry["description"],
        next(iter(entry.get("examples", ())), ""),
        _written(entry["default"]) if "default" in entry else "",
        required=required,
        scope="" if demand is None else "for all" if demand.of_the_estate else "for all, a group or a host",
    )
    if not (file == "baseline" and path in _FOR_SOME):
        yield from _keys(inner, schema, f"{full}.", file)


def _of_mapping(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What stands at the names of a mapping's own, however deep; None of what is none."""
    for key in ("additionalProperties", "patternProperties"):
        if isinstance(inner := entry.get(key), dict):
            value = _resolved(next(iter(inner.values())) if key == "patternProperties" else inner, schema)
            return _of_mapping(value, schema) or value
    return None


def _resolved(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = entry.get("$ref")
    return {**schema["$defs"][reference.rpartition("/")[2]], **entry} if reference else entry


def _kind(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value is, in words."""
    if "anyOf" in entry:
        return " or ".join(_kind(_resolved(one, schema), schema) for one in entry["anyOf"])
    if "enum" in entry:
        return "one of " + ", ".join(map(str, entry["enum"]))
    if entry.get("type") == "array":
        return f"list of {_kind(_resolved(entry['items'], schema), schema)}"
    return _WORDS.get(entry.get("type", ""), "mapping") + _bounds(entry)


def _bounds(entry: Mapping[str, Any]) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    return "".join(f", {text} {entry[key]}" for key, text in words.items() if key in entry)


def _written(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
