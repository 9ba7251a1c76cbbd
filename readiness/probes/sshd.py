"""The settings that sshd goes by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import one_line
from readiness.probes.probe import Probe
from readiness.probes.reading import complaints, counted, fields, lines, number, script, shown

_TEXT = script("sshd")
_KEYWORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Sshd(Fact):
    """The values of each setting by its keyword in small letters, as `sshd -T` tells them, which is without `Match`."""

    name: ClassVar[str] = "sshd"
    settings: Mapping[str, tuple[str, ...]]


def parse_sshd(output: Output) -> Sshd | Missing:
    """One line a setting, and how many; a keyword may stand there more than once."""
    _, status, *rows, count = lines(output)
    if number(*fields(status, "status", 1)):
        messages = " | ".join(complaints(output))
        why = Why.TOOL_ABSENT if status == "status\t127\t." else Why.UNREADABLE
        return Missing(why, f"sshd -T: {one_line(messages, 200)}")
    settings: dict[str, tuple[str, ...]] = {}
    for (setting,) in counted(rows, count, "setting", 1):
        keyword, _, value = setting.partition(" ")
        if not _KEYWORD.fullmatch(keyword) or not setting.isascii():
            raise ValueError(f"no setting: {shown(setting)}")
        settings[keyword] = (*settings.get(keyword, ()), value)
    if not settings:
        raise ValueError("not one setting")
    return Sshd({keyword: tuple(sorted(values)) for keyword, values in sorted(settings.items())})


PROBES = (Probe(Sshd, _TEXT, parse_sshd, cost=42, as_root=True),)
