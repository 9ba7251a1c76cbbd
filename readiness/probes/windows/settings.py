"""What the host's own antivirus leaves alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import decode
from readiness.probes.probe import Probe
from readiness.probes.reading import script
from readiness.probes.windows.reading import ADMINISTRATOR, flag, only, rows, shape, texts

_WITHHELD = re.compile(r"N/A: ", re.IGNORECASE)  # N/A: Must be an administrator to view exclusions
_REMOVED = ("0x800106ba", str(0x800106BA - (1 << 32)))


@dataclass(frozen=True, slots=True)
class DefenderExclusions(Fact):
    """What Microsoft Defender leaves alone; `real_time` is whether it looks at files as they are opened."""

    name: ClassVar[str] = "defender_exclusions"
    paths: tuple[str, ...]
    processes: tuple[str, ...]
    extensions: tuple[str, ...]
    real_time: bool


def parse_defender_exclusions(output: Output) -> DefenderExclusions | Missing:
    """Without rights the lists hold a sentence instead of paths; a Defender that was removed has its own number."""
    received = rows(output)
    if isinstance(received, Missing):
        removed = any(code in decode(output.stderr) for code in _REMOVED)
        return Missing(Why.TOOL_ABSENT, "Microsoft Defender was removed") if removed else received
    row = only(received)
    if not flag(row.get("defender")):
        shape(row, "defender")
        return Missing(Why.TOOL_ABSENT, "this host has no Microsoft Defender")
    shape(row, "defender", "paths", "processes", "extensions", "real_time")
    lists = [texts(row[key]) for key in ("paths", "processes", "extensions")]
    if any(_WITHHELD.match(entry) for entries in lists for entry in entries):
        return Missing(Why.NOT_PERMITTED, "Defender shows its exclusions to administrators only", ADMINISTRATOR)
    paths, processes, extensions = lists
    return DefenderExclusions(paths, processes, extensions, flag(row["real_time"]))


PROBES = (Probe(DefenderExclusions, script("defender_exclusions", "ps1"), parse_defender_exclusions, 35, "powershell"),)
