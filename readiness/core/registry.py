"""Registries: what is found by looking into a folder has a name of its own, or nothing of it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def by_name(entries: Iterable[T], name: Callable[[T], str]) -> Mapping[str, T]:
    """The entries by their names; ValueError for a name that two of them have: one would silently take the place."""
    named: dict[str, T] = {}
    for entry in entries:
        if name(entry) in named:
            raise ValueError(f"two are called {name(entry)}: give each a name of its own")
        named[name(entry)] = entry
    return named
