"""Facts of Windows machines: from recordings, or from scripts that just ran on the stand-in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output
from readiness.probes.probe import Probe
from readiness.probes.windows import PROBES

PROBE: Mapping[str, Probe] = {probe.name: probe for probe in PROBES}


def parsed(output: Output) -> Fact | Missing | None:
    """What the parser makes of an output; None for what it does not understand. No other exception is allowed."""
    try:
        return PROBE[output.name].parse(output)
    except ValueError:
        return None


def all_of(outputs: Iterable[Output]) -> dict[str, Fact | Missing | None]:
    """The facts by name, but for the clock, which is another each time."""
    return {one.name: parsed(one) for one in outputs if one.name != "clock"}
