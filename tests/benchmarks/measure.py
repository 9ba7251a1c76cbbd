"""Timing of whole processes, two in turn, so that a ratio holds when the machine's speed drifts."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.main_job.job import ROOT

_EVERY_S = 0.05
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass(frozen=True)
class Cost:
    """What one process and its children took; memory is the tree's, shared pages counted in each process."""

    wall_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True)
class Row:
    """One line of the table: medians of ours and theirs, and the ratio pair by pair; alone, the spread is of ours."""

    what: str
    ours: float
    theirs: float | None
    ratio: float | None
    least: float
    most: float
    runs: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


_PARTS: tuple[tuple[str, Callable[[Cost], float]], ...] = (
    ("wall s", lambda one: one.wall_s),
    ("CPU s", lambda one: one.cpu_s),
    ("peak MiB", lambda one: one.peak_mib),
)


def cost(command: Sequence[str], *, codes: frozenset[int] = frozenset({0})) -> Cost:
    """Run a command to its end; another exit code than these ends the benchmark."""
    begun = time.perf_counter()
    # As users run it: Python keeps what it compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, sum(map(_resident_mib, _tree(process.pid))))
        time.sleep(_EVERY_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise SystemExit(f"{' '.join(command)[:300]} ended with {process.returncode}")
    # Not ru_maxrss: it begins with what this process had when it started the command.
    return Cost(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, peak)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _resident_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MIB
    except (OSError, IndexError):
        return 0.0  # it ended while it was looked at


def in_turn(what: str, ours: Sequence[str], theirs: Sequence[str], runs: int) -> list[Row]:
    """Both commands `runs` times in turn after a warm-up of ours; ratios of wall time, CPU and memory."""
    cost(ours)
    pairs = [(cost(ours), cost(theirs)) for _ in range(runs)]
    return [_row(f"{what}, {name}", [(part(a), part(b)) for a, b in pairs]) for name, part in _PARTS]


def alone(what: str, command: Sequence[str], runs: int, *, codes: frozenset[int] = frozenset({0})) -> list[Row]:
    """One command `runs` times."""
    costs = [cost(command, codes=codes) for _ in range(runs)]
    return [alone_row(f"{what}, {name}", [part(one) for one in costs]) for name, part in _PARTS]


def alone_row(what: str, values: Sequence[float]) -> Row:
    """A line without anything to compare with."""
    median, least, most = (round(one, 3) for one in (statistics.median(values), min(values), max(values)))
    return Row(what, median, None, None, least, most, len(values))


def each_ms(what: str, row: Row, number: int) -> Row:
    """A line of seconds as milliseconds for each of `number`, what they share divided among them."""
    own, least, most = (round(1000 * value / number, 1) for value in (row.ours, row.least, row.most))
    return Row(what, own, None, None, least, most, row.runs)


def _row(what: str, pairs: list[tuple[float, float]]) -> Row:
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    ours, theirs = (round(statistics.median(side), 3) for side in zip(*pairs, strict=True))
    ratio, least, most = (round(one, 3) for one in (statistics.median(ratios), ratios[0], ratios[-1]))
    return Row(what, ours, theirs, ratio, least, most, len(pairs))
