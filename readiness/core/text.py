"""Cleaning of hostile text: the one sink for terminal, XML and Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

# C0 but tab and newline, DEL, C1, bidi and zero-width controls, separators, BOM, non-characters, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)


def _shown(match: re.Match[str]) -> str:
    point = ord(match.group())
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def clean(text: str) -> str:
    """Text with every character that could steer a terminal, break XML or hide, shown as an escape.

    Newlines and tabs stay; carriage returns do not.
    """
    if text.isascii() and text.isprintable():  # nearly all text there is, and the pattern is slow on it
        return text
    return _UNSAFE.sub(_shown, text)


def canonical(name: str) -> str:
    """A name in a configuration as its programs compare it: case and spaces do not count."""
    return "".join(name.split()).lower()


def one_line(text: str, limit: int = 2000) -> str:
    """Clean text on one line, cut at `limit` characters with the cut marked."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "\u2026"


def decode(data: bytes) -> str:
    """Bytes of a host as text; bytes that are not UTF-8 are shown as escapes."""
    return data.decode("utf-8", "backslashreplace")


def first_few(texts: Sequence[str], limit: int = 2, *, separator: str = ", ") -> str:
    """`bk02, bk03 and 11 more`: the first texts and how many are left; a single one left is shown, not counted."""
    shown = texts if len(texts) <= limit + 1 else texts[:limit]
    rest = len(texts) - len(shown)
    lead = " " if separator == ", " else separator
    return separator.join(shown) + (f"{lead}and {rest} more" if rest else "")
