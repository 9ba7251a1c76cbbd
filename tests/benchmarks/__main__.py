"""`make bench`: ratios within one run on this machine, to `reports/benchmarks.json` and a table on the terminal.

Runs itself in a network namespace with nothing but loopback, so that one sshd can be hundreds of hosts; needs root.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from readiness.core.outcomes import EXIT_CODES, Verdict
from readiness.core.scripts import Limits
from tests.benchmarks import outcomes
from tests.benchmarks.dead import dead
from tests.benchmarks.delay import delayed
from tests.benchmarks.forty import PARALLEL, Fleet
from tests.benchmarks.measure import Row, alone, alone_row, each_ms, in_turn
from tests.benchmarks.windows import WindowsFleet, windows_hosts
from tests.main_job.job import ROOT
from tests.transports.sshd import sshd

RUNS = 3
_INSIDE = "READINESS_BENCH_INSIDE"
_MANY = ("MaxStartups 2000", "UsePAM no", "LogLevel ERROR")


def _judging(folder: Path) -> list[Row]:
    ours, theirs = outcomes.ours(folder), outcomes.theirs(folder)
    whole = outcomes.HOSTS * outcomes.CHECKS
    outcomes.check_once(ours, whole)
    outcomes.check_once(theirs, whole)
    rows = in_turn(f"{whole:,} outcomes / parametrised functions", ours, theirs, RUNS)
    failing = outcomes.ours(folder, failing=1)
    outcomes.check_once(failing, whole)
    rows += in_turn(f"{whole:,} outcomes, 1,000 failing / all passing", failing, ours, RUNS)
    rows += alone(f"{5 * whole:,} outcomes", outcomes.ours(folder, 5 * outcomes.HOSTS), RUNS)
    seconds = {side: [_said("junit_many", side) for _ in range(RUNS)] for side in ("ours", "theirs")}
    rows.append(alone_row(f"JUnit of {whole:,} cases, s", seconds["ours"]))
    rows.append(alone_row(f"JUnit of {whole:,} cases, junit-xml alone, s", seconds["theirs"]))
    return rows


def _said(module: str, *arguments: str) -> float:
    told = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return float(told.stdout)


def _collecting(folder: Path) -> list[Row]:
    rows = []
    with sshd(folder / "sshd", *_MANY, listen="0.0.0.0") as server:  # noqa: S104 - in a namespace without a way out
        for hosts in (20, 100, 400):
            fleet = Fleet(folder / f"fleet{hosts}", server.target(), hosts)
            what = f"{hosts} hosts, forty facts / OpenSSH -P{PARALLEL}"
            rows += in_turn(what, fleet.ours(), fleet.openssh(), RUNS)
            if hosts == 20:
                rows += in_turn(
                    f"{hosts} hosts, forty facts / testinfra over paramiko", fleet.ours(), fleet.testinfra(), 1
                )
    return rows


def _delayed(folder: Path) -> list[Row]:
    with sshd(folder / "sshd2") as server:
        target = server.target()
        answers = Fleet(folder / "answers", target, 1).folder / "answers.json"
    rows: list[Row] = []
    with ExitStack() as stack:
        slow = stack.enter_context(delayed(server.folder / "host", answers))
        one = Fleet(folder / "one", replace(target, port=slow), 1)
        many = Fleet(folder / "many", replace(target, port=slow), 400)
        rows += alone("1 host behind 20 ms", one.ours(1), RUNS)
        rows += alone("400 hosts behind 20 ms, 64 side by side", many.ours(64), RUNS)
        places = stack.enter_context(dead(3))
        some_dead = Fleet(folder / "some_dead", replace(target, port=slow), 400, places)
        what = f"the same 400 and 3 dead ones, given up after {Limits().connect_s:g} s"
        rows += alone(what, some_dead.ours(64), RUNS, codes=frozenset({EXIT_CODES[Verdict.INCOMPLETE]}))
        some_dead.only_dead_are_unknown()
    return rows


def _windows(folder: Path) -> list[Row]:
    with windows_hosts() as port:
        few, many = WindowsFleet(folder / "windows20", port, 20), WindowsFleet(folder / "windows200", port, 200)
        rows = in_turn("20 Windows hosts / plain pywinrm", few.ours(), few.plain(), RUNS)
        alone_rows = alone("200 Windows hosts", many.ours(), RUNS)
    wall, cpu, _ = alone_rows
    shares = [each_ms(f"a Windows host of 200, {name} ms", row, 200) for name, row in (("wall", wall), ("CPU", cpu))]
    return [*rows, *alone_rows, *shares]


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [*_judging(folder), *_collecting(folder), *_delayed(folder), *_windows(folder)]


def main() -> None:
    if not os.environ.get(_INSIDE):
        inside = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        os.environ[_INSIDE] = "1"
        os.execvp(inside[0], [*inside, sys.executable, "-m", "tests.benchmarks"])  # noqa: S606 - a fixed command
    rows = measure()
    machine = f"{os.cpu_count()} CPUs, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    (ROOT / "reports").mkdir(exist_ok=True)
    document = {"date": date, "machine": machine, "rows": [one.as_dict() for one in rows]}
    (ROOT / "reports" / "benchmarks.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"{date}, {machine}; medians, both sides run in turn\n")
    print("| what | ours | theirs | ratio | spread | runs |\n|---|---|---|---|---|---|")
    for one in rows:
        ratio = one.ratio if one.ratio is not None else ""
        print(f"| {one.what} | {one.ours} | {one.theirs or ''} | {ratio} | {one.least} to {one.most} | {one.runs} |")


if __name__ == "__main__":
    main()
