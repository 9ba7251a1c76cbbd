from __future__ import annotations

import sys
import unicodedata

import pytest

from readiness.core.text import clean, decode, first_few, one_line

# What steers a terminal, breaks XML or hides, by the Unicode Character Database and XML 1.0, section 2.2.
STEERING = [chr(point) for point in (*range(0x20), *range(0x7F, 0xA0)) if chr(point) not in "\n\t"]
TAGS = [chr(point) for point in range(0xE0000, 0xE0080)]  # invisible copies of ASCII
NOT_IN_XML = ["\ufffe", "\uffff", "\ud800", "\udfff"]
NON_CHARACTERS = [chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF)]
FORMAT = [
    chr(point)
    for point in range(sys.maxunicode + 1)
    if unicodedata.category(chr(point)) in {"Zl", "Zp"}
    or unicodedata.bidirectional(chr(point)) in {*("LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")}
]


@pytest.mark.parametrize(
    "character",
    [
        *STEERING,
        *TAGS,
        *NOT_IN_XML,
        *NON_CHARACTERS,
        *FORMAT,
        "\u00ad",
        "\u200b",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u061c",
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_what_steers_breaks_or_hides_is_shown_as_an_escape(character: str) -> None:
    shown = clean(f"before{character}after")
    assert shown.startswith("before\\")
    assert shown.endswith("after")
    assert shown.isprintable()
    assert int(shown.removeprefix("before\\").removesuffix("after")[1:], 16) == ord(character)


def test_text_of_any_language_stays_as_it_is() -> None:
    text = "plain\ttext\nof two lines, Gr\u00fc\u00dfe, \u65e5\u672c\u8a9e, \u05e9\u05dc\u05d5\u05dd, \U0001f642"
    assert clean(text) == text


def test_a_carriage_return_cannot_write_over_a_line() -> None:
    assert clean("NO-GO\rGO   ") == "NO-GO\\x0dGO   "


def test_one_line_is_one_line_and_says_where_it_was_cut() -> None:
    assert one_line("  a\n\tb \x1b[31m ") == "a b \\x1b[31m"
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde\u2026"


def test_bytes_that_are_not_utf_8_are_shown() -> None:
    assert decode("Gr\u00fc\u00dfe".encode()) == "Gr\u00fc\u00dfe"
    assert decode(b"a\xff\xfeb") == "a\\xff\\xfeb"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, ""), (1, "a"), (2, "a, b"), (3, "a, b, c"), (4, "a, b and 2 more"), (13, "a, b and 11 more")],
)
def test_names_are_counted_only_when_that_shortens_anything(count: int, shown: str) -> None:
    assert first_few("abcdefghijklm"[:count], 2) == shown


def test_texts_that_hold_commas_are_parted_otherwise() -> None:
    assert first_few(["a, b", "c, d", "e", "f"], 2, separator="; ") == "a, b; c, d; and 2 more"
