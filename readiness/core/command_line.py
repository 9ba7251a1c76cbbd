"""The words of a command line as they came, before anything reads a meaning into them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def wants_json(words: Sequence[str]) -> bool:
    """Whether a program asks, which is given JSON even where the command line itself is wrong."""
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def without_value(words: Sequence[str]) -> str:
    """What stands there and says nothing, such as `--hosts ''`; empty when each word says something.

    It comes of a variable that is not set, and would be taken for all hosts, or for the folder one happens to be in.
    """
    for number, word in enumerate(words):
        before = words[number - 1] if number else ""
        option, joined, value = word.partition("=")
        if word.startswith("-") and joined and not value.strip():
            return f"{option} is given nothing: a variable that is not set?"
        if not word.strip():
            what = before if before.startswith("-") and "=" not in before else f"word {number + 1}"
            return f"{what} is given nothing: a variable that is not set?"
    return ""
