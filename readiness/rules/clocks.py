"""The estate's own time: the median of its clocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from readiness.probes.clock import Clock


@dataclass(frozen=True, slots=True)
class Reference:
    """The median of the estate's clocks against the engineer's, and of how many of how many hosts."""

    offset_s: float
    uncertainty_s: float
    hosts: int
    of: int

    @property
    def is_enough(self) -> bool:
        """Whether more than half of the hosts' clocks were read."""
        return self.hosts * 2 > self.of


def reference_of(clocks: Iterable[object], of: int) -> Reference:
    """The median of those clocks of `of` hosts that were read."""
    read = [clock for clock in clocks if isinstance(clock, Clock)]
    if not read:
        return Reference(0.0, 0.0, 0, of)
    # Each true offset lies between its bounds, so the true median lies between the medians of the bounds.
    low = median(clock.offset_s - clock.uncertainty_s for clock in read)
    high = median(clock.offset_s + clock.uncertainty_s for clock in read)
    return Reference((low + high) / 2, (high - low) / 2, len(read), of)
