"""Timing of whole processes, two in turn, so that a ratio holds when the machine's speed drifts."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.main_job.job import ROOT


@dataclass(frozen=True)
class Cost:
    """What one process and its children took."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Ratio:
    """Ours against theirs, pair by pair: median, least and most."""

    what: str
    ours: float
    theirs: float
    median: float
    least: float
    most: float
    runs: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def cost(command: Sequence[str]) -> Cost:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=600
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode not in {0, 2}:
        raise SystemExit(f"{command[:3]} ended with {ended.returncode}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - begun, cpu_s)


def in_turn(what: str, ours: Sequence[str], theirs: Sequence[str], runs: int) -> list[Ratio]:
    """Both commands `runs` times in turn after one warm-up each of ours; ratios of wall time and of CPU."""
    cost(ours)
    pairs = [(cost(ours), cost(theirs)) for _ in range(runs)]
    return [
        _ratio(f"{what}, wall s", [(a.wall_s, b.wall_s) for a, b in pairs]),
        _ratio(f"{what}, CPU s", [(a.cpu_s, b.cpu_s) for a, b in pairs]),
    ]


def _ratio(what: str, pairs: list[tuple[float, float]]) -> Ratio:
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    return Ratio(
        what,
        round(statistics.median(a for a, _ in pairs), 3),
        round(statistics.median(b for _, b in pairs), 3),
        round(statistics.median(ratios), 3),
        round(ratios[0], 3),
        round(ratios[-1], 3),
        len(pairs),
    )
