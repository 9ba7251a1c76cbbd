"""Plain scalars by the core schema of YAML 1.2; those that YAML 1.1 and 1.2 readers take differently are refused."""

from __future__ import annotations

import re

from readiness.core.text import one_line
from readiness.yaml_text.document import quote

# Longer ones are text: no number that anybody means is, and matching them would take long.
MAX_NUMBER = 100

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_ODD_NUMBER = re.compile(
    r"[-+]?(?:0[0-9_]+|0[xX][0-9a-fA-F_]+|0o[0-7]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?)|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SWITCHES = frozenset({"yes", "no", "on", "off"})
_WRITTEN_SMALL = frozenset({"true", "false", "null"})


def ambiguity(text: str) -> tuple[str, str] | None:
    """What is wrong with a plain scalar that readers of YAML disagree about, and the hint."""
    if text.lower() in _SWITCHES:
        return f"{text} is a truth value to some YAML readers", f'write "{text}" for text, true or false for a switch'
    if text.lower() in _WRITTEN_SMALL and text not in _WRITTEN_SMALL:
        return f"{text} is not the same to all YAML readers", f'write {text.lower()}, or "{text}" for text'
    if _SEXAGESIMAL.fullmatch(text):
        return f"{quote(text)} is a number to base 60 to some YAML readers", f'quote it: "{one_line(text, 60)}"'
    if _ODD_NUMBER.fullmatch(text):
        hint = f'quote it if it is text: "{one_line(text, 60)}"; a number is written in plain decimal digits'
        return f"{quote(text)} is not the same to all YAML readers", hint
    return None


def plain(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar."""
    if text in {"", "null", "~"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
