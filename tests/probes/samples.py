"""Samples of what scripts print: a folder each, `<fact>/<case>/`, picked up by being there.

`stdout`, `stderr` and `status` are what came back; `timing.json`, where time matters, when. `expected.json` is the
fact, `{"missing": ...}`, or `{"not understood": ...}` for a ValueError. `source` says where the sample comes from:
`real` ones were printed by the script itself on a machine, the others written by hand after documentation.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output

from .askings import by_name

HERE = Path(__file__).parent
TIMING = {"sent_s": 1795593600.0, "begun_s": 1795593600.25, "duration_s": 0.25}


@dataclass(frozen=True)
class Sample:
    fact: str
    case: str
    output: Output
    expected: Any

    def __str__(self) -> str:
        return f"{self.fact}-{self.case}"


def read(folder: Path) -> Sample:
    timing = folder / "timing.json"
    times = json.loads(timing.read_text()) if timing.exists() else TIMING
    output = Output(
        name=folder.parent.name,
        status=int((folder / "status").read_text()),
        stdout=(folder / "stdout").read_bytes(),
        stderr=(folder / "stderr").read_bytes(),
        **times,
    )
    return Sample(folder.parent.name, folder.name, output, json.loads((folder / "expected.json").read_text()))


SAMPLES = [read(path.parent) for path in sorted(HERE.glob("*/*/stdout"))]


def plain(value: Any) -> Any:
    """A fact in JSON's terms."""
    if isinstance(value, Missing):
        return {"missing": value.why.value, "detail": value.detail, "remedy": value.remedy}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, tuple) else value


def parsed(output: Output) -> Fact | Missing | None:
    """What the parser makes of an output; None for what it does not understand. No other exception is allowed."""
    try:
        return by_name[output.name].parse(output)
    except ValueError:
        return None
