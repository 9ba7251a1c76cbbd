"""Clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.estate.clock import Clock as AgreedClock
from readiness.probes.clock import Clock, ClockSync

from .changes import with_baseline
from .harness import Case, Clean, Store, changed, fact


def all_clocks(offset_s: float) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        for host in store:
            changed(store, host, Clock, lambda clock: replace(clock, offset_s=offset_s))

    return change


CASES = {
    "CLK-001": Case(
        {"CLK-001 client01": "FAIL"}, fact("client01", Clock, lambda one: replace(one, offset_s=one.offset_s - 50))
    ),
    "CLK-001 as far off as was agreed": Case(
        {"CLK-001 client01": "PASS"},
        fact("client01", Clock, lambda one: replace(one, offset_s=one.offset_s - 50)),
        with_baseline(clock=AgreedClock(max_offset_s=60.0)),
    ),
    "CLK-001 too uncertain": Case(
        {"CLK-001 client01": "UNKNOWN"}, fact("client01", Clock, lambda one: replace(one, uncertainty_s=50.0))
    ),
    "CLK-001 never agreed": Case(
        {
            **{f"CLK-001 client0{number}": "UNKNOWN" for number in range(1, 5)},
            **{f"CLK-001 {name}": "UNKNOWN" for name in ("dir01", "sd01", "fd01", "fd02")},
            "CLK-003 controller": "UNKNOWN",
        },
        inputs=with_baseline(clock=None),
    ),
    "CLK-002": Case({"CLK-002 sd01": "FAIL"}, fact("sd01", ClockSync, lambda one: replace(one, synchronised=False))),
    "CLK-003": Case({"CLK-003 controller": "FAIL"}, all_clocks(-60.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
