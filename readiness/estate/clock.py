"""What is agreed about clocks."""

from __future__ import annotations

from readiness.estate import texts
from readiness.estate.demands import Section, demand


class Clock(Section):
    """What was agreed about clocks."""

    max_offset_s: texts.Seconds | None = demand(
        "How far a clock may be off the estate's median, in seconds.", example="1.0"
    )
