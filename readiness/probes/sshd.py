"""The settings that sshd goes by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.estate import SSHD_SETTINGS
from readiness.probes.probe import Probe
from readiness.probes.reading import fields, lines, no_tool, number, script, shown, tag_of

_KEYWORD = re.compile(r"[a-z0-9]{1,64}")
_NOT_FOUND = {"status\t126\t.", "status\t127\t."}


@dataclass(frozen=True, slots=True)
class Sshd(Fact):
    """The values of each setting by its keyword in small letters, as `sshd -T` tells them, which is without `Match`.

    Of those in `hidden` the host told no value: it may be a token, or a command with its arguments.
    """

    name: ClassVar[str] = "sshd"
    settings: Mapping[str, tuple[str, ...]]
    hidden: tuple[str, ...] = ()


def parse_sshd(output: Output) -> Sshd | Missing:
    """One line a setting, and how many; a keyword may stand there more than once."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    status, *rows = received
    if number(*fields(status, "status", 1)):
        return _refused(status, rows)
    settings: dict[str, tuple[str, ...]] = {}
    hidden = set()
    for row in rows[:-1]:
        if tag_of(row) == "other":
            hidden.add(_keyword(fields(row, "other", 1)[0]))
            continue
        keyword, _, value = fields(row, "setting", 1)[0].partition(" ")
        if keyword not in SSHD_SETTINGS or not value.isascii():
            raise ValueError(f"not asked for: {shown(row)}")
        settings[keyword] = (*settings.get(keyword, ()), value)
    if not settings or number(*fields(rows[-1], "count", 1)) != len(rows) - 1:
        raise ValueError(f"{len(settings)} settings in {len(rows)} rows")
    return Sshd({key: tuple(sorted(settings[key])) for key in sorted(settings.keys() - hidden)}, tuple(sorted(hidden)))


def _keyword(text: str) -> str:
    if not _KEYWORD.fullmatch(text):
        raise ValueError(f"no keyword: {shown(text)}")
    return text


def _refused(status: str, rows: list[str]) -> Missing:
    """Where sshd finds fault with its configuration; what stands there stays on the host."""
    if status in _NOT_FOUND:
        return Missing(Why.TOOL_ABSENT, "no /usr/sbin/sshd")
    reasons = []
    for row in rows:
        if tag_of(row) == "reason":
            reasons += fields(row, "reason", 1)
            continue
        file, line, keyword = fields(row, "fault", 3)
        reasons.append(f"{file}:{number(line)}" + (f", {_keyword(keyword)}" if keyword else ""))
    places = "; ".join(dict.fromkeys(reasons)) or "for a reason that stays on the host"
    return Missing(Why.UNREADABLE, f"sshd -T finds fault: {places}", "sshd -T as root says what it is")


PROBES = (
    Probe(
        Sshd,
        script("sshd"),
        parse_sshd,
        cost=42,
        as_root=True,
        arguments=lambda _: tuple(f"{keyword}={shape}" for keyword, shape in sorted(SSHD_SETTINGS.items())),
    ),
)
