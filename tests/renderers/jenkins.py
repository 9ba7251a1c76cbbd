"""What Jenkins' `junit-10.xsd` (xunit plugin) demands, as far as a report uses it, as rules of the project's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

SHARED = Path(os.environ.get("READINESS_SHARED", Path(__file__).parents[3] / "shared"))
SCHEMA = SHARED / "corpus/dev/junit/xunitplugin__junit-10.xsd"

RERUNS = ("rerunFailure", "rerunError", "flakyFailure", "flakyError")
OUTPUT = ("system-out", "system-err")
STATES = ("skipped", "error", "failure")
CHILDREN: dict[str, tuple[str, ...]] = {
    "testsuites": ("testsuite",),
    "testsuite": ("testsuite", "properties", "testcase", *OUTPUT),
    "testcase": (*STATES, *RERUNS, *OUTPUT),
    "properties": ("property",),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "testsuite": ("name", "tests", "failures", "errors"),
    "testcase": ("name",),
    "property": ("name", "value"),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "testsuites": ("name", "time", "tests", "failures", "errors"),
    "testsuite": (
        *("group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"),
    ),
    "testcase": ("time", "classname", "group"),
    **dict.fromkeys(STATES, ("type", "message")),
}
WITH_TEXT = {*STATES, *OUTPUT}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})(\.[0-9]{0,3})?")  # at most three decimals


def mistakes(root: Any) -> list[str]:
    """Every way in which a parsed file is not what Jenkins takes."""
    if root.tag not in {"testsuites", "testsuite"}:
        return [f"the root is {root.tag}"]
    return [mistake for element in root.iter() for mistake in _of_element(element)]


def _of_element(element: Any) -> Iterator[str]:
    tag, attributes = element.tag, set(element.attrib)
    required, optional = set(REQUIRED.get(tag, ())), set(OPTIONAL.get(tag, ()))
    yield from (f"{tag} lacks {name}" for name in sorted(required - attributes))
    yield from (f"{tag} may not have {name}" for name in sorted(attributes - required - optional))
    yield from (f"{tag} may not hold {child.tag}" for child in element if child.tag not in CHILDREN.get(tag, ()))
    if tag in {"testsuites", "testsuite"} and not TIME.fullmatch(element.get("time", "")):
        yield f"{tag} has the time {element.get('time')}"
    texts = [element.text, *(child.tail for child in element)]
    if tag not in WITH_TEXT and any(text and text.strip() for text in texts):
        yield f"{tag} holds text"


def schema() -> Any:
    """Jenkins' own schema; skips where it is not at hand."""
    if not SCHEMA.is_file():
        reason = f"Jenkins' schema is not at {SCHEMA}; READINESS_SHARED says where the corpus is"
        (pytest.fail if os.environ.get("READINESS_REQUIRE") == "all" else pytest.skip)(reason)
    return etree.XMLSchema(etree.parse(SCHEMA))
